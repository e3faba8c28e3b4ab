// SPDX-License-Identifier: Apache-2.0
//
// The JOSE header's rules, each through the whole of a verification.
#include <gtest/gtest.h>

#include <openssl/hmac.h>
#include <openssl/pem.h>

#include <string>
#include <string_view>
#include <vector>

#include "forge.hpp"

namespace github_oidc {
namespace {

using namespace std::string_literals;
using forge::in_quotes;
using forge::Token;

/// What is said of a token with one header parameter changed.
std::string with(std::string_view name, std::string_view json) {
    Token token;
    token.header.set(name, json);
    return forge::verify(token);
}

// "alg none in any spelling or case, with or without signature"; "alg missing or not a
// string, other letter case, spaces, longer or shorter names".
TEST(Header, AlgIsARowOfTheTable) {
    for (const char* alg : {"none", "None", "NONE", "nOnE", "", "HS256", "HS512",
                            "rs256", "RS256 ", " RS256", "RS25", "RS2560", "ES256K",
                            "RS1", "RS256\\u0000", "\\u0000RS256", "RS256\\u0000x"}) {
        Token token;
        token.header.set("alg", in_quotes(alg));
        EXPECT_EQ(forge::verify(token), "algorithm_not_allowed alg") << alg;
        EXPECT_EQ(forge::verify(token.signing_input() + "."), "malformed_jws") << alg;
        EXPECT_EQ(forge::verify(token.with_signature("x")),
                  "algorithm_not_allowed alg");
    }
    EXPECT_EQ(with("alg", R"("\u0052S256")"), "good") << "an escape is a spelling";
    for (const char* alg : {"null", "256", "true", R"(["RS256"])", R"({"RS256":1})"})
        EXPECT_EQ(with("alg", alg), "malformed_header alg") << alg;
    Token token;
    EXPECT_EQ((token.header.drop("alg"), forge::verify(token)), "malformed_header alg");
    Token upper;
    upper.header.drop("alg").set("ALG", R"("RS256")");
    EXPECT_EQ(forge::verify(upper), "malformed_header alg");
}

// "A good signature by an algorithm that is not on the list; an empty list: refuse".
TEST(Header, AlgIsOnTheAllowlist) {
    for (const Jwa& allowed : kJwa) {
        HeaderRules rules;
        rules.algorithms = AlgorithmSet::of({allowed.alg});
        for (const Jwa& row : kJwa) {
            const auto jws =
                verify_jws(Token{row.alg}.compact(), forge::issuer_keys(), rules);
            EXPECT_EQ(forge::verdict(jws),
                      &row == &allowed ? "good" : "algorithm_not_allowed alg");
        }
    }
    const auto jws = verify_jws(Token{}.compact(), forge::issuer_keys(), HeaderRules{});
    EXPECT_EQ(forge::verdict(jws), "algorithm_not_allowed alg");
}

std::string hmac_sha256(std::string_view secret, std::string_view input) {
    std::string mac(32, '\0');
    unsigned size = 32;
    (void)HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
               forge::bytes(input).data(), input.size(),
               reinterpret_cast<unsigned char*>(mac.data()), &size);
    return mac;
}

std::string pem_of(const forge::Key& key) {
    BIO* out = BIO_new(BIO_s_mem());
    (void)PEM_write_bio_PUBKEY(out, key.get());
    char* text = nullptr;
    const auto size = static_cast<std::size_t>(BIO_get_mem_data(out, &text));
    std::string pem{text, size};
    BIO_free(out);
    return pem;
}

std::string der_of(const forge::Key& key) {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key.get(), &der);
    std::string raw{reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)};
    OPENSSL_free(der);
    return raw;
}

