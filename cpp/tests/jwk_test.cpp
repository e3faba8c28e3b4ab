// SPDX-License-Identifier: Apache-2.0
#include "github_oidc/jwk.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

#include "forge.hpp"
#include "github_oidc/base64url.hpp"

namespace github_oidc {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using forge::encoded;
using forge::in_quotes;
using forge::Object;

Result<Jwk> read(const std::string& text) {
    const auto document = JsonDocument::parse(text, "key set", Defects::mark);
    return Jwk::from_json(document.value().root());
}

std::string verdict(const Object& jwk) {
    return forge::verdict(read(jwk.text()));
}

Object with(std::string_view name, std::string_view member, std::string_view json) {
    return forge::key(name).jwk().set(member, json);
}

/// A number of exactly so many bits, odd, and no multiple of ones.
std::string modulus(std::size_t bits) {
    std::string raw((bits + 7) / 8, '\xa5');
    raw.front() = static_cast<char>(1U << ((bits - 1) % 8));
    return raw;
}

Object rsa(std::string_view n, std::string_view e = "\x01\x00\x01"sv) {
    return {{"kty", in_quotes("RSA")},
            {"n", in_quotes(encoded(n))},
            {"e", in_quotes(encoded(e))}};
}

Object ed25519(std::string_view x) {
    return with("Ed25519", "x", in_quotes(encoded(x)));
}

// Header: "alg, use, key_ops absent: fine, for every allowed algorithm of that key
// type"; "alg against key type and curve".
TEST(Jwk, FitsEveryAlgorithmOfItsTypeAndCurve) {
    for (const Jwa& own : kJwa) {
        const std::string_view name = forge::key_name(own);
        const auto jwk = read(forge::key(name).jwk().text());
        ASSERT_TRUE(jwk) << name;
        EXPECT_EQ(jwk->kty(), own.kty);
        for (const Jwa& row : kJwa)
            EXPECT_EQ(jwk->fits(row), forge::key_name(row) == name)
                << name << " " << row.alg;
    }
}

// Header: "A JWK's alg, use and key_ops bind".
TEST(Jwk, AlgBinds) {
    for (const Jwa& own : kJwa) {
        const auto jwk =
            read(with(forge::key_name(own), "alg", in_quotes(own.alg)).text());
        ASSERT_TRUE(jwk) << own.alg;
        for (const Jwa& row : kJwa)
            EXPECT_EQ(jwk->fits(row), &own == &row) << own.alg << " " << row.alg;
    }
    for (const char* alg :
         {"", "rs256", "RS256 ", "HS256", "none", "RSA-OAEP", "ES256"})
        EXPECT_EQ(verdict(with("RSA", "alg", in_quotes(alg))), "key_mismatch alg")
            << alg;
    EXPECT_EQ(verdict(with("P-256", "alg", in_quotes("ES384"))), "key_mismatch alg");
    EXPECT_EQ(verdict(with("P-256", "alg", in_quotes("RS256"))), "key_mismatch alg");
    for (const char* alg : {"null", "5", R"(["RS256"])", "true", "{}"})
        EXPECT_EQ(verdict(with("RSA", "alg", alg)), "unusable_key alg") << alg;
}

TEST(Jwk, UseBinds) {
    EXPECT_EQ(verdict(with("RSA", "use", in_quotes("sig"))), "good");
    for (const char* use : {R"("enc")", R"("SIG")", R"("")", R"("sig ")", "5", "null",
                            R"(["sig"])", "{}", "true"})
        EXPECT_EQ(verdict(with("RSA", "use", use)), "key_mismatch use") << use;
}

TEST(Jwk, KeyOpsBind) {
    EXPECT_EQ(verdict(with("RSA", "key_ops", R"(["verify"])")), "good");
    EXPECT_EQ(verdict(with("RSA", "key_ops", R"(["sign","verify"])")), "good");
    for (const char* operations :
         {"[]", R"(["sign"])", R"(["Verify"])", R"("verify")", "null", "{}",
          R"({"verify":true})", R"(["verify",5])", R"([null,"verify"])"})
        EXPECT_EQ(verdict(with("RSA", "key_ops", operations)), "key_mismatch use")
            << operations;
    EXPECT_EQ(verdict(with("RSA", "key_ops", R"(["verify"])").set("use", R"("enc")")),
              "key_mismatch use");
}

// Key sets: "Unknown kty ... symmetric keys".
TEST(Jwk, KeyTypesAreThoseOfTheTable) {
    for (const char* kty : {R"("oct")", R"("rsa")", R"("RSA ")", R"("EC2")", R"("")",
                            R"("AKP")", "null", "5", R"(["RSA"])"})
        EXPECT_EQ(verdict(with("RSA", "kty", kty)), "unusable_key kty") << kty;
    EXPECT_EQ(verdict(forge::key("RSA").jwk().drop("kty")), "unusable_key kty");
    EXPECT_EQ(verdict({{"kty", in_quotes("oct")}, {"k", in_quotes("AAAA")}}),
              "unusable_key kty");
    EXPECT_EQ(verdict(with("RSA", "kty", R"("EC")")), "unusable_key EC");
    EXPECT_EQ(verdict(with("P-256", "kty", R"("RSA")")), "unusable_key RSA");
    EXPECT_EQ(verdict(with("Ed25519", "kty", R"("EC")")), "unusable_key EC");
}

TEST(Jwk, IsAnObject) {
    for (const char* text : {"null", "[]", R"("RSA")", "5", "true"})
        EXPECT_EQ(forge::verdict(read(text)), "unusable_key jwk") << text;
}

// JSON: "Duplicate names in header, payload or JWK, also when one is spelled with
// escapes".
TEST(Jwk, NoMemberIsNamedTwice) {
    for (const char* name : {"n", "e", "kty", "kid", "alg", "x5c"})
        for (const bool escaped : {false, true}) {
            Object jwk = forge::key("RSA").jwk();
            if (name == std::string_view{"kid"} || name == std::string_view{"alg"} ||
                name == std::string_view{"x5c"})
                jwk.add(name, R"("RS256")");
            const std::string value = jwk.at(name);
            char spelled[8];
            (void)std::snprintf(spelled, sizeof spelled, "\\u%04x", *name);
            jwk.add(escaped ? spelled + std::string{name + 1} : name, value);
            EXPECT_EQ(verdict(jwk), "unusable_key jwk") << jwk.text();
        }
}

// Key sets: "The named key is malformed (n, e, x, y missing, of wrong type, empty, not
// base64url)".
TEST(Jwk, KeyMembersAreBase64urlText) {
    struct Row {
        const char* key;
        const char* member;
        const char* verdict;
    };
    constexpr Row kRows[] = {
        {"RSA", "n", "unusable_key RSA"},     {"RSA", "e", "unusable_key RSA"},
        {"P-256", "x", "unusable_key EC"},    {"P-256", "y", "unusable_key EC"},
        {"Ed25519", "x", "unusable_key OKP"},
    };
    for (const Row& row : kRows) {
        const Object good = forge::key(row.key).jwk();
        const std::string text = good.at(row.member);
        const std::string inner = text.substr(1, text.size() - 2);
        EXPECT_EQ(verdict(Object{good}.drop(row.member)), row.verdict);
        for (const std::string& json :
             {std::string{"null"}, std::string{"65537"}, std::string{"[1,0,1]"},
              std::string{"{}"}, std::string{R"("")"}, std::string{R"("A")"},
              "[" + text + "]", in_quotes(inner + "="), in_quotes(inner + " "),
              in_quotes("+" + inner.substr(1)), in_quotes(inner + "\\u0000"),
              in_quotes(inner.substr(1) + "\u00e9")})
            EXPECT_EQ(verdict(Object{good}.set(row.member, json)), row.verdict)
                << row.key << " " << row.member << " " << json;
    }
}

// Key sets: "Private members present: refuse or warn".
TEST(Jwk, ShowsNoPrivateMember) {
    for (const char* name : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
        for (const char* key : {"RSA", "P-256", "Ed25519"})
            EXPECT_EQ(verdict(with(key, name, R"("AQAB")")),
                      "unusable_key private member")
                << key << " " << name;
}

// Signature: "at least 2048 bits by count (2047 is too few, leading zeros do not
// count) ... odd n; a cap on size".
TEST(Jwk, RsaModulusIsOddAndOf2048To8192Bits) {
    const std::string zero(1, '\0');
    EXPECT_EQ(verdict(rsa(modulus(1024))), "unusable_key RSA");
    EXPECT_EQ(verdict(rsa(modulus(2047))), "unusable_key RSA");
    EXPECT_EQ(verdict(rsa(zero + modulus(2047))), "unusable_key RSA");
    EXPECT_EQ(verdict(rsa(modulus(2048))), "good");
    EXPECT_EQ(verdict(rsa(zero + modulus(2048))), "good");
    EXPECT_EQ(verdict(rsa(modulus(8192))), "good");
    EXPECT_EQ(verdict(rsa(modulus(8193))), "unusable_key RSA");
    EXPECT_EQ(verdict(rsa(std::string(8, '\0') + modulus(8192))), "good");
    EXPECT_EQ(verdict(rsa(std::string(777, '\0') + modulus(2048))), "unusable_key RSA");
    std::string even = modulus(2048);
    even.back() = '\xa4';
    EXPECT_EQ(verdict(rsa(even)), "unusable_key RSA");
    EXPECT_EQ(verdict(rsa(std::string(256, '\0'))), "unusable_key RSA");
}

// Signature: "odd e of at least 3, best above 2^16 and below 2^256".
TEST(Jwk, RsaExponentIsOddAndBetween2To16And2To256) {
    const std::string n = modulus(2048);
    for (const std::string& e :
         {"\x00"s, "\x01"s, "\x03"s, "\x11"s, "\xff\xff"s, "\x01\x00\x00"s,
          "\x01\x00\x02"s, "\x01"s + std::string(31, '\0') + "\x01",
          std::string(33, '\xff'), std::string(64, '\xff'),
          std::string(38, '\0') + "\x01\x00\x01"s})
        EXPECT_EQ(verdict(rsa(n, e)), "unusable_key RSA") << encoded(e);
    for (const std::string& e :
         {"\x01\x00\x01"s, "\x01\xff\xff"s, std::string(32, '\xff'),
          std::string(37, '\0') + "\x01\x00\x01"s})
        EXPECT_EQ(verdict(rsa(n, e)), "good") << encoded(e);
}

// The modulus is the one of Wycheproof's key with the form of CVE-2017-15361, whose
// primes are powers of 65537 modulo many small primes.
TEST(Jwk, RsaModulusIsNotOfTheFactorableForm) {
    const std::string n =
        "AanFpofbj7KjD4Lf-N2hVMKR7yewSyXhhbirIMTGpfYEhZ_lnt5UoK98DnKIgArXGTu3MaW_HhFw16"
        "HGaTDUHqPrId7fe4r11CqRw09yBFuW79V8sYIwHdzCaWflUI6auImYbVfoN9_nD5n8N8SY9DwXw7mw"
        "ZM9wREPXoDPgOoIWl6q_MPsp7n0zs3Z5ZaiQWOOzl1S9OhwAfSiiOwz6efnXEaxuTEtPd7BjSx7NaF"
        "ka8Dx9U7YqXy2RFj1O9PjyaDGuRh7YXsX3iMUSP_wSyHQg_c_"
        "qHRtKUsNSGCT7OZg0hzm2KphtjnayK"
        "JvC64vAbROBR4Ubg6Bxg9IQVZ-QYyE";
    EXPECT_EQ(verdict(with("RSA", "n", in_quotes(n))), "unusable_key RSA");
    std::string near = forge::decoded(n);
    near.back() ^= 2;
    EXPECT_EQ(verdict(rsa(near)), "good") << "only the modulus is at fault";
}

// Signature: "point on the curve, coordinates below p and of full length, not infinity,
// curve named and known".
TEST(Jwk, EcPointIsOnItsCurve) {
    for (const Jwa& row : kJwa) {
        if (row.kty != KeyType::ec) continue;
        SCOPED_TRACE(row.alg);
        const Object good = forge::key(row.crv).jwk();
        const auto coordinate = [&](const char* name) {
            const std::string& json = good.at(name);
            return forge::decoded(std::string_view{json}.substr(1, json.size() - 2));
        };
        const std::string x = coordinate("x");
        const std::string y = coordinate("y");
        const auto changed = [&](std::string_view new_x, std::string_view new_y) {
            return verdict(Object{good}
                               .set("x", in_quotes(encoded(new_x)))
                               .set("y", in_quotes(encoded(new_y))));
        };
        std::string off = y;
        off.back() ^= 1;
        const std::string zero(x.size(), '\0');
        EXPECT_EQ(changed(x, y), "good");
        EXPECT_EQ(changed(x, off), "unusable_key EC");
        EXPECT_EQ(changed(y, x), "unusable_key EC");
        EXPECT_EQ(changed(zero, zero), "unusable_key EC");
        EXPECT_EQ(changed(std::string{"\0", 1} + x, y), "unusable_key EC");
        EXPECT_EQ(changed(x, std::string{"\0", 1} + y), "unusable_key EC");
        EXPECT_EQ(changed(x.substr(1), y), "unusable_key EC");
        EXPECT_EQ(changed(x, y.substr(1)), "unusable_key EC");
        EXPECT_EQ(changed(x.substr(1), y.substr(0, 1) + y), "unusable_key EC");
        // The same point by its bytes, parted at another place.
        EXPECT_EQ(changed(x + y.substr(0, 1), y.substr(1)), "unusable_key EC");
        EXPECT_EQ(changed(x.substr(0, x.size() - 1), x.back() + y), "unusable_key EC");
        if (row.crv != "P-521") continue;  // the others have no room for x + p
        const std::string p = forge::key(row.crv).number("p");
        EXPECT_EQ(changed(forge::sum(x, p, x.size()), y), "unusable_key EC");
    }
}

TEST(Jwk, CurveIsNamedAndKnown) {
    for (const char* crv :
         {R"("p-256")", R"("P-256 ")", R"("P-384")", R"("P-521")", R"("P-224")",
          R"("secp256k1")", R"("prime256v1")", R"("Ed25519")", R"("")", "null", "256"})
        EXPECT_EQ(verdict(with("P-256", "crv", crv)), "unusable_key EC") << crv;
    EXPECT_EQ(verdict(forge::key("P-256").jwk().drop("crv")), "unusable_key EC");
    EXPECT_EQ(verdict(forge::key("secp256k1").jwk()), "unusable_key EC");
    EXPECT_EQ(verdict(with("secp256k1", "crv", R"("P-256")")), "unusable_key EC");
    for (const char* crv : {R"("ed25519")", R"("X25519")", R"("Ed448")", "null", "5"})
        EXPECT_EQ(verdict(with("Ed25519", "crv", crv)), "unusable_key OKP") << crv;
    EXPECT_EQ(verdict(forge::key("Ed25519").jwk().drop("crv")), "unusable_key OKP");
    EXPECT_EQ(verdict(forge::key("X25519").jwk()), "unusable_key OKP");
}

// Signature: "keys of small order (all encodings) refused; X25519 is not a signing
// key".
TEST(Jwk, Ed25519KeyIsNotOfSmallOrderAndCanonical) {
    const std::string zero(32, '\0');
    std::string p(32, '\xff');
    p.front() = '\xed';
    p.back() = '\x7f';
    const std::string eighth =
        forge::decoded("JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU");
    std::vector<std::string> points{zero, p, eighth};
    for (const auto& [base, low] : {std::pair{zero, 1}, {p, -1}, {p, 1}, {p, 5}}) {
        points.push_back(base);
        points.back().front() = static_cast<char>(base.front() + low);
    }
    points.push_back(forge::decoded("xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o"));
    for (std::string point : points) {
        EXPECT_EQ(verdict(ed25519(point)), "unusable_key OKP") << encoded(point);
        point.back() = static_cast<char>(point.back() | '\x80');
        EXPECT_EQ(verdict(ed25519(point)), "unusable_key OKP") << encoded(point);
    }
    p.front() = '\xe9';  // four below p: no point of small order
    EXPECT_EQ(verdict(ed25519(p)), "good");
    EXPECT_EQ(verdict(ed25519(std::string(31, '\x05'))), "unusable_key OKP");
    EXPECT_EQ(verdict(ed25519(std::string(33, '\x05'))), "unusable_key OKP");
}

// Key sets: "x5c that disagrees with n and e: n and e count; x5c alone is no key".
TEST(Jwk, CertificatesAreNotRead) {
    EXPECT_EQ(verdict(with("RSA", "x5c", R"(["bm90IGEgY2VydA=="])")), "good");
    EXPECT_EQ(verdict(with("RSA", "x5u", R"("https://evil.example")")), "good");
    EXPECT_EQ(verdict({{"kty", in_quotes("RSA")}, {"x5c", R"(["AAAA"])"}}),
              "unusable_key RSA");
}

TEST(Jwk, UnknownMembersAreIgnored) {
    EXPECT_EQ(verdict(with("RSA", "D", R"("upper case is another name")")), "good");
    EXPECT_EQ(verdict(with("P-256", "n", R"("a member of another type of key")")),
              "good");
    EXPECT_EQ(verdict(with("RSA", "huge", "1e999")), "good");
}

// RFC 7638 3 over the members in lexicographic order; RFC 7638 3.1 and RFC 8037 A.3
// publish a value.
TEST(Jwk, ThumbprintIsThatOfRfc7638) {
    const auto thumbprint = [](const Object& jwk) {
        const auto made = read(jwk.text());
        return base64url::encode(made.value().thumbprint());
    };
    const Object published = rsa(
        forge::decoded("0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86"
                       "zwu1RK7aPFFxuhDR"
                       "1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-"
                       "5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0"
                       "h4QyQ5v-65YGjQR0_"
                       "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91"
                       "CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_"
                       "xBniIqbw0Ls1jF44"
                       "-csFCur-kEgU8awapJzKnqDKgw"));
    EXPECT_EQ(thumbprint(published), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    EXPECT_EQ(
        thumbprint(with("Ed25519", "x",
                        in_quotes("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"))),
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    const Object ec = forge::key("P-384").jwk();
    EXPECT_EQ(thumbprint(Object{ec}.set("kid", R"("any")")),
              encoded(forge::sha256(R"({"crv":"P-384","kty":"EC","x":)" + ec.at("x") +
                                    R"(,"y":)" + ec.at("y") + "}")));
}

TEST(Jwk, VerifiesOnlyByAnAlgorithmThatFits) {
    const auto jwk = read(with("RSA", "alg", in_quotes("RS256")).text());
    const forge::Token token{"RS512"};
    const std::string input = token.signing_input();
    const auto error = jwk->verify(*find_jwa("RS512"), forge::bytes(token.signature()),
                                   forge::bytes(input));
    EXPECT_EQ(forge::verdict(error), "crypto_unavailable");
}

}  // namespace
}  // namespace github_oidc
