// SPDX-License-Identifier: Apache-2.0
#include "github_oidc/jws.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "forge.hpp"

namespace github_oidc {
namespace {

using namespace std::string_literals;
using forge::encoded;
using forge::in_quotes;
using forge::Token;

struct Segments {
    std::string header, payload, signature;

    std::string text() const { return header + "." + payload + "." + signature; }
};

Segments segments_of(const Token& token) {
    return {encoded(token.header.text()), encoded(token.claims.text()),
            encoded(token.signature())};
}

/// Signs two segments as they are, however they are spelled.
std::string signed_as_is(const std::string& header, const std::string& payload) {
    const Token token;
    const std::string input = header + "." + payload;
    return input + "." + encoded(forge::sign(*token.signer, *token.row, input));
}

/// A valid token of exactly so many characters.
std::string of_size(std::size_t size) {
    constexpr std::size_t kSignature = 342;
    for (std::size_t pad = 0; pad < 4; ++pad) {
        Token token;
        token.header.set("pad", in_quotes(std::string(pad, 'p')));
        const std::size_t bare = token.signing_input().size() + 1 + kSignature;
        for (std::size_t fill = (size - bare) * 3 / 4 - 20, i = 0; i < 20; ++i) {
            token.claims.set("fill", in_quotes(std::string(fill + i, 'f')));
            if (token.signing_input().size() + 1 + kSignature == size)
                return token.compact();
        }
    }
    throw std::logic_error("no token of that size");
}

// Structure: "Number of parts is not three; empty header, payload or signature; JWE
// shape; JWS JSON serialization: refuse".
TEST(Jws, HasThreeFilledSegments) {
    const Segments good = segments_of(Token{});
    const auto& [h, p, s] = good;
    EXPECT_EQ(forge::verify(good.text()), "good");
    for (const std::string& text :
         {""s,
          "."s,
          ".."s,
          "..."s,
          h,
          h + "." + p,
          p + "." + s,
          h + p + s,
          "." + p + "." + s,
          h + ".." + s,
          h + "." + p + ".",
          h + "..",
          "." + p + ".",
          ".." + s,
          good.text() + ".",
          "." + good.text(),
          good.text() + "." + s,
          h + "." + p + ".." + s,
          h + ".." + p + "." + s,
          h + "." + p + "." + s + "." + s + "." + s,
          h + "..." + s + "." + s,
          R"({"payload":")" + p + R"(","signatures":[{"protected":")" + h +
              R"(","signature":")" + s + R"("}]})"})
        EXPECT_EQ(forge::verify(text), "malformed_jws") << text;
}

// Structure: "Millions of separators: do not build a list of parts"; "Over-long tokens,
// headers, signatures: a documented limit, checked first; 8 KB must pass".
TEST(Jws, SizeIsCheckedFirst) {
    EXPECT_EQ(forge::verify(std::string(5'000'000, '.')), "token_too_large");
    EXPECT_EQ(forge::verify(std::string(kMaxTokenSize + 1, '.')), "token_too_large");
    EXPECT_EQ(forge::verify(std::string(kMaxTokenSize, '.')), "malformed_jws");
    EXPECT_EQ(forge::verify(std::string(kMaxTokenSize + 1, '\xff')), "token_too_large");
    EXPECT_EQ(forge::verify(of_size(8 * 1024)), "good");
    EXPECT_EQ(forge::verify(of_size(16 * 1024)), "good");
    EXPECT_EQ(forge::verify(of_size(16 * 1024 + 1)), "token_too_large");
}

// The same entry without a verifier in front, as verify_jws() is public.
TEST(Jws, SizeIsCheckedByTheJwsReaderToo) {
    const auto verdict = [](const std::string& text) {
        return forge::verdict(
            verify_jws(text, forge::issuer_keys(), forge::header_rules()));
    };
    EXPECT_EQ(verdict(of_size(16 * 1024)), "good");
    EXPECT_EQ(verdict(of_size(16 * 1024 + 1)), "token_too_large");
}

TEST(Jws, SegmentsHaveLimitsOfTheirOwn) {
    Segments parts = segments_of(Token{});
    const auto with = [&](std::string Segments::* segment, std::size_t size) {
        Segments changed = parts;
        changed.*segment = std::string(size, 'A');
        return forge::verify(changed.text());
    };
    EXPECT_EQ(with(&Segments::header, 8 * 1024), "malformed_json header");
    EXPECT_EQ(with(&Segments::header, 8 * 1024 + 1), "token_too_large header");
    EXPECT_EQ(with(&Segments::signature, 1366), "malformed_signature");
    EXPECT_EQ(with(&Segments::signature, 1367), "token_too_large signature");
    Token token;
    token.header.set("fill", in_quotes(std::string(6000, 'f')));
    EXPECT_EQ(forge::verify(token), "good");
}

