// SPDX-License-Identifier: Apache-2.0
#include "github_oidc/jwa.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "forge.hpp"

namespace github_oidc {
namespace {

// The facts of RFC 7518 3.1 and RFC 9864, written down a second time.
TEST(Jwa, TableHoldsTheRegisteredFacts) {
    struct Fact {
        std::string_view alg, crv, digest;
        std::size_t signature_size;
    };
    constexpr Fact kFacts[] = {
        {"RS256", "", "SHA256", 0},        {"RS384", "", "SHA384", 0},
        {"RS512", "", "SHA512", 0},        {"PS256", "", "SHA256", 0},
        {"PS384", "", "SHA384", 0},        {"PS512", "", "SHA512", 0},
        {"ES256", "P-256", "SHA256", 64},  {"ES384", "P-384", "SHA384", 96},
        {"ES512", "P-521", "SHA512", 132}, {"EdDSA", "Ed25519", "", 64},
        {"Ed25519", "Ed25519", "", 64},
    };
    ASSERT_EQ(std::size(kFacts), kJwaCount);
    for (const Fact& fact : kFacts) {
        SCOPED_TRACE(fact.alg);
        const Jwa* row = find_jwa(fact.alg);
        ASSERT_NE(row, nullptr);
        EXPECT_EQ(row->alg, fact.alg);
        EXPECT_EQ(row->crv, fact.crv);
        EXPECT_EQ(std::string_view{row->digest ? row->digest : ""}, fact.digest);
        EXPECT_EQ(row->signature_size, fact.signature_size);
    }
}

TEST(Jwa, EveryAlgorithmVerifiesItsOwnSignature) {
    for (const Jwa& row : kJwa) {
        SCOPED_TRACE(row.alg);
        EXPECT_EQ(forge::verify(forge::Token{row.alg}), "good");
    }
}

// Header: "alg missing or not a string, other letter case, spaces, longer or shorter
// names: refuse; exact comparison"; "alg none in any spelling".
TEST(Jwa, NamesAreExact) {
    constexpr std::string_view kNames[] = {
        "",       "none",    "None",   "NONE",   "nOnE",    "HS256",
        "HS384",  "HS512",   "rs256",  "Rs256",  " RS256",  "RS256 ",
        "RS25",   "RS2566",  "ES521",  "ES256K", "eddsa",   "EDDSA",
        "Ed448",  "ed25519", "ES224",  "RSA1_5", "dir",     "A128KW",
        "PS 256", "RS1",     "RS256,", "RSA256", "ES256\n", "RS256PS256"};
    for (const std::string_view name : kNames) {
        EXPECT_EQ(find_jwa(name), nullptr) << name;
        EXPECT_THROW((void)AlgorithmSet::of({"RS256", name}), ConfigurationError)
            << name;
    }
    EXPECT_EQ(find_jwa(std::string_view{"RS256\0", 6}), nullptr);
}

// Settings: "An empty or unknown list of algorithms allows nothing".
TEST(AlgorithmSet, EmptyAllowsNothing) {
    EXPECT_THROW((void)AlgorithmSet::of({}), ConfigurationError);
    for (const Jwa& row : kJwa)
        EXPECT_FALSE(AlgorithmSet{}.contains(row)) << row.alg;
}

TEST(AlgorithmSet, ContainsWhatItNamesAndNothingElse) {
    for (const Jwa& one : kJwa)
        for (const Jwa& other : kJwa)
            EXPECT_EQ(AlgorithmSet::of({one.alg}).contains(other), &one == &other)
                << one.alg << " " << other.alg;
    const AlgorithmSet both = AlgorithmSet::of({"ES256", "RS256", "ES256"});
    EXPECT_TRUE(both.contains(*find_jwa("RS256")));
    EXPECT_TRUE(both.contains(*find_jwa("ES256")));
    EXPECT_FALSE(both.contains(*find_jwa("PS256")));
}

}  // namespace
}  // namespace github_oidc
