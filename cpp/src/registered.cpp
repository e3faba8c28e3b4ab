// SPDX-License-Identifier: Apache-2.0
#include "github_oidc/registered.hpp"

#include <algorithm>
#include <cmath>

namespace github_oidc {
namespace {

enum Name : unsigned char { iss, sub, aud, exp, iat, nbf, jti, name_count };

constexpr std::string_view kName[name_count] = {"iss", "sub", "aud", "exp",
                                                "iat", "nbf", "jti"};

bool is_numeric_date(JsonValue value) {
    // As a double, 2^53 + 1 would be 2^53.
    constexpr auto kMost = static_cast<std::int64_t>(kMaxNumericDate);
    if (value.type() == JsonType::integer)
        return -kMost <= value.integer() && value.integer() <= kMost;
    return value.is_number() && std::abs(value.number()) <= kMaxNumericDate;
}

bool is_filled_text(JsonValue value) {
    return value.is_string() && !value.string().empty();
}

bool is_audience(JsonValue value) {
    if (value.is_string()) return true;
    if (!value.is_array()) return false;
    bool only_text = true;
    value.for_each_element(
        [&](JsonValue one) { only_text = only_text && one.is_string(); });
    return only_text;
}

bool is_text(JsonValue value) {
    return value.is_string();
}

struct Form {
    bool required;
    bool (*holds)(JsonValue);
};

constexpr Form kForm[name_count] = {
    {true, is_filled_text},  {true, is_filled_text},  {true, is_audience},
    {true, is_numeric_date}, {true, is_numeric_date}, {false, is_numeric_date},
    {false, is_text},
};

using Found = std::optional<JsonValue>[name_count];

void find_registered(JsonValue root, Found& found) {
    root.for_each_member([&](std::string_view name, JsonValue value) {
        if (name.size() != 3) return;
        const auto* row = std::ranges::find(kName, name);
        if (row != std::end(kName)) found[row - kName] = value;
    });
}

bool contains(const std::vector<std::string>& wanted, std::string_view text) {
    return std::ranges::find(wanted, text) != wanted.end();
}

std::optional<Error> refuse_audience(const ClaimRules& rules, JsonValue aud) {
    if (!rules.audiences) return std::nullopt;
    bool ours = false;
    bool others = false;
    const auto look = [&](JsonValue one) {
        (contains(*rules.audiences, one.string()) ? ours : others) = true;
    };
    if (aud.is_string())
        look(aud);
    else
        aud.for_each_element(look);
    if (!ours) return Error{Errc::audience_mismatch, "aud"};
    if (others && !rules.allow_other_audiences)
        return Error{Errc::other_audiences, "aud"};
    return std::nullopt;
}

bool is_duration(double seconds) {
    return std::isfinite(seconds) && seconds >= 0;
}

bool is_filled(const std::vector<std::string>& texts) {
    return !texts.empty() && std::ranges::none_of(texts, &std::string::empty);
}

}  // namespace

Result<std::shared_ptr<const ClaimsSet>> ClaimsSet::read(std::string payload) {
    auto document = JsonDocument::parse(std::move(payload), "payload");
    if (!document) return document.error();
    if (!document->root().is_object()) return {Errc::not_an_object, "payload"};
    const std::shared_ptr<ClaimsSet> set{new ClaimsSet{std::move(document).value()}};
    Found found;
    find_registered(set->document_.root(), found);
    for (std::size_t i = 0; i < name_count; ++i) {
        if (!found[i]) {
            if (kForm[i].required) return {Errc::missing_claim, kName[i]};
        } else if (!kForm[i].holds(*found[i])) {
            return {Errc::malformed_claim, kName[i]};
        }
    }
    set->registered_ = RegisteredClaims{
        found[iss]->string(),
        found[sub]->string(),
        *found[aud],
        found[exp]->number(),
        found[iat]->number(),
        found[nbf] ? std::optional{found[nbf]->number()} : std::nullopt,
        found[jti] ? std::optional{found[jti]->string()} : std::nullopt,
    };
    return std::shared_ptr<const ClaimsSet>{set};
}

void ClaimRules::require_sound() const {
    if (!is_filled(issuers))
        throw ConfigurationError("an issuer is required, and none may be empty");
    if (audiences && !is_filled(*audiences))
        throw ConfigurationError("an audience is required, and none may be empty");
    if (!is_duration(leeway_s))
        throw ConfigurationError("leeway is a finite number of seconds, zero or more");
    if (max_age_s && !is_duration(*max_age_s))
        throw ConfigurationError("max_age is a finite number of seconds, zero or more");
    if (accept_expired && !(max_age_s && *max_age_s <= kMaxAgeOfExpired))
        throw ConfigurationError(
            "accept_expired needs a max_age of at most 21600 seconds (6 hours)");
    if (accept_expired && leeway_s > kMaxLeewayOfExpired)
        throw ConfigurationError(
            "accept_expired needs a leeway of at most 600 seconds");
}

std::optional<Error> ClaimRules::refuse(const RegisteredClaims& claims, double now_s,
                                        std::string_view bound_issuer) const {
    if (!contains(issuers, claims.iss) ||
        (!bound_issuer.empty() && claims.iss != bound_issuer))
        return Error{Errc::issuer_mismatch, "iss"};
    if (const auto error = refuse_audience(*this, claims.aud)) return error;
    if (!accept_expired && now_s >= claims.exp + leeway_s)
        return Error{Errc::token_expired, "exp", now_s - claims.exp};
    if (claims.nbf && *claims.nbf > now_s + leeway_s)
        return Error{Errc::token_not_yet_valid, "nbf", *claims.nbf - now_s};
    if (claims.iat > now_s + leeway_s)
        return Error{Errc::token_from_future, "iat", claims.iat - now_s};
    if (max_age_s && now_s - claims.iat > *max_age_s + leeway_s)
        return Error{Errc::token_too_old, "iat", now_s - claims.iat - *max_age_s};
    return std::nullopt;
}

}  // namespace github_oidc