// "HMAC keyed with a public key in any encoding (PEM with variants, DER, modulus, JWK
// text, raw Ed25519), or with an empty or guessable key; even when the caller lists
// HS256".
TEST(Header, PublicKeysAreNoSecrets) {
    EXPECT_THROW((void)AlgorithmSet::of({"RS256", "HS256"}), ConfigurationError);
    std::vector<std::string> secrets{"", "secret", std::string(32, '\0')};
    for (const char* name : {"RSA", "P-256", "Ed25519"}) {
        const forge::Key& key = forge::key(name);
        const std::string pem = pem_of(key);
        for (const std::string& secret :
             {pem, pem.substr(0, pem.size() - 1), pem + "\n", der_of(key),
              key.jwk().text(), forge::jwk(name).text()})
            secrets.push_back(secret);
    }
    secrets.push_back(forge::key("RSA").number("n"));
    const std::string x = forge::key("Ed25519").jwk().at("x");
    secrets.push_back(forge::decoded(x.substr(1, x.size() - 2)));
    for (const char* kid : {"RSA", "P-256", "Ed25519"})
        for (const std::string& secret : secrets) {
            Token token;
            token.header.set("alg", R"("HS256")").set("kid", in_quotes(kid));
            const std::string mac = hmac_sha256(secret, token.signing_input());
            EXPECT_EQ(forge::verify(token.with_signature(mac)),
                      "algorithm_not_allowed alg");
            token.header.set("alg", R"("RS256")").set("kid", R"("RSA")");
            EXPECT_EQ(forge::verify(token.with_signature(
                          hmac_sha256(secret, token.signing_input()))),
                      "malformed_signature");
        }
}

// "alg against key type and curve".
TEST(Header, AlgFitsTheNamedKey) {
    for (const Jwa& row : kJwa)
        for (const Jwa& named : kJwa) {
            Token token{row.alg};
            token.header.set("kid", in_quotes(forge::key_name(named)));
            const bool fits = forge::key_name(row) == forge::key_name(named);
            EXPECT_EQ(forge::verify(token), fits ? "good" : "key_mismatch alg")
                << row.alg << " " << named.alg;
        }
}

// "crit: not a non-empty array of strings, unknown names, names not in the header:
// refuse. Names the RFC itself defines: refuse is best".
TEST(Header, CritIsRefused) {
    for (const char* crit :
         {R"([])", R"(["exp"])", R"(["alg"])", R"(["b64"])", R"(["x"])", R"("b64")",
          "null", "{}", "5", "false", R"([5])", R"([""])"})
        EXPECT_EQ(with("crit", crit), "critical_header crit") << crit;
    Token understood;
    understood.header.set("crit", R"(["b64"])").set("b64", "true");
    EXPECT_EQ(forge::verify(understood), "critical_header crit");
    EXPECT_EQ(with(R"(\u0063rit)", R"(["x"])"), "critical_header crit");
}

// "b64 false, detached or unencoded payload: refuse in a JWT".
TEST(Header, PayloadIsEncoded) {
    for (const char* b64 : {"false", "null", "0", "1", R"("true")", "[]"})
        EXPECT_EQ(with("b64", b64), "unencoded_payload b64") << b64;
    EXPECT_EQ(with("b64", "true"), "good");
    Token token;
    token.header.set("b64", "false").set("crit", R"(["b64"])");
    const std::string input =
        forge::encoded(token.header.text()) + "." + token.claims.text();
    const std::string raw =
        input + "." + forge::encoded(forge::sign(*token.signer, *token.row, input));
    EXPECT_EQ(forge::verify(raw), "malformed_jws") << "the claims' text holds dots";
    const std::string detached =
        forge::encoded(token.header.text()) + ".." + forge::encoded(token.signature());
    EXPECT_EQ(forge::verify(detached), "malformed_jws");
}

