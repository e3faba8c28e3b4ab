// SPDX-License-Identifier: Apache-2.0
#include "github_oidc/jwk_set.hpp"

#include <algorithm>
#include <atomic>

#include "github_oidc/json.hpp"

namespace github_oidc {
namespace {

std::uint64_t next_generation() noexcept {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

std::optional<std::string> kid_of(JsonValue jwk) {
    const auto kid = jwk.member("kid");
    if (!kid || !kid->is_string()) return std::nullopt;
    return std::string{kid->string()};
}

/// A kid that is no text, or is named twice, cannot be told from another key's.
bool has_clear_kid(JsonValue jwk) {
    const auto kid = jwk.member("kid");
    return !kid || kid->is_string();
}

}  // namespace

JwkSet::JwkSet(std::vector<Entry> entries, std::string issuer)
    : entries_(std::move(entries)),
      issuer_(std::move(issuer)),
      generation_(next_generation()) {
    usable_ = static_cast<std::size_t>(std::ranges::count_if(
        entries_, [](const Entry& entry) { return static_cast<bool>(entry.key); }));
}

Result<JwkSet> JwkSet::parse(std::string text, std::string issuer) {
    if (text.size() > kMaxKeySetSize) return Errc::key_set_too_large;
    auto document = JsonDocument::parse(std::move(text), "key set", Defects::mark);
    if (!document) return Errc::malformed_key_set;
    const JsonValue root = document->root();
    const auto keys = root.member("keys");
    if (!root.is_object() || root.node().defective || !keys || !keys->is_array())
        return Errc::malformed_key_set;
    if (keys->size() > kMaxKeys) return Errc::key_set_too_large;

    std::vector<Entry> entries;
    entries.reserve(keys->size());
    keys->for_each_element([&](JsonValue jwk) {
        Result<Jwk> key = has_clear_kid(jwk) ? Jwk::from_json(jwk)
                                             : Result<Jwk>{Errc::unusable_key, "kid"};
        entries.push_back({kid_of(jwk), std::move(key)});
    });
    JwkSet set{std::move(entries), std::move(issuer)};
    if (set.size() == 0) return Errc::empty_key_set;
    return set;
}

Result<const Jwk*> JwkSet::select(std::optional<std::string_view> kid,
                                  const Jwa& row) const {
    const Jwk* found = nullptr;
    std::optional<Error> named;  // why the key of that name cannot be used
    for (const Entry& entry : entries_) {
        if (kid && (!entry.kid || *entry.kid != *kid)) continue;
        if (!entry.key) {
            named = entry.key.error();
        } else if (!entry.key->fits(row)) {
            named = Error{Errc::key_mismatch, "alg"};
        } else if (found != nullptr) {
            return {Errc::ambiguous_key, "kid"};
        } else {
            found = &*entry.key;
        }
    }
    if (found != nullptr) return found;
    if (kid && named) return *named;
    return {Errc::unknown_key, "kid"};
}

std::vector<std::string> JwkSet::kids() const {
    std::vector<std::string> names;
    for (const Entry& entry : entries_)
        if (entry.key) names.push_back(entry.kid.value_or(""));
    return names;
}

}  // namespace github_oidc
