// SPDX-License-Identifier: Apache-2.0
#include "github_oidc/verifier.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>

#include "forge.hpp"

namespace github_oidc {
namespace {

using forge::kNow;
using forge::Object;
using forge::Token;

/// The private cache of a verifier, because only its size shows what is remembered. An
/// explicit instantiation may name private members.
template <auto Member>
struct Opened {
    friend const TokenCache& known_tokens(const Verifier& verifier) {
        return *(verifier.*Member);
    }
};
const TokenCache& known_tokens(const Verifier& verifier);
template struct Opened<&Verifier::known_>;

class KnownTokens : public testing::Test {
protected:
    std::string verify(const JwkSet& set, double now_s = kNow) const {
        return forge::verdict(verifier.verify(text, set, now_s));
    }

    const Verifier verifier{forge::header_rules(), forge::claim_rules()};
    const std::string text = Token{}.compact();
    const JwkSet keys = forge::set_of({forge::jwk("RSA")});
};

TEST_F(KnownTokens, AreReadOnce) {
    const auto first = verifier.verify(text, keys, kNow);
    const auto again = verifier.verify(text, keys, kNow);
    const JwkSet same = forge::set_of({forge::jwk("RSA")});
    const auto other_set = verifier.verify(text, same, kNow);
    ASSERT_TRUE(first && again && other_set);
    const char* place = first->registered().iss.data();
    EXPECT_EQ(again->registered().iss.data(), place);
    EXPECT_EQ(other_set->registered().iss.data(), place);
    EXPECT_EQ(known_tokens(verifier).size(), 1U);
}

// Design 6: "Issuer, audience, ... times ... run on every hit".
TEST_F(KnownTokens, AreCheckedEachTime) {
    EXPECT_EQ(verify(keys), "good");
    EXPECT_EQ(verify(keys, kNow + 330), "token_expired exp");
    EXPECT_EQ(verify(keys, kNow - 131), "token_not_yet_valid nbf");
    EXPECT_EQ(verify(keys), "good");
    const JwkSet foreign = forge::set_of({forge::jwk("RSA")}, "https://other.example");
    EXPECT_EQ(verify(foreign), "issuer_mismatch iss");
}

// Design 6: "On a new generation of the key set the entry repeats key selection and
// must arrive at the same thumbprint, use, alg and key_ops".
TEST_F(KnownTokens, FallWithTheirKey) {
    const Object good = forge::jwk("RSA");
    const std::pair<Object, const char*> changes[] = {
        {forge::jwk("P-256"), "unknown_key kid"},
        {Object{good}.set("kid", R"("other")"), "unknown_key kid"},
        {Object{good}.set("use", R"("enc")"), "key_mismatch use"},
        {Object{good}.set("key_ops", R"(["sign"])"), "key_mismatch use"},
        {Object{good}.set("alg", R"("RS512")"), "key_mismatch alg"},
        {forge::jwk("other RSA").set("kid", R"("RSA")"), "invalid_signature"},
        {Object{good}.set("n", R"("AQAB")"), "unusable_key RSA"},
    };
    for (const auto& [jwk, expected] : changes) {
        EXPECT_EQ(verify(keys), "good");
        EXPECT_EQ(known_tokens(verifier).size(), 1U);
        EXPECT_EQ(verify(forge::set_of({jwk, forge::jwk("P-384")})), expected);
        EXPECT_EQ(known_tokens(verifier).size(), 0U) << expected;
        EXPECT_EQ(verify(keys), "good");
    }
    EXPECT_EQ(verify(forge::set_of({good, good})), "ambiguous_key kid");
}

TEST_F(KnownTokens, WithoutKidNeedTheOnlyKeyAgain) {
    Token token;
    token.header.drop("kid");
    const std::string plain = token.compact();
    const auto verdict = [&](const JwkSet& set) {
        return forge::verdict(verifier.verify(plain, set, kNow));
    };
    EXPECT_EQ(verdict(keys), "good");
    EXPECT_EQ(verdict(forge::set_of({forge::jwk("RSA"), forge::jwk("other RSA")})),
              "ambiguous_key kid");
}

// "anyone can mint valid ones": what is refused is not remembered.
TEST_F(KnownTokens, AreAcceptedOnes) {
    Token other;
    other.claims.set("aud", R"("other")");
    Token expired;
    expired.claims.set("exp", "1");
    Token untyped;
    untyped.claims.set("sub", "5");
    for (const Token& token : {other, expired, untyped})
        EXPECT_FALSE(verifier.verify(token.compact(), keys, kNow));
    std::string raw = Token{}.signature();
    raw.back() ^= 1;
    EXPECT_FALSE(verifier.verify(Token{}.with_signature(raw), keys, kNow));
    EXPECT_EQ(known_tokens(verifier).size(), 0U);
}

TEST_F(KnownTokens, AreKnownByAllTheirBytes) {
    EXPECT_EQ(verify(keys), "good");
    std::string changed = text;
    changed.back() = changed.back() == 'A' ? 'Q' : 'A';
    EXPECT_EQ(forge::verdict(verifier.verify(changed, keys, kNow)),
              "invalid_signature");
    EXPECT_EQ(forge::verdict(verifier.verify(text + "A", keys, kNow)),
              "malformed_signature");
    EXPECT_EQ(
        forge::verdict(verifier.verify(text.substr(0, text.size() - 1), keys, kNow)),
        "malformed_base64url signature");
}

// Each verifier remembers for itself, so another's allowlist cannot be passed by.
TEST_F(KnownTokens, AreNotSharedBetweenVerifiers) {
    HeaderRules narrow;
    narrow.algorithms = AlgorithmSet::of({"ES256"});
    const Verifier other{narrow, forge::claim_rules()};
    EXPECT_EQ(verify(keys), "good");
    EXPECT_EQ(forge::verdict(other.verify(text, keys, kNow)),
              "algorithm_not_allowed alg");
}

// A set that belongs to an issuer vouches for that issuer's tokens only.
TEST(Verifier, KeySetIsBoundToItsIssuer) {
    ClaimRules rules = forge::claim_rules();
    rules.issuers.emplace_back("https://other.example");
    const Verifier verifier{forge::header_rules(), rules};
    const auto verdict = [&](std::string_view iss, std::string bound) {
        Token token;
        token.claims.set("iss", forge::in_quotes(iss));
        const JwkSet keys = forge::set_of({forge::jwk("RSA")}, std::move(bound));
        return forge::verdict(verifier.verify(token.compact(), keys, kNow));
    };
    const std::string own{forge::kIssuer};
    EXPECT_EQ(verdict(own, ""), "good");
    EXPECT_EQ(verdict(own, own), "good");
    EXPECT_EQ(verdict("https://other.example", "https://other.example"), "good");
    EXPECT_EQ(verdict(own, "https://other.example"), "issuer_mismatch iss");
    EXPECT_EQ(verdict("https://other.example", own), "issuer_mismatch iss");
    EXPECT_EQ(verdict("https://third.example", "https://third.example"),
              "issuer_mismatch iss");
}

// Settings: "Clock ... not finite: refuse".
TEST(Verifier, ClockIsFinite) {
    const Verifier verifier{forge::header_rules(), forge::claim_rules()};
    for (const double now : {std::numeric_limits<double>::quiet_NaN(),
                             std::numeric_limits<double>::infinity(),
                             -std::numeric_limits<double>::infinity()}) {
        EXPECT_THROW(
            (void)verifier.verify(Token{}.compact(), forge::issuer_keys(), now),
            ConfigurationError);
        EXPECT_THROW((void)verifier.verify("", forge::issuer_keys(), now),
                     ConfigurationError);
    }
    EXPECT_EQ(
        forge::verdict(verifier.verify(Token{}.compact(), forge::issuer_keys(), 0)),
        "token_not_yet_valid nbf");
}

TEST(Verifier, NeedsATypeAndSoundRules) {
    HeaderRules header = forge::header_rules();
    header.types.clear();
    EXPECT_THROW((Verifier{header, forge::claim_rules()}), ConfigurationError);
    EXPECT_THROW((Verifier{forge::header_rules(), ClaimRules{}}), ConfigurationError);
}

// Settings: "An empty ... list of algorithms allows nothing".
TEST(Verifier, WithoutAlgorithmsAcceptsNothing) {
    const Verifier verifier{HeaderRules{}, forge::claim_rules()};
    for (const Jwa& row : kJwa)
        EXPECT_EQ(forge::verdict(verifier.verify(Token{row.alg}.compact(),
                                                 forge::issuer_keys(), kNow)),
                  "algorithm_not_allowed alg");
}

// Design 6, AUDIENCE_FROM_POLICY: "aud must be present and well typed, and the result
// is a type of its own".
TEST(Verifier, LeavesTheAudienceToAPolicyOnlyWhenAsked) {
    ClaimRules rules = forge::claim_rules();
    rules.audiences.reset();
    const Verifier open{forge::header_rules(), rules};
    const Verifier own{forge::header_rules(), forge::claim_rules()};
    const JwkSet& keys = forge::issuer_keys();
    const std::string text = Token{}.compact();
    EXPECT_TRUE(open.audience_from_policy());
    EXPECT_FALSE(own.audience_from_policy());
    EXPECT_THROW((void)open.verify(text, keys, kNow), ConfigurationError);
    EXPECT_THROW((void)own.verify_for_policy(text, keys, kNow), ConfigurationError);

    const auto verdict = [&](std::string_view aud) {
        Token token;
        token.claims.set("aud", aud);
        return forge::verdict(open.verify_for_policy(token.compact(), keys, kNow));
    };
    EXPECT_EQ(verdict(R"("anything")"), "good");
    EXPECT_EQ(verdict(R"(["one","two"])"), "good");
    EXPECT_EQ(verdict("5"), "malformed_claim aud");
    Token without;
    without.claims.drop("aud");
    EXPECT_EQ(forge::verdict(open.verify_for_policy(without.compact(), keys, kNow)),
              "missing_claim aud");
    EXPECT_EQ(forge::verdict(open.verify_for_policy(text, keys, kNow + 330)),
              "token_expired exp");
    const auto claims = open.verify_for_policy(text, keys, kNow);
    ASSERT_TRUE(claims);
    EXPECT_EQ(claims->registered().aud.string(), forge::kAudience);
    EXPECT_EQ(claims->root().member("jti")->string(), "one");
}

}  // namespace
}  // namespace github_oidc