// "jwk, jku, x5u, x5c, x5t in the header: never a source of keys, never fetched;
// ignored when the trusted key signed".
TEST(Header, BringsNoKeys) {
    const std::string own = forge::jwk("other RSA").text();
    const std::pair<const char*, std::string> sources[] = {
        {"jwk", own},
        {"jwk", "null"},
        {"jku", R"("https://evil.example/jwks")"},
        {"x5u", R"("https://evil.example/cert")"},
        {"x5c", R"(["AAAA"])"},
        {"x5t", R"("AAAA")"},
        {"x5t#S256", R"("AAAA")"},
    };
    for (const auto& [name, json] : sources) {
        Token token;
        token.header.set(name, json);
        EXPECT_EQ(forge::verify(token), "good") << name;
        token.signer = &forge::key("other RSA");
        EXPECT_EQ(forge::verify(token), "invalid_signature") << name;
        token.header.set("kid", R"("other RSA")");
        EXPECT_EQ(forge::verify(token), "unknown_key kid") << name;
        token.header.drop("kid");
        EXPECT_EQ(forge::verify(token), "invalid_signature") << name;
    }
}

// "Unknown header members: ignore".
TEST(Header, UnknownParametersAreIgnored) {
    for (const char* name :
         {"", "x", "Crit", "CRIT", "crit ", "ZIP", "B64", "nonce", "exp"})
        EXPECT_EQ(with(name, R"({"a":[1,null]})"), "good") << name;
}

// "typ: absent or JWT (any case) pass; at+jwt, logout+jwt and the like are other
// tokens; not a string, refuse".
TEST(Header, TypIsJwt) {
    for (const char* typ : {"JWT", "jwt", "Jwt", "jWT"})
        EXPECT_EQ(with("typ", in_quotes(typ)), "good") << typ;
    Token absent;
    absent.header.drop("typ");
    EXPECT_EQ(forge::verify(absent), "good");
    for (const char* typ :
         {"at+jwt", "logout+jwt", "JWT ", " JWT", "", "JW", "JWTT", "JOSE", "dpop+jwt",
          "application/jwt", "JWT\\u0000", "\\u212aWT", "JW4", "*WT"})
        EXPECT_EQ(with("typ", in_quotes(typ)), "unexpected_type typ") << typ;
    for (const char* typ : {"null", "5", "true", R"(["JWT"])", "{}"})
        EXPECT_EQ(with("typ", typ), "malformed_header typ") << typ;
}

TEST(Header, OtherTypesAreAnOption) {
    HeaderRules rules = forge::header_rules();
    rules.types = {"secevent+JWT", "at+jwt"};
    const auto verdict = [&](const Token& token) {
        return forge::verdict(verify_jws(token.compact(), forge::issuer_keys(), rules));
    };
    Token token;
    EXPECT_EQ(verdict(token), "unexpected_type typ");
    token.header.drop("typ");
    EXPECT_EQ(verdict(token), "unexpected_type typ") << "absent counts as JWT";
    token.header.set("typ", R"("AT+JWT")");
    EXPECT_EQ(verdict(token), "good");
    token.header.set("typ", R"("secevent+jwt")");
    EXPECT_EQ(verdict(token), "good");
    rules.types = {"[z{"};
    token.header.set("typ", R"("{Z[")");
    EXPECT_EQ(verdict(token), "unexpected_type typ") << "only letters have a case";
    token.header.set("typ", R"("[Z{")");
    EXPECT_EQ(verdict(token), "good") << "Z is the last letter";
    rules.types = {"aBc@"};
    token.header.set("typ", R"("AbC@")");
    EXPECT_EQ(verdict(token), "good") << "A is the first letter";
    token.header.set("typ", R"("aBc`")");
    EXPECT_EQ(verdict(token), "unexpected_type typ") << "only letters have a case";
}

// "zip, cty JWT, nested tokens: refuse is best".
TEST(Header, PayloadIsNoOtherToken) {
    for (const char* zip : {R"("DEF")", R"("")", "null", "false"})
        EXPECT_EQ(with("zip", zip), "compressed_payload zip") << zip;
    for (const char* cty : {"JWT", "jwt", "application/jwt", "Application/JWT"})
        EXPECT_EQ(with("cty", in_quotes(cty)), "nested_token cty") << cty;
    for (const char* cty : {"null", "5", R"(["JWT"])"})
        EXPECT_EQ(with("cty", cty), "malformed_header cty") << cty;
    EXPECT_EQ(with("cty", R"("json")"), "good");
    Token nested;
    nested.payload_text = Token{}.compact();
    EXPECT_EQ(forge::verify(nested), "malformed_json payload");
    nested.payload_text = in_quotes(Token{}.compact());
    EXPECT_EQ(forge::verify(nested), "not_an_object payload");
}

// "kid: a string".
TEST(Header, KidIsText) {
    for (const char* kid : {"null", "5", "true", R"(["RSA"])", R"({"RSA":1})"})
        EXPECT_EQ(with("kid", kid), "malformed_header kid") << kid;
    EXPECT_EQ(with("kid", R"("")"), "unknown_key kid");
}

// The section "JSON", in both segments: the text is signed, the reader refuses it.
TEST(Header, AndPayloadAreStrictJson) {
    const std::pair<const char*, std::string> texts[] = {
        {"malformed_json", R"({"a":1,})"},
        {"malformed_json", R"({"a":1 /* */})"},
        {"malformed_json", R"({'a':1})"},
        {"malformed_json", R"({a:1})"},
        {"malformed_json", R"({"a":NaN})"},
        {"malformed_json", R"({"a":-Infinity})"},
        {"malformed_json", R"({"a":0x10})"},
        {"malformed_json", R"({"a":01})"},
        {"malformed_json", "{\"a\":\"\n\"}"},
        {"malformed_json", R"({"a":"\x41"})"},
        {"malformed_json", R"({"a":1} x)"},
        {"malformed_json", R"({"a":1}{"a":1})"},
        {"malformed_json", R"({"a":1})"s + "\0"s},
        {"malformed_json", R"({"a":1})"s + "\0 more"s},
        {"malformed_json", "\xef\xbb\xbf{}"},
        {"malformed_json", R"({"a":"\ud800"})"},
        {"malformed_json", " "},
        {"malformed_json", "{\0\"\0a\0"s},
        {"not_an_object", "[]"},
        {"not_an_object", "5"},
        {"not_an_object", "null"},
        {"not_an_object", R"("{\"alg\":\"RS256\"}")"},
        {"invalid_utf8", "{\"a\":\"\xff\"}"},
        {"invalid_utf8", "{\"a\":\"\xc0\xaf\"}"},
        {"invalid_utf8", "{\"a\":\"\xe2\x82\"}"},
        {"invalid_utf8", "{\"a\":\"\xed\xa0\x80\"}"},
        {"duplicate_member", R"({"a":1,"a":1})"},
        {"duplicate_member", R"({"a":1,"\u0061":1})"},
        {"duplicate_member", R"({"b":{"a":1,"a":1}})"},
        {"nested_too_deep", R"({"a":)" + std::string(3000, '[') + "}"},
        {"nested_too_deep",
         R"({"a":)" + std::string(16, '[') + std::string(16, ']') + "}"},
        {"number_out_of_range", R"({"a":1e400})"},
        {"number_out_of_range", R"({"a":1e-400})"},
        {"number_out_of_range", R"({"a":9223372036854775808})"},
        {"number_out_of_range", R"({"a":)" + std::string(3000, '9') + "}"},
    };
    for (const auto& [code, text] : texts) {
        Token header;
        header.header_text = text;
        EXPECT_EQ(forge::verify(header), code + " header"s) << text;
        Token payload;
        payload.payload_text = text;
        EXPECT_EQ(forge::verify(payload), code + " payload"s) << text;
    }
}

// JSON: "Legal variety must pass: whitespace, escapes, \/, surrogate pairs, UTF-8
// beyond the BMP, empty names, names like __proto__"; "tens of thousands of members".
TEST(Header, AndPayloadMayBeWrittenInAnyLegalWay) {
    Token token;
    token.header_text =
        " {\r\n\t\"\\u0061lg\" : \"RS256\" , \"kid\":\"\\u0052SA\" , "
        "\"a\\/b\":\"\\ud83d\\ude00\xf0\x9f\x98\x80\", \"\":[], "
        "\"__proto__\":{\"alg\":\"none\"} }\n";
    EXPECT_EQ(forge::verify(token), "good");
    Token payload;
    payload.claims.set("", "1").set("__proto__", R"({"iss":"evil"})");
    payload.claims.set("a\\/b", "\"\\ud83d\\ude00\xf0\x9f\x98\x80\"");
    payload.payload_text = "\n" + payload.claims.text() + " \t";
    EXPECT_EQ(forge::verify(payload), "good");
    Token many;
    for (int i = 0; i < 1000; ++i)
        many.claims.add(std::to_string(i), "0");
    EXPECT_EQ(forge::verify(many), "good");
}

}  // namespace
}  // namespace github_oidc
