// SPDX-License-Identifier: Apache-2.0
#include "github_oidc/registered.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>

#include "forge.hpp"

namespace github_oidc {
namespace {

using forge::in_quotes;
using forge::kNow;
using forge::Token;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string at(double now_s, const Token& token,
               const ClaimRules& rules = forge::claim_rules()) {
    const Verifier verifier{forge::header_rules(), rules};
    return forge::verdict(
        verifier.verify(token.compact(), forge::issuer_keys(), now_s));
}

/// A token with one claim changed.
Token with(std::string_view name, std::string_view json) {
    Token token;
    token.claims.set(name, json);
    return token;
}

std::string verdict(std::string_view name, std::string_view json) {
    return at(kNow, with(name, json));
}

// Claims: "iss, aud, exp, sub required; iat too is best"; "nbf may be absent".
TEST(Claims, RequiredOnesAreThere) {
    for (const char* name : {"iss", "sub", "aud", "exp", "iat"}) {
        Token token;
        token.claims.drop(name);
        EXPECT_EQ(at(kNow, token), std::string{"missing_claim "} + name);
        std::string upper = name;
        upper[0] = static_cast<char>(upper[0] - 32);
        token.claims.set(upper, Token{}.claims.at(name)).set(upper + "x", "1");
        EXPECT_EQ(at(kNow, token), std::string{"missing_claim "} + name) << upper;
    }
    for (const char* name : {"nbf", "jti"}) {
        Token token;
        token.claims.drop(name);
        EXPECT_EQ(at(kNow, token), "good") << name;
    }
    Token escaped;
    escaped.claims.drop("exp").set("\\u0065xp", "1800000300");
    EXPECT_EQ(at(kNow, escaped), "good") << "escaped names are the same names";
}

// JSON: "Dates: a JSON number only; not text, boolean, null, array or object"; Claims:
// "sub: a string, not empty; jti: a string when present".
TEST(Claims, TypesAreStrict) {
    for (const char* name : {"exp", "iat", "nbf"})
        for (const char* json :
             {R"("1800000300")", "true", "null", "[1800000300]", "{}"})
            EXPECT_EQ(verdict(name, json), std::string{"malformed_claim "} + name)
                << json;
    for (const char* name : {"iss", "sub"})
        for (const char* json :
             {"5", "null", "true", R"(["https://issuer.example"])", "{}", R"("")"})
            EXPECT_EQ(verdict(name, json), std::string{"malformed_claim "} + name)
                << json;
    for (const char* json : {"5", "null", "true", R"(["one"])", "{}"})
        EXPECT_EQ(verdict("jti", json), "malformed_claim jti") << json;
    EXPECT_EQ(verdict("jti", R"("")"), "good");
    for (const char* json :
         {"5", "null", "true", "{}", R"({"my-api":1})", R"(["my-api",5])",
          R"([null,"my-api"])", R"([["my-api"]])"})
        EXPECT_EQ(verdict("aud", json), "malformed_claim aud") << json;
}

// JSON: "a value that does not fit 64 bits never wraps to a plausible one, above or
// below zero"; design 6: within 2^53.
TEST(Claims, DatesAreWithin2To53) {
    EXPECT_EQ(verdict("exp", "9007199254740992"), "good");
    EXPECT_EQ(verdict("iat", "-9007199254740992"), "good");
    for (const char* name : {"exp", "iat", "nbf"}) {
        const std::string malformed = std::string{"malformed_claim "} + name;
        for (const char* json :
             {"9007199254740994", "-9007199254740994", "1e300", "-1e300",
              "9223372036854775807", "1.9e19", "18446745873709551916e0"})
            EXPECT_EQ(verdict(name, json), malformed) << json;
        for (const char* json :
             {"18446745873709551916", "-18446742273709551316", "1e999"})
            EXPECT_EQ(verdict(name, json), "number_out_of_range payload") << json;
    }
}

// "exp: refused when now >= exp + leeway, with fractional clocks; zero and negative are
// dates, not "unset"".
TEST(Claims, ExpIsTheEnd) {
    const Token token = with("exp", "1800000000");
    EXPECT_EQ(at(kNow + 29.999, token), "good");
    EXPECT_EQ(at(kNow + 30, token), "token_expired exp");
    ClaimRules exact = forge::claim_rules();
    exact.leeway_s = 0;
    EXPECT_EQ(at(kNow - 0.001, token, exact), "good");
    EXPECT_EQ(at(kNow, token, exact), "token_expired exp");
    for (const char* json : {"0", "-0", "-1", "-1.5e3", "1"})
        EXPECT_EQ(verdict("exp", json), "token_expired exp") << json;
}

// "Dates: fractions and exponents are legal and not truncated".
TEST(Claims, FractionsOfDatesCount) {
    ClaimRules exact = forge::claim_rules();
    exact.leeway_s = 0;
    EXPECT_EQ(at(kNow + 0.25, with("exp", "1800000000.5"), exact), "good");
    EXPECT_EQ(at(kNow + 0.5, with("exp", "1.8000000005e9"), exact),
              "token_expired exp");
    EXPECT_EQ(at(kNow + 0.25, with("nbf", "18000000005e-1"), exact),
              "token_not_yet_valid nbf");
    EXPECT_EQ(at(kNow + 0.5, with("nbf", "1800000000.5"), exact), "good");
    EXPECT_EQ(at(kNow + 0.25, with("iat", "1800000000.5"), exact),
              "token_from_future iat");
}

// "nbf: refused when nbf > now + leeway; equal passes".
TEST(Claims, NbfIsTheBeginning) {
    EXPECT_EQ(verdict("nbf", "1800000030"), "good");
    EXPECT_EQ(verdict("nbf", "1800000030.001"), "token_not_yet_valid nbf");
    EXPECT_EQ(verdict("nbf", "-5"), "good");
}

// "iat in the future beyond the leeway".
TEST(Claims, IatIsNotInTheFuture) {
    EXPECT_EQ(verdict("iat", "1800000030"), "good");
    EXPECT_EQ(verdict("iat", "1800000030.001"), "token_from_future iat");
    EXPECT_EQ(verdict("iat", "0"), "good");
}

// "max_age: needs iat; zero is a limit; a wrapped, negative or future iat never
// passes".
TEST(Claims, MaxAgeCountsFromIat) {
    ClaimRules rules = forge::claim_rules();
    rules.max_age_s = 60;
    EXPECT_EQ(at(kNow, with("iat", "1799999910"), rules), "good");
    EXPECT_EQ(at(kNow, with("iat", "1799999909.999"), rules), "token_too_old iat");
    EXPECT_EQ(at(kNow, with("iat", "-1"), rules), "token_too_old iat");
    EXPECT_EQ(at(kNow, with("iat", "0"), rules), "token_too_old iat");
    EXPECT_EQ(at(kNow, with("iat", "1800000031"), rules), "token_from_future iat");
    rules.max_age_s = 0;
    EXPECT_EQ(at(kNow, with("iat", "1799999970"), rules), "good");
    EXPECT_EQ(at(kNow, with("iat", "1799999969"), rules), "token_too_old iat");
    rules.leeway_s = 0;
    EXPECT_EQ(at(kNow, with("iat", "1800000000"), rules), "good");
}

// Design 6: under accept_expired "iat alone decides".
TEST(Claims, AcceptExpiredCountsFromIat) {
    ClaimRules rules = forge::claim_rules();
    rules.accept_expired = true;
    rules.max_age_s = 3600;
    const Token token;  // iat is 100 s before, exp 300 s behind kNow
    EXPECT_EQ(at(kNow + 3000, token, rules), "good");
    EXPECT_EQ(at(kNow + 3530, token, rules), "good");
    EXPECT_EQ(at(kNow + 3531, token, rules), "token_too_old iat");
    EXPECT_EQ(at(kNow, with("exp", "-1"), rules), "good");
    EXPECT_EQ(at(kNow, with("nbf", "1800000031"), rules), "token_not_yet_valid nbf");
    Token without;
    without.claims.drop("exp");
    EXPECT_EQ(at(kNow, without, rules), "missing_claim exp");
}

// "iss: exact text equality with the configured one. No slash trimming, case folding,
// URL parsing, prefix, substring, arrays".
TEST(Claims, IssIsExact) {
    for (const char* iss :
         {"https://issuer.example/", "https://Issuer.example", "HTTPS://issuer.example",
          "http://issuer.example", "https://issuer.example.evil",
          "https://issuer.exampl", "issuer.example", "https://issuer.example:443",
          " https://issuer.example", "https://issuer.example\\u0000",
          "https://issuer.example\\u0000/evil", "https://evil@issuer.example",
          "https://issuer.example#", "%68ttps://issuer.example"})
        EXPECT_EQ(verdict("iss", in_quotes(iss)), "issuer_mismatch iss") << iss;
    ClaimRules rules = forge::claim_rules();
    rules.issuers = {"https://a.example", "https://b.example"};
    EXPECT_EQ(at(kNow, with("iss", R"("https://a.example")"), rules), "good");
    EXPECT_EQ(at(kNow, with("iss", R"("https:\/\/b.example")"), rules), "good");
    EXPECT_EQ(at(kNow, Token{}, rules), "issuer_mismatch iss");
}

// "aud: text equal to ours, or an array of only strings that holds ours and, unless the
// caller allows others, nothing but ours. No substring, splitting, patterns, case
// folding, slash or scheme tolerance, normalization; empty never matches".
TEST(Claims, AudIsOursAlone) {
    for (const char* aud : {R"("my-api")", R"(["my-api"])", R"(["my-api","my-api"])"})
        EXPECT_EQ(verdict("aud", aud), "good") << aud;
    for (const char* aud :
         {R"("")", "[]", R"([""])", R"("My-api")", R"("my-api ")", R"("my-api/")",
          R"("my-ap")", R"("my-apis")", R"("my-api other")", R"("my-api,other")",
          R"("https://my-api")", R"("*")", R"("my-*")", R"("my-api\u0000")",
          R"("other")", R"(["other"])", R"("my\u2010api")"})
        EXPECT_EQ(verdict("aud", aud), "audience_mismatch aud") << aud;
    for (const char* aud : {R"(["my-api","other"])", R"(["other","my-api"])",
                            R"(["my-api",""])", R"(["my-api","my-api/"])"})
        EXPECT_EQ(verdict("aud", aud), "other_audiences aud") << aud;
}

TEST(Claims, OtherAudiencesAreAnOption) {
    ClaimRules rules = forge::claim_rules();
    rules.allow_other_audiences = true;
    EXPECT_EQ(at(kNow, with("aud", R"(["other","my-api"])"), rules), "good");
    EXPECT_EQ(at(kNow, with("aud", R"(["other","another"])"), rules),
              "audience_mismatch aud");
    rules.allow_other_audiences = false;
    rules.audiences = {"my-api", "other"};
    EXPECT_EQ(at(kNow, with("aud", R"(["other","my-api"])"), rules), "good");
    EXPECT_EQ(at(kNow, with("aud", R"("other")"), rules), "good");
    EXPECT_EQ(at(kNow, with("aud", R"(["other","third"])"), rules),
              "other_audiences aud");
}

TEST(Claims, ChecksComeInTheirOrder) {
    Token token = with("iss", R"("x")");
    token.claims.set("aud", R"("x")")
        .set("exp", "1")
        .set("nbf", "2e9")
        .set("iat", "2e9");
    const std::pair<const char*, const char*> steps[] = {
        {"iss", "issuer_mismatch iss"},   {"aud", "audience_mismatch aud"},
        {"exp", "token_expired exp"},     {"nbf", "token_not_yet_valid nbf"},
        {"iat", "token_from_future iat"},
    };
    for (const auto& [name, expected] : steps) {
        EXPECT_EQ(at(kNow, token), expected);
        token.claims.set(name, Token{}.claims.at(name));
    }
    EXPECT_EQ(at(kNow, token), "good");
}

TEST(Claims, TimesSayByHowMuch) {
    ClaimRules rules = forge::claim_rules();
    rules.max_age_s = 60;
    const auto off_by = [&](const char* name, const char* json) {
        const auto set = ClaimsSet::read(with(name, json).claims.text()).value();
        return rules.refuse(set->registered(), kNow, "").value().off_by_s;
    };
    EXPECT_EQ(off_by("exp", "1799999900"), 100);
    EXPECT_EQ(off_by("nbf", "1800000200"), 200);
    EXPECT_EQ(off_by("iat", "1800000300"), 300);
    EXPECT_EQ(off_by("iat", "1799999540"), 400);
}

// Settings: "Issuer or audience not set, empty, or an empty list"; "Clock, leeway or
// max_age not finite: refuse. Negative leeway or age: refuse the setting".
TEST(ClaimRules, AreSound) {
    const auto refused = [](auto change) {
        ClaimRules rules = forge::claim_rules();
        rules.max_age_s = 60;
        rules.require_sound();
        change(rules);
        EXPECT_THROW(rules.require_sound(), ConfigurationError);
        EXPECT_THROW((Verifier{forge::header_rules(), rules}), ConfigurationError);
    };
    refused([](ClaimRules& rules) { rules.issuers = {}; });
    refused([](ClaimRules& rules) { rules.issuers = {""}; });
    refused([](ClaimRules& rules) { rules.issuers = {"https://issuer.example", ""}; });
    refused([](ClaimRules& rules) { rules.audiences->clear(); });
    refused([](ClaimRules& rules) { rules.audiences = {""}; });
    refused([](ClaimRules& rules) { rules.audiences = {"my-api", ""}; });
    for (const double bad : {kNaN, kInfinity, -kInfinity, -1.0, -0.001}) {
        refused([=](ClaimRules& rules) { rules.leeway_s = bad; });
        refused([=](ClaimRules& rules) { rules.max_age_s = bad; });
    }
    refused([](ClaimRules& rules) {
        rules.accept_expired = true;
        rules.max_age_s = std::nullopt;
    });
    refused([](ClaimRules& rules) {
        rules.accept_expired = true;
        rules.max_age_s = 21600.5;
    });
    refused([](ClaimRules& rules) {
        rules.accept_expired = true;
        rules.max_age_s = 21600;
        rules.leeway_s = 600.5;
    });
    ClaimRules longest = forge::claim_rules();
    longest.accept_expired = true;
    longest.max_age_s = 21600;
    longest.leeway_s = 600;
    EXPECT_NO_THROW(longest.require_sound());
    ClaimRules shortest = forge::claim_rules();
    shortest.leeway_s = 0;
    shortest.max_age_s = 0;
    EXPECT_NO_THROW(shortest.require_sound());
}

// "Application claims come back with the same names, values and types"; "Control
// characters and NUL in claims: returned whole or refused"; "Integers of 64 bits come
// back exact".
TEST(Claims, ComeBackAsTheyWere) {
    Token token;
    token.claims.set("sub", R"("a\u0000b\n")").set("run_id", "9223372036854775807");
    token.claims.set("low", "-9223372036854775808").set("ratio", "0.5");
    token.claims.set("on", "true")
        .set("none", "null")
        .set("list", R"([1,"1",{"a":[]}])");
    const Verifier verifier{forge::header_rules(), forge::claim_rules()};
    const auto claims = verifier.verify(token.compact(), forge::issuer_keys(), kNow);
    ASSERT_TRUE(claims);
    const JsonValue root = claims->root();
    using namespace std::string_view_literals;
    EXPECT_EQ(claims->registered().sub, "a\0b\n"sv);
    EXPECT_EQ(claims->registered().iss, forge::kIssuer);
    EXPECT_EQ(claims->registered().exp, 1800000300);
    EXPECT_EQ(claims->registered().iat, 1799999900);
    EXPECT_EQ(claims->registered().nbf, 1799999900);
    EXPECT_EQ(claims->registered().jti, "one");
    EXPECT_EQ(claims->registered().aud.string(), forge::kAudience);
    EXPECT_EQ(root.member("sub")->string(), "a\0b\n"sv);
    EXPECT_EQ(root.member("run_id")->integer(),
              std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(root.member("low")->integer(), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(root.member("ratio")->number(), 0.5);
    EXPECT_TRUE(root.member("on")->boolean());
    EXPECT_EQ(root.member("none")->type(), JsonType::null);
    EXPECT_EQ(root.member("list")->size(), 3U);
}

}  // namespace
}  // namespace github_oidc
