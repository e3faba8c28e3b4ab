// SPDX-License-Identifier: Apache-2.0
#include "github_oidc/jwk_set.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "forge.hpp"

namespace github_oidc {
namespace {

using forge::in_quotes;
using forge::Object;
using forge::Token;

std::string parsed(std::string text) {
    return forge::verdict(JwkSet::parse(std::move(text)));
}

std::string set_with(std::string_view neighbours) {
    return R"({"keys":[)" + std::string{neighbours} + "," + forge::jwk("RSA").text() +
           "]}";
}

/// An RS256 token with another kid, or with none.
Token named(std::optional<std::string_view> kid) {
    Token token;
    token.header.drop("kid");
    if (kid) token.header.set("kid", in_quotes(*kid));
    return token;
}

// Key sets: "No keys, keys not an array, letter case of members, text that is not JSON:
// refuse, with the set's error".
TEST(JwkSet, IsAnObjectWithAnArrayOfKeys) {
    const std::string one = forge::jwk("RSA").text();
    EXPECT_EQ(parsed(R"({"keys":[)" + one + "]}"), "good");
    EXPECT_EQ(parsed(R"({"more":{"a":[]},"keys":[)" + one + "]}"), "good");
    for (const std::string& text :
         {std::string{},
          std::string{"{}"},
          std::string{"null"},
          "[" + one + "]",
          one,
          R"({"Keys":[)" + one + "]}",
          R"({"KEYS":[)" + one + "]}",
          R"({"keys ":[)" + one + "]}",
          R"({"keys":)" + one + "}",
          std::string{R"({"keys":null})"},
          std::string{R"({"keys":"[]"})"},
          std::string{R"({"keys":5})"},
          R"({"keys":[)" + one + "]",
          R"(keys: [)" + one + "]",
          R"({'keys':[)" + one + "]}",
          R"({"keys":[)" + one + ",]}",
          R"({"keys":[)" + one + "]} x",
          R"({"keys":[)" + one + "]}" + std::string(1, '\0'),
          "\xef\xbb\xbf" + (R"({"keys":[)" + one + "]}"),
          R"({"keys":[)" + one + R"(],"a":")" + "\xff" + R"("})",
          R"({"keys":[)" + one + R"(],"a":)" + std::string(16, '[') +
              std::string(16, ']') + "}"})
        EXPECT_EQ(parsed(text), "malformed_key_set") << text;
}

// JSON: "Duplicate names".
TEST(JwkSet, NamesItsKeysOnce) {
    const std::string keys = "[" + forge::jwk("RSA").text() + "]";
    EXPECT_EQ(parsed(R"({"keys":)" + keys + R"(,"keys":)" + keys + "}"),
              "malformed_key_set");
    EXPECT_EQ(parsed(R"({"keys":)" + keys + R"(,"\u006beys":)" + keys + "}"),
              "malformed_key_set");
    EXPECT_EQ(parsed(R"({"keys":)" + keys + R"(,"a":1,"a":1})"), "malformed_key_set");
}

// Key sets: "Thousands of keys: look-up by kid, not trial"; design 6: 256 KiB, 100
// keys.
TEST(JwkSet, IsOfBoundedSize) {
    const std::string text = forge::set_text({forge::jwk("RSA")});
    const auto padded = [&](std::size_t size) {
        return text + std::string(size - text.size(), ' ');
    };
    EXPECT_EQ(parsed(padded(256 * 1024)), "good");
    EXPECT_EQ(parsed(padded(256 * 1024 + 1)), "key_set_too_large");
    const auto junk = [](std::size_t count) {
        std::string nulls = "null";
        for (std::size_t i = 1; i < count; ++i)
            nulls += ",null";
        return nulls;
    };
    EXPECT_EQ(parsed(set_with(junk(99))), "good");
    EXPECT_EQ(parsed(set_with(junk(100))), "key_set_too_large");
    EXPECT_EQ(parsed(set_with(junk(5000))), "key_set_too_large");
}

TEST(JwkSet, HoldsAUsableKey) {
    EXPECT_EQ(parsed(R"({"keys":[]})"), "empty_key_set");
    EXPECT_EQ(parsed(R"({"keys":[null]})"), "empty_key_set");
    EXPECT_EQ(parsed(R"({"keys":[{"kty":"oct","k":"AAAA","kid":"a"}]})"),
              "empty_key_set");
    EXPECT_EQ(parsed(forge::set_text({forge::jwk("RSA").set("use", R"("enc")")})),
              "empty_key_set");
}

// Key sets: "Unknown kty, crv, alg, foreign use, symmetric keys, junk and broken
// neighbours: skip that entry; good keys in the set keep working".
TEST(JwkSet, SkipsWhatItCannotUse) {
    const std::string good = forge::jwk("P-256").text();
    const std::string neighbours[] = {
        "null",
        "5",
        R"("text")",
        "[]",
        "{}",
        R"({"kty":"oct","k":"AAAA","kid":"RSA2"})",
        R"({"kty":"AKP","kid":"RSA2"})",
        R"({"kty":"RSA","kid":"RSA2"})",
        forge::jwk("P-256").set("crv", R"("P-999")").text(),
        forge::jwk("P-256").set("alg", R"("XY256")").text(),
        forge::jwk("P-256").set("use", R"("enc")").text(),
        forge::jwk("P-256").set("x", "1e999").text(),
        forge::jwk("P-256").add("x", R"("AA")").text(),
        forge::jwk("P-256").set("kid", "5").text(),
        forge::jwk("P-256").set("kid", "null").text(),
        forge::jwk("P-256").set("d", R"("AAAA")").text()};
    for (const std::string& neighbour : neighbours) {
        SCOPED_TRACE(neighbour);
        const auto keys = JwkSet::parse(set_with(neighbour + "," + neighbour));
        ASSERT_TRUE(keys);
        EXPECT_EQ(keys->size(), 1U);
        EXPECT_EQ(keys->kids(), std::vector<std::string>{"RSA"});
        EXPECT_EQ(forge::verify(Token{}, *keys), "good");
        EXPECT_EQ(forge::verify(named(std::nullopt), *keys), "good");
    }
    EXPECT_EQ(JwkSet::parse(set_with(good))->kids(),
              (std::vector<std::string>{"P-256", "RSA"}));
}

// Key sets: "The named key is malformed: refuse the token, do not crash"; Header:
// "other alg, use other than sig, key_ops without verify: refuse".
TEST(JwkSet, SaysWhyTheNamedKeyCannotBeUsed) {
    struct Row {
        Object jwk;
        const char* verdict;
    };
    const Object good = forge::jwk("RSA");
    const Row rows[] = {
        {Object{good}.drop("n"), "unusable_key RSA"},
        {Object{good}.set("e", R"("Aw")"), "unusable_key RSA"},
        {Object{good}.set("kty", R"("oct")"), "unusable_key kty"},
        {Object{good}.set("use", R"("enc")"), "key_mismatch use"},
        {Object{good}.set("key_ops", R"(["sign"])"), "key_mismatch use"},
        {Object{good}.set("alg", R"("RS512")"), "key_mismatch alg"},
        {Object{good}.set("alg", R"("HS256")"), "key_mismatch alg"},
        {forge::jwk("P-256").set("kid", R"("RSA")"), "key_mismatch alg"},
        {Object{good}.set("d", R"("AA")"), "unusable_key private member"},
        {Object{good}.add("n", R"("AA")"), "unusable_key jwk"},
    };
    for (const Row& row : rows)
        EXPECT_EQ(forge::verify(Token{}, forge::set_of({row.jwk, forge::jwk("P-384")})),
                  row.verdict)
            << row.jwk.text();
}

// Header: "kid unknown: refuse, even when only one key exists; kid of another key: do
// not try the rest".
TEST(JwkSet, KidIsNeverGuessed) {
    const JwkSet one = forge::set_of({forge::jwk("RSA")});
    EXPECT_EQ(forge::verify(named("RSA"), one), "good");
    EXPECT_EQ(forge::verify(named("RSA2"), one), "unknown_key kid");
    const JwkSet unnamed = forge::set_of({forge::key("RSA").jwk()});
    EXPECT_EQ(forge::verify(named("RSA"), unnamed), "unknown_key kid");
    EXPECT_EQ(forge::verify(named(""), unnamed), "unknown_key kid");
    EXPECT_EQ(unnamed.kids(), std::vector<std::string>{""});
    const JwkSet two = forge::set_of({forge::jwk("RSA"), forge::jwk("other RSA")});
    EXPECT_EQ(forge::verify(named("other RSA"), two), "invalid_signature");
    EXPECT_EQ(forge::verify(named("RSA"), two), "good");
}

// Header: "kid: a string, compared exactly, used only as a look-up key; paths, SQL,
// shell, LDAP, URLs, control characters, huge values are just unknown kids".
TEST(JwkSet, KidIsComparedExactly) {
    const JwkSet keys = forge::set_of({forge::jwk("RSA")});
    for (const std::string& kid :
         {std::string{""}, std::string{"rsa"}, std::string{"RS"}, std::string{"RSAA"},
          std::string{" RSA"}, std::string{"RSA "}, std::string{"RSA\\u0000"},
          std::string{"RSA\\u0000x"}, std::string{"\\uff32SA"},
          std::string{"../../../dev/null"}, std::string{"' OR 1=1 --"},
          std::string{"$(id)"}, std::string{"*)(uid=*"}, std::string{"\\n\\u001b[2J"},
          std::string{"https://evil.example/jwks"}, std::string(5000, 'k')})
        EXPECT_EQ(forge::verify(named(kid), keys), "unknown_key kid") << kid;
    EXPECT_EQ(forge::verify(named("R\\u0053A"), keys), "good")
        << "escapes are spelling";
    const JwkSet nul = forge::set_of({forge::jwk("RSA").set("kid", R"("a\u0000b")")});
    EXPECT_EQ(forge::verify(named("a\\u0000b"), nul), "good");
    EXPECT_EQ(forge::verify(named("a"), nul), "unknown_key kid");
}

// Header: "kid absent: may pass with exactly one usable key; with several, refuse".
TEST(JwkSet, WithoutKidOneKeyHasToFit) {
    const Object rsa = forge::jwk("RSA");
    const Object other = forge::jwk("other RSA");
    const Token token = named(std::nullopt);
    EXPECT_EQ(forge::verify(token, forge::set_of({rsa})), "good");
    EXPECT_EQ(forge::verify(token, forge::set_of({forge::jwk("P-256"), rsa})), "good");
    EXPECT_EQ(forge::verify(token, forge::set_of({rsa, other})), "ambiguous_key kid");
    EXPECT_EQ(forge::verify(token, forge::set_of({rsa, rsa})), "ambiguous_key kid");
    EXPECT_EQ(forge::verify(token, forge::set_of({forge::jwk("P-256")})),
              "unknown_key kid");
    EXPECT_EQ(forge::verify(token, forge::set_of({forge::jwk("P-256"),
                                                  Object{rsa}.set("use", R"("enc")")})),
              "unknown_key kid");
}

// Header: "Two keys under one kid: alg, kty and use may single one out; otherwise
// refuse".
TEST(JwkSet, OneKidForSeveralKeysHasToBeSingledOut) {
    const Object rsa = forge::jwk("RSA");
    const Object other = forge::jwk("other RSA").set("kid", R"("RSA")");
    const Object bound = Object{other}.set("alg", R"("RS512")");
    const Object encrypts = Object{other}.set("use", R"("enc")");
    const Object curve = forge::jwk("P-256").set("kid", R"("RSA")");
    for (const bool swapped : {false, true}) {
        const auto both = [&](const Object& one, const Object& two) {
            return swapped ? forge::set_of({two, one}) : forge::set_of({one, two});
        };
        EXPECT_EQ(forge::verify(Token{}, both(rsa, other)), "ambiguous_key kid");
        EXPECT_EQ(forge::verify(Token{}, both(rsa, bound)), "good");
        EXPECT_EQ(forge::verify(Token{}, both(rsa, encrypts)), "good");
        EXPECT_EQ(forge::verify(Token{}, both(rsa, curve)), "good");
        EXPECT_EQ(forge::verify(Token{}, both(rsa, rsa)), "ambiguous_key kid");
    }
    EXPECT_EQ(forge::verify(Token{}, forge::set_of({bound, encrypts, curve})),
              "key_mismatch alg");
}

// Key sets: "Symmetric keys in a public set never verify anything, whatever the list
// says".
TEST(JwkSet, SymmetricKeysVerifyNothing) {
    const Object secret{{"kty", in_quotes("oct")}, {"k", in_quotes("c2VjcmV0")}};
    for (const char* alg : {R"("HS256")", R"("RS256")"}) {
        const Object jwk = Object{secret}.set("kid", R"("RSA")").set("alg", alg);
        const JwkSet keys = forge::set_of({jwk, forge::jwk("P-256")});
        EXPECT_EQ(keys.size(), 1U);
        EXPECT_EQ(forge::verify(Token{}, keys), "unusable_key kty");
        Token hmac;
        hmac.header.set("alg", R"("HS256")");
        EXPECT_EQ(forge::verify(hmac, keys), "algorithm_not_allowed alg");
    }
}

TEST(JwkSet, EachHasAGenerationOfItsOwn) {
    const JwkSet one = forge::set_of({forge::jwk("RSA")});
    const JwkSet two = forge::set_of({forge::jwk("RSA")});
    EXPECT_NE(one.generation(), two.generation());
    EXPECT_EQ(JwkSet{one}.generation(), one.generation());
}

}  // namespace
}  // namespace github_oidc
