// SPDX-License-Identifier: Apache-2.0
#include "github_oidc/error.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string_view>
#include <variant>

#include "forge.hpp"

namespace github_oidc {
namespace {

TEST(Reasons, AreInTheOrderOfTheEnumerators) {
    ASSERT_FALSE(reasons().empty());
#define GITHUB_OIDC_REASON(name, class_, origin, text) \
    EXPECT_EQ(reason(Errc::name).code, #name);         \
    EXPECT_EQ(reason(Errc::name).group, #class_);      \
    EXPECT_EQ(reason(Errc::name).source, origin);      \
    EXPECT_EQ(reason(Errc::name).message, text);
#include "github_oidc/errc.def"
#undef GITHUB_OIDC_REASON
}

TEST(Reasons, AreDistinctAndWhole) {
    std::set<std::string_view> codes;
    for (const Reason& row : reasons()) {
        EXPECT_TRUE(codes.insert(row.code).second) << row.code;
        EXPECT_FALSE(row.source.empty()) << row.code;
        EXPECT_FALSE(row.message.empty()) << row.code;
    }
}

TEST(Result, HoldsAValueOrAReason) {
    const Result<int> good = 7;
    EXPECT_TRUE(static_cast<bool>(good));
    EXPECT_EQ(good.value(), 7);
    EXPECT_THROW((void)good.error(), std::bad_variant_access);

    const Result<int> refused{Errc::missing_claim, "exp"};
    EXPECT_FALSE(static_cast<bool>(refused));
    EXPECT_EQ(refused.error().code, Errc::missing_claim);
    EXPECT_EQ(refused.error().claim, "exp");
    EXPECT_TRUE(std::isnan(refused.error().off_by_s));
    EXPECT_THROW((void)refused.value(), std::bad_variant_access);
}

class ErrorQueue : public testing::Test {
protected:
    // What another caller of OpenSSL, such as a TLS stack, left in this thread.
    void SetUp() override {
        (void)forge::issuer_keys();
        ERR_clear_error();
        ERR_raise(ERR_LIB_USER, 77);
        left_ = ERR_peek_error();
    }
    void TearDown() override { ERR_clear_error(); }

    void expect_untouched() const {
        EXPECT_EQ(ERR_peek_error(), left_) << "the caller's own error is gone";
        EXPECT_EQ(ERR_peek_last_error(), left_) << "an error of ours was left behind";
    }

private:
    unsigned long left_ = 0;
};

TEST_F(ErrorQueue, IsLeftAsFoundByEverySignatureCheck) {
    for (const Jwa& row : kJwa) {
        SCOPED_TRACE(row.alg);
        const forge::Token token{row.alg};
        std::string signature = token.signature();
        signature.back() ^= 1;
        const std::string bad = token.with_signature(signature);
        const std::string zero = token.with_signature(std::string(signature.size(), 0));
        ERR_clear_error();
        SetUp();
        EXPECT_EQ(forge::verify(bad), "invalid_signature");
        expect_untouched();
        EXPECT_EQ(forge::verify(zero), "invalid_signature");
        expect_untouched();
        EXPECT_EQ(forge::verify(token), "good");
        expect_untouched();
    }
}

TEST_F(ErrorQueue, IsLeftAsFoundByEveryKey) {
    const std::string off_curve =
        forge::in_quotes(forge::encoded(std::string(32, '\7')));
    const std::string texts[] = {
        forge::set_text({forge::jwk("RSA").set("n", R"("AQAB")")}),
        forge::set_text({forge::jwk("P-256").set("y", off_curve)}),
        forge::set_text({forge::jwk("Ed25519").set("x", R"("AQAB")")}),
    };
    SetUp();
    for (const std::string& text : texts) {
        EXPECT_EQ(forge::verdict(JwkSet::parse(text)), "empty_key_set");
        expect_untouched();
    }
}

}  // namespace
}  // namespace github_oidc