// Structure: "Whitespace, line breaks, NUL, BOM, quotes, "Bearer " or anything else
// around or inside the token: refuse; do not strip"; "Bytes after a NUL: never cut".
TEST(Jws, NothingIsStripped) {
    const Segments good = segments_of(Token{});
    for (const std::string& odd :
         {" "s, "\t"s, "\n"s, "\r\n"s, "\v"s, "\0"s, "\0x"s, "\xef\xbb\xbf"s, "\""s,
          "'"s, "Bearer "s, ","s, "\x7f"s, "\xc2\xa0"s, "\xe2\x80\x8b"s, "<"s, "%20"s,
          "\\"s}) {
        SCOPED_TRACE(encoded(odd));
        EXPECT_EQ(forge::verify(odd + good.text()), "malformed_base64url header");
        EXPECT_EQ(forge::verify(good.text() + odd), "malformed_base64url signature");
        EXPECT_EQ(forge::verify(good.header + odd + "." + good.payload + "." +
                                good.signature),
                  "malformed_base64url header");
        EXPECT_EQ(forge::verify(good.header + "." + odd + good.payload + "." +
                                good.signature),
                  "malformed_base64url payload");
        Segments inside = good;
        inside.signature.insert(100, odd);
        EXPECT_EQ(forge::verify(inside.text()), "malformed_base64url signature");
    }
}

// Structure: "`=` padding, also when the signature covers it: refuse"; "`+` and `/`, or
// a character outside the alphabet"; "Non-zero unused bits in the last character of any
// part"; "Length 1 modulo 4"; "Non-ASCII look-alikes; bytes above 0x7f". The signature
// covers each.
TEST(Jws, SegmentsAreCanonicalBase64url) {
    const Segments good = segments_of(Token{});
    for (const std::string& tail :
         {"="s, "=="s, "+"s, "/"s, "+/8="s, "A"s, "AAAAA"s, "\xff"s, "\xd0\x90"s,
          "\xef\xbc\xae"s, "\xe3\x80\x82"s}) {
        SCOPED_TRACE(encoded(tail));
        const std::string header =
            good.header + std::string((4 - good.header.size() % 4) % 4, 'A');
        EXPECT_EQ(forge::verify(signed_as_is(header + tail, good.payload)),
                  "malformed_base64url header");
        const std::string payload =
            good.payload + std::string((4 - good.payload.size() % 4) % 4, 'A');
        EXPECT_EQ(forge::verify(signed_as_is(good.header, payload + tail)),
                  "malformed_base64url payload");
    }
    EXPECT_EQ(forge::verify(good.text() + "=="), "malformed_base64url signature");
}

TEST(Jws, UnusedBitsAreZero) {
    // A header and a payload whose last character has two unused bits; 256 bytes of
    // signature leave four.
    Token token;
    for (forge::Object* part : {&token.header, &token.claims})
        for (std::size_t pad = 0; part->text().size() % 3 != 2 && pad < 4; ++pad)
            part->set("pad", in_quotes(std::string(pad, 'p')));
    const Segments good = segments_of(token);
    ASSERT_EQ(forge::verify(good.text()), "good");
    const auto next = [](std::string text) {
        ++text.back();  // the unused bits of these are zero, so that is one character
                        // on
        return text;
    };
    EXPECT_EQ(forge::verify(signed_as_is(next(good.header), good.payload)),
              "malformed_base64url header");
    EXPECT_EQ(forge::verify(signed_as_is(good.header, next(good.payload))),
              "malformed_base64url payload");
    EXPECT_EQ(
        forge::verify(good.header + "." + good.payload + "." + next(good.signature)),
        "malformed_base64url signature");
}

