// SPDX-License-Identifier: Apache-2.0
//
// C2SP/wycheproof's vectors for JWS and JWK, through verify_jws().
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

#include "forge.hpp"

namespace github_oidc {
namespace {

/// A vector that is published as valid and that a stricter rule refuses.
struct Stricter {
    std::int64_t test;
    Errc code;
    const char* why;
};

constexpr const char* kHmac = "HMAC is not for tokens of others";
constexpr const char* kEmpty = "an empty payload holds no claims";
constexpr const char* kAlg = "the JWK's alg is not the header's";
constexpr const char* kBase64url = "a character outside base64url is skipped nowhere";

constexpr Stricter kSignatures[] = {
    {1, Errc::algorithm_not_allowed, kHmac},
    {259, Errc::malformed_jws, kEmpty},
    {264, Errc::malformed_jws, kEmpty},
    {268, Errc::malformed_jws, kEmpty},
    {272, Errc::malformed_jws, kEmpty},
    {320, Errc::malformed_jws, kEmpty},
    {325, Errc::malformed_jws, kEmpty},
    {346, Errc::key_mismatch, kAlg},
    {347, Errc::key_mismatch, kAlg},
    {348, Errc::algorithm_not_allowed, kHmac},
    {350, Errc::key_mismatch, kAlg},
    {351, Errc::key_mismatch, kAlg},
    {352, Errc::algorithm_not_allowed, kHmac},
    {357, Errc::algorithm_not_allowed, kHmac},
    {358, Errc::algorithm_not_allowed, kHmac},
    {359, Errc::algorithm_not_allowed, kHmac},
    {372, Errc::malformed_base64url, kBase64url},
    {373, Errc::malformed_base64url, kBase64url},
    {376, Errc::algorithm_not_allowed, kHmac},
    {377, Errc::algorithm_not_allowed, kHmac},
};

constexpr Stricter kKeys[] = {
    {2, Errc::algorithm_not_allowed, kHmac},
    {13, Errc::algorithm_not_allowed, kHmac},
    {14, Errc::algorithm_not_allowed, kHmac},
    {15, Errc::algorithm_not_allowed, kHmac},
};

std::filesystem::path vectors() {
    const char* place = std::getenv("GITHUB_OIDC_VECTORS");
    if (place != nullptr) return place;
    return std::filesystem::path{GITHUB_OIDC_SOURCE_DIR} / "../shared/vectors";
}

/// The JSON text of a value; the vectors' keys are ASCII without escapes.
std::string text_of(JsonValue value) {
    std::string text;
    switch (value.type()) {
        case JsonType::string:
            return forge::in_quotes(value.string());
        case JsonType::integer:
            return std::to_string(value.integer());
        case JsonType::boolean:
            return value.boolean() ? "true" : "false";
        case JsonType::array:
            value.for_each_element([&](JsonValue one) {
                text += (text.empty() ? "" : ",") + text_of(one);
            });
            return "[" + text + "]";
        case JsonType::object:
            value.for_each_member([&](std::string_view name, JsonValue one) {
                text += (text.empty() ? "" : ",") + forge::in_quotes(name) + ":" +
                        text_of(one);
            });
            return "{" + text + "}";
        default:
            throw std::logic_error("the vectors hold a value of an unexpected type");
    }
}

/// The group's key or keys beside one that fits none of its tokens, so that also a
/// token whose keys are all unusable reaches the verification.
JwkSet keys_of(JsonValue group) {
    const auto shown = group.member("public");
    const JsonValue key = shown ? *shown : *group.member("private");
    std::string keys = forge::jwk("Ed25519").text();
    if (const auto several = key.member("keys"))
        several->for_each_element([&](JsonValue one) { keys += "," + text_of(one); });
    else
        keys += "," + text_of(key);
    return JwkSet::parse(R"({"keys":[)" + keys + "]}").value();
}

void run(const std::filesystem::path& file, std::span<const Stricter> stricter) {
    std::ifstream stream{file, std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{stream}, {}};
    const auto document = JsonDocument::parse(text, "vectors");
    ASSERT_TRUE(document) << file;
    std::map<std::int64_t, Stricter> refused;
    for (const Stricter& one : stricter)
        refused.emplace(one.test, one);
    std::int64_t seen = 0;
    document->root().member("testGroups")->for_each_element([&](JsonValue group) {
        const JwkSet keys = keys_of(group);
        group.member("tests")->for_each_element([&](JsonValue test) {
            ++seen;
            const std::int64_t id = test.member("tcId")->integer();
            SCOPED_TRACE(std::to_string(id) + " " +
                         std::string{test.member("comment")->string()});
            const std::string_view result = test.member("result")->string();
            const auto jws =
                verify_jws(test.member("jws")->string(), keys, forge::header_rules());
            const auto listed = refused.find(id);
            if (listed != refused.end()) {
                EXPECT_EQ(result, "valid") << "only valid vectors are listed";
                ASSERT_FALSE(jws) << "listed, but accepted: " << listed->second.why;
                EXPECT_EQ(reason(jws.error().code).code,
                          reason(listed->second.code).code)
                    << listed->second.why;
                refused.erase(listed);
            } else {
                EXPECT_EQ(static_cast<bool>(jws), result == "valid")
                    << forge::verdict(jws);
            }
        });
    });
    EXPECT_EQ(seen, document->root().member("numberOfTests")->integer());
    EXPECT_TRUE(refused.empty()) << "a listed vector is not in the file";
}

class Wycheproof : public testing::Test {
protected:
    void SetUp() override {
        if (!std::filesystem::exists(vectors() / "wycheproof"))
            GTEST_SKIP() << "The vectors are not here; GITHUB_OIDC_VECTORS names the "
                            "directory that holds wycheproof/.";
    }
};

TEST_F(Wycheproof, JsonWebSignatures) {
    run(vectors() / "wycheproof" / "json_web_signature_test.json", kSignatures);
}

TEST_F(Wycheproof, JsonWebKeys) {
    run(vectors() / "wycheproof" / "json_web_key_test.json", kKeys);
}

}  // namespace
}  // namespace github_oidc
