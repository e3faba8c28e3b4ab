// SPDX-License-Identifier: Apache-2.0
//
// Signatures that are nearly right: attacks on the encoding, not on the key.
#include <gtest/gtest.h>

#include <openssl/core_names.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "forge.hpp"

namespace github_oidc {
namespace {

using namespace std::string_literals;
using forge::Token;

constexpr std::size_t kModulusSize = 256;

/// DigestInfo of SHA-256 (RFC 8017 9.2 note 1).
const std::string kPrefix =
    "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"s;

std::string number(std::size_t size, unsigned char low) {
    std::string raw(size, '\0');
    raw.back() = static_cast<char>(low);
    return raw;
}

/// What is said of an RS256 token with this block under its signature.
std::string with_block(const Token& token, std::string_view block) {
    return forge::verify(
        token.with_signature(forge::rsa_private(*token.signer, block)));
}

std::string with_digest_info(const Token& token, std::string_view digest_info) {
    return with_block(token, forge::pkcs1_block(digest_info, kModulusSize));
}

// "Length: RSA exactly the modulus length (no stripped or added zeros), ECDSA exactly
// twice the field size, Ed25519 exactly 64".
TEST(Signature, LengthIsExact) {
    for (const Jwa& row : kJwa) {
        SCOPED_TRACE(row.alg);
        const Token token{row.alg};
        const std::string raw = token.signature();
        for (const std::string& other :
             {raw.substr(1), raw.substr(0, raw.size() - 1), raw + "\0"s, "\0"s + raw,
              raw + raw, raw.substr(0, raw.size() / 2), "\0"s})
            EXPECT_EQ(forge::verify(token.with_signature(other)),
                      "malformed_signature");
    }
}

// Leading zeros that a lenient verifier would strip from, or add to, RSA and ECDSA.
TEST(Signature, LeadingZerosCount) {
    for (const char* alg : {"RS256", "PS256", "ES256"}) {
        Token token{alg};
        std::string raw;
        for (int jti = 0; jti < 20000 && (raw.empty() || raw.front() != '\0'); ++jti) {
            token.claims.set("jti", forge::in_quotes(std::to_string(jti)));
            raw = token.signature();
        }
        ASSERT_EQ(raw.front(), '\0');
        EXPECT_EQ(forge::verify(token.with_signature(raw)), "good") << alg;
        EXPECT_EQ(forge::verify(token.with_signature(raw.substr(1))),
                  "malformed_signature")
            << alg;
    }
}

// "RSA representative not below n (s + n, n, all ones), zero, one, n - 1, n - s:
// refuse".
TEST(Signature, RsaRepresentativeIsInRange) {
    for (const char* alg : {"RS256", "PS256"}) {
        SCOPED_TRACE(alg);
        Token token{alg};
        const std::string n = token.signer->number(OSSL_PKEY_PARAM_RSA_N);
        const std::string one = number(kModulusSize, 1);
        const std::string room =
            forge::difference(std::string(kModulusSize, '\xff'), n, kModulusSize);
        std::string raw;
        for (int jti = 0; jti < 20000 && (raw.empty() || forge::less(room, raw));
             ++jti) {
            token.claims.set("jti", forge::in_quotes(std::to_string(jti)));
            raw = token.signature();
        }
        ASSERT_FALSE(forge::less(room, raw)) << "s + n has to fit in 256 bytes";
        EXPECT_EQ(forge::verify(token.with_signature(raw)), "good");
        for (const std::string& other :
             {forge::sum(raw, n, kModulusSize), n, std::string(kModulusSize, '\xff'),
              number(kModulusSize, 0), one, forge::difference(n, one, kModulusSize),
              forge::difference(n, raw, kModulusSize)})
            EXPECT_EQ(forge::verify(token.with_signature(other)), "invalid_signature");
    }
}

// "PKCS #1 v1.5: encode and compare the whole block".
TEST(Signature, Pkcs1BlockIsCompared) {
    const Token token;
    const std::string digest = forge::sha256(token.signing_input());
    const std::string info = kPrefix + digest;
    const std::string block = forge::pkcs1_block(info, kModulusSize);
    ASSERT_EQ(with_block(token, block), "good") << "the block itself has to be right";

    const std::size_t zero = block.size() - info.size() - 1;
    std::string dirty = block;
    dirty[50] = '\xfe';
    EXPECT_EQ(with_block(token, dirty), "invalid_signature") << "dirty padding";
    std::string type = block;
    type[1] = '\x02';
    EXPECT_EQ(with_block(token, type), "invalid_signature") << "block type 2";
    type[1] = '\x00';
    EXPECT_EQ(with_block(token, type), "invalid_signature") << "block type 0";
    std::string first = block;
    first[0] = '\x01';
    EXPECT_EQ(with_block(token, first), "invalid_signature") << "first octet";
    std::string separator = block;
    separator[zero] = '\xff';
    EXPECT_EQ(with_block(token, separator), "invalid_signature") << "no separator";

    const std::string shortest = "\0\1"s + std::string(8, '\xff') + "\0"s;
    const std::size_t rest = kModulusSize - shortest.size() - info.size();
    EXPECT_EQ(with_block(token, shortest + info + std::string(rest, '\0')),
              "invalid_signature")
        << "garbage after the DigestInfo";
    EXPECT_EQ(with_block(token, shortest + std::string(rest, '\7') + info),
              "invalid_signature")
        << "garbage before the DigestInfo";
    EXPECT_EQ(
        with_block(token, "\0\1\0"s +
                              std::string(kModulusSize - 3 - info.size(), '\7') + info),
        "invalid_signature")
        << "no padding";
}

TEST(Signature, DigestInfoIsTheOnlyOne) {
    const Token token;
    const std::string digest = forge::sha256(token.signing_input());
    const std::string oid = "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"s;
    const std::string octets = "\x04\x20"s + digest;
    EXPECT_EQ(with_digest_info(token, "\x30\x31\x30\x0d"s + oid + "\x05\x00"s + octets),
              "good");
    const std::string infos[] = {
        "\x30\x2f\x30\x0b"s + oid + octets,                    // NULL is missing
        "\x30\x81\x31\x30\x0d"s + oid + "\x05\x00"s + octets,  // BER length
        "\x30\x32\x30\x81\x0d"s + oid + "\x05\x00"s + octets,  // BER length inside
        "\x30\x32\x30\x0d"s + oid + "\x05\x00\x04\x81\x20"s + digest,
        "\x30\x80\x30\x0d"s + oid + "\x05\x00"s + octets +
            "\0\0"s,                                         // indefinite length
        "\x30\x33\x30\x0f"s + oid + "\x05\x02zz"s + octets,  // inside the parameters
        "\x30\x33\x30\x0d"s + oid + "\x05\x00"s + octets +
            "\x05\x00"s,  // after the hash
        "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00"s +
            octets,
        "\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14"s +
            digest.substr(0, 20),  // SHA-1's OID
        "\x30\x30\x30\x0d"s + oid + "\x05\x00\x04\x1f"s + digest.substr(0, 31),
        "\x30\x11\x30\x0d"s + oid + "\x05\x00"s,  // no hash
        octets,
        digest,
        "\x05\x00"s,
    };
    for (const std::string& info : infos)
        EXPECT_EQ(with_digest_info(token, info), "invalid_signature")
            << forge::encoded(info);
    std::string other = digest;
    other[0] ^= 1;
    EXPECT_EQ(with_digest_info(token, kPrefix + other), "invalid_signature");
}

// "PSS: salt as long as the hash, MGF1 with the same hash ...; never automatic salt
// length".
TEST(Signature, PssSaltAndMaskAreThoseOfTheHash) {
    struct Row {
        const char* alg;
        int size;
        const char* other;
    };
    for (const Row& row : {Row{"PS256", 32, "SHA1"}, Row{"PS256", 32, "SHA512"},
                           Row{"PS384", 48, "SHA256"}, Row{"PS512", 64, "SHA256"}}) {
        SCOPED_TRACE(row.alg);
        const Token token{row.alg};
        const char* digest = token.row->digest;
        const auto verdict = [&](const forge::Pss& pss) {
            return forge::verify(token.with_signature(
                forge::sign_pss(*token.signer, pss, token.signing_input())));
        };
        EXPECT_EQ(verdict({digest, digest, row.size}), "good");
        for (const int size : {0, 1, 20, row.size - 1, row.size + 1, 120})
            EXPECT_EQ(verdict({digest, digest, size}), "invalid_signature") << size;
        EXPECT_EQ(verdict({digest, row.other, row.size}), "invalid_signature");
        EXPECT_EQ(verdict({row.other, row.other, row.size}), "invalid_signature");
    }
}

// "trailer BC, unused bits zero".
TEST(Signature, PssBlockIsWhole) {
    const Token token{"PS256"};
    const std::string n = token.signer->number(OSSL_PKEY_PARAM_RSA_N);
    std::string block = forge::rsa_public(*token.signer, token.signature());
    ASSERT_EQ(with_block(token, block), "good");
    ASSERT_EQ(block.back(), '\xbc');
    for (const char trailer : {'\xcc', '\x00', '\xbd', '\x3c'}) {
        std::string other = block;
        other.back() = trailer;
        EXPECT_EQ(with_block(token, other), "invalid_signature");
    }
    for (const std::size_t at :
         {std::size_t{1}, std::size_t{100}, std::size_t{220}, std::size_t{240}}) {
        std::string other = block;
        other[at] ^= 1;
        EXPECT_EQ(with_block(token, other), "invalid_signature");
    }
    const auto raised = [](std::string one) {
        one.front() = static_cast<char>(one.front() | '\x80');
        return one;
    };
    // Each block has another salt; one with the unused bit set has to stay below n.
    for (int i = 0; i < 500 && !forge::less(raised(block), n); ++i)
        block = forge::rsa_public(*token.signer, token.signature());
    ASSERT_TRUE(forge::less(raised(block), n));
    EXPECT_EQ(with_block(token, block), "good");
    EXPECT_EQ(with_block(token, raised(block)), "invalid_signature");
}

// "ECDSA: r and s in 1 to n - 1 (zero, n: refuse); raw, never DER; halves not swapped";
// "ECDSA high s: valid in JWS".
TEST(Signature, EcdsaHalvesAreInRange) {
    for (const char* alg : {"ES256", "ES384", "ES512"}) {
        SCOPED_TRACE(alg);
        const Token token{alg};
        const std::size_t half = token.row->signature_size / 2;
        const std::string n = token.signer->number("order", half);
        const std::string raw = token.signature();
        const std::string r = raw.substr(0, half);
        const std::string s = raw.substr(half);
        const auto verdict = [&](const std::string& first, const std::string& second) {
            return forge::verify(token.with_signature(first + second));
        };
        const std::string mirrored = forge::difference(n, s, half);
        EXPECT_EQ(verdict(r, s), "good");
        EXPECT_EQ(verdict(r, mirrored), "good") << "high and low s are both valid";
        EXPECT_EQ(verdict(s, r), "invalid_signature");
        const std::string edges[] = {number(half, 0), number(half, 1), n,
                                     forge::difference(n, number(half, 1), half),
                                     std::string(half, '\xff')};
        for (const std::string& edge : edges) {
            EXPECT_EQ(verdict(edge, s), "invalid_signature");
            EXPECT_EQ(verdict(r, edge), "invalid_signature");
            for (const std::string& other : edges)
                EXPECT_EQ(verdict(edge, other), "invalid_signature");
        }
        if (alg != std::string_view{"ES512"}) continue;  // the others have no room
        EXPECT_EQ(verdict(forge::sum(r, n, half), s), "invalid_signature");
        EXPECT_EQ(verdict(r, forge::sum(s, n, half)), "invalid_signature");
    }
}

std::string der_integer(std::string number) {
    number.erase(0, std::min(number.find_first_not_of('\0'), number.size() - 1));
    if ((number.front() & '\x80') != 0) number.insert(0, 1, '\0');
    return "\x02"s + static_cast<char>(number.size()) + number;
}

TEST(Signature, EcdsaIsNeverDer) {
    Token token{"ES256"};
    const std::string raw = token.signature();
    const std::string both =
        der_integer(raw.substr(0, 32)) + der_integer(raw.substr(32));
    const std::string der = "\x30"s + static_cast<char>(both.size()) + both;
    EXPECT_EQ(forge::verify(token.with_signature(der)), "malformed_signature");
    // DER that has the length of a raw signature.
    EXPECT_EQ(forge::verify(token.with_signature(der.substr(0, 64))),
              "invalid_signature");
}

// "EdDSA: S below L".
TEST(Signature, EdDsaScalarIsBelowTheOrder) {
    for (const char* alg : {"EdDSA", "Ed25519"}) {
        const Token token{alg};
        const std::string raw = token.signature();
        std::string order =
            forge::decoded("EAAAAAAAAAAAAAAAAAAAABTe-d6i95zWWBJjGlz10-0");
        std::string scalar = raw.substr(32);
        std::ranges::reverse(scalar);  // little endian in RFC 8032
        std::string raised = forge::sum(scalar, order, 32);
        std::ranges::reverse(raised);
        EXPECT_EQ(forge::verify(token.with_signature(raw)), "good");
        EXPECT_EQ(forge::verify(token.with_signature(raw.substr(0, 32) + raised)),
                  "invalid_signature");
        EXPECT_EQ(
            forge::verify(token.with_signature(raw.substr(32) + raw.substr(0, 32))),
            "invalid_signature");
        EXPECT_EQ(forge::verify(token.with_signature(std::string(64, '\0'))),
                  "invalid_signature");
    }
}

}  // namespace
}  // namespace github_oidc