// Ground rules: "Order: size, shape, strict base64url, header JSON, header rules, key
// by kid, signature, payload JSON, claims".
TEST(Jws, StepsComeInTheirOrder) {
    const std::string odd = "*";
    EXPECT_EQ(forge::verify(odd + "." + odd), "malformed_jws");
    EXPECT_EQ(forge::verify(encoded("no JSON") + "." + odd + ".AA"),
              "malformed_base64url payload");
    EXPECT_EQ(forge::verify(encoded("no JSON") + ".AA." + odd),
              "malformed_base64url signature");
    EXPECT_EQ(forge::verify(encoded("no JSON") + ".AA.AA"), "malformed_json header");
    Token token;
    token.header.set("kid", R"("another")");
    Token other_alg = token;
    other_alg.header.set("alg", R"("none")");
    EXPECT_EQ(forge::verify(other_alg), "algorithm_not_allowed alg");
    EXPECT_EQ(forge::verify(token.with_signature("bad")), "unknown_key kid");
    Token no_json;
    no_json.payload_text = "no JSON";
    std::string signature = no_json.signature();
    EXPECT_EQ(forge::verify(no_json.with_signature(signature)),
              "malformed_json payload");
    signature.back() ^= 1;
    EXPECT_EQ(forge::verify(no_json.with_signature(signature)), "invalid_signature");
    EXPECT_EQ(forge::verify(no_json.with_signature("bad")), "malformed_signature");
}

TEST(Jws, AnswersWithWhatWasSigned) {
    Token token;
    token.payload_text = "any\0 bytes \xff"s;
    token.header.set("kid", R"("RSA")");
    const auto jws =
        verify_jws(token.compact(), forge::issuer_keys(), forge::header_rules());
    ASSERT_TRUE(jws);
    EXPECT_EQ(jws->payload, "any\0 bytes \xff"s);
    EXPECT_EQ(jws->header.jwa, find_jwa("RS256"));
    EXPECT_EQ(jws->header.kid, "RSA");
    EXPECT_EQ(jws->header.typ, "JWT");
    const auto key = forge::issuer_keys().select("RSA", *find_jwa("RS256"));
    EXPECT_EQ(jws->key, (*key)->thumbprint());
}

// Signature: "Payload, header or signature exchanged between tokens; bits flipped;
// other key: refuse".
TEST(Jws, SignatureIsOverTheseSegmentsByThisKey) {
    for (const Jwa& row : kJwa) {
        SCOPED_TRACE(row.alg);
        Token other{row.alg};
        other.header.set("more", "1");
        other.claims.set("jti", R"("two")");
        const Segments one = segments_of(Token{row.alg});
        const Segments two = segments_of(other);
        EXPECT_EQ(forge::verify(two.text()), "good");
        EXPECT_EQ(forge::verify(two.header + "." + one.payload + "." + one.signature),
                  "invalid_signature");
        EXPECT_EQ(forge::verify(one.header + "." + two.payload + "." + one.signature),
                  "invalid_signature");
        EXPECT_EQ(forge::verify(one.header + "." + one.payload + "." + two.signature),
                  "invalid_signature");
        Token forged{row.alg};
        forged.signer = &forge::key("other " + std::string{forge::key_name(row)});
        EXPECT_EQ(forge::verify(forged), "invalid_signature");
        const std::string raw = Token{row.alg}.signature();
        for (const std::size_t at : {std::size_t{0}, raw.size() / 2, raw.size() - 1}) {
            std::string flipped = Token{row.alg}.signature();
            flipped[at] ^= 1;
            EXPECT_EQ(forge::verify(Token{row.alg}.with_signature(flipped)),
                      "invalid_signature");
        }
    }
}

// Header: "Header says one algorithm, the signature is another (PKCS1 against PSS,
// other hash): refuse".
TEST(Jws, SignatureIsByTheAlgorithmOfTheHeader) {
    for (const Jwa& said : kJwa)
        for (const Jwa& used : kJwa) {
            if (said.kty != used.kty || said.scheme == SignatureScheme::eddsa) continue;
            Token token{said.alg};
            const std::string raw = forge::sign(forge::key(forge::key_name(used)), used,
                                                token.signing_input());
            const char* expected = &said == &used             ? "good"
                                   : said.kty == KeyType::rsa ? "invalid_signature"
                                                              : "malformed_signature";
            EXPECT_EQ(forge::verify(token.with_signature(raw)), expected)
                << said.alg << " " << used.alg;
        }
}

// RFC 9864: both names of Ed25519 are the same algorithm.
TEST(Jws, EdDsaAndEd25519SignAlike) {
    Token token{"EdDSA"};
    token.row = find_jwa("Ed25519");
    EXPECT_EQ(forge::verify(token), "good");
}

}  // namespace
}  // namespace github_oidc
