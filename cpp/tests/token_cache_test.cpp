// SPDX-License-Identifier: Apache-2.0
#include "github_oidc/token_cache.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <memory>
#include <string>

#include "forge.hpp"

namespace github_oidc {
namespace {

/// The secret seed, without which no two tokens can be made to collide. An explicit
/// instantiation may name private members.
template <auto Member>
struct Opened {
    friend const std::array<std::uint64_t, 2>& seed_of(const TokenCache& cache) {
        return cache.*Member;
    }
};
const std::array<std::uint64_t, 2>& seed_of(const TokenCache& cache);
template struct Opened<&TokenCache::seed_>;

std::shared_ptr<const KnownToken> known(std::uint64_t generation) {
    static const auto claims = ClaimsSet::read(forge::Token{}.claims.text()).value();
    return std::make_shared<const KnownToken>(JoseHeader{}, Thumbprint{}, claims,
                                              generation);
}

std::uint64_t found(TokenCache& cache, std::string_view token) {
    const auto entry = cache.find(token);
    return entry ? entry->generation.load() : 0;
}

TEST(TokenCache, FindsWhatItWasGiven) {
    TokenCache cache;
    std::string token;
    for (std::uint64_t size = 1; size <= 100; ++size) {
        token += static_cast<char>('a' + size % 26);
        cache.insert(token, known(size));
    }
    EXPECT_EQ(cache.size(), 100U);
    for (std::uint64_t size = 1; size <= 100; ++size) {
        EXPECT_EQ(found(cache, std::string_view{token}.substr(0, size)), size);
        std::string other = token.substr(0, size);
        for (const std::size_t at :
             {std::size_t{0}, other.size() / 2, other.size() - 1}) {
            other[at] ^= 1;
            EXPECT_EQ(cache.find(other), nullptr);
            other[at] ^= 1;
        }
    }
    EXPECT_EQ(cache.find(""), nullptr);
}

TEST(TokenCache, KeepsOneEntryPerToken) {
    TokenCache cache;
    cache.insert("token", known(1));
    cache.insert("token", known(2));
    EXPECT_EQ(cache.size(), 1U);
    EXPECT_EQ(found(cache, "token"), 2U);
    cache.erase("token");
    EXPECT_EQ(cache.size(), 0U);
    EXPECT_EQ(found(cache, "token"), 0U);
    cache.erase("token");
    EXPECT_EQ(cache.size(), 0U);
}

// Design 6: "Lookup: a seeded 64-bit hash, then the full bytes".
TEST(TokenCache, EqualHashesAreNotEqualTokens) {
    TokenCache cache;
    std::string one(32, 'a');
    std::memcpy(one.data(), &seed_of(cache)[1], 8);  // makes the product zero
    std::string two = one;
    two.replace(8, 8, "bbbbbbbb");
    std::string three = one;
    three.replace(8, 8, "cccccccc");
    cache.insert(one, known(1));
    EXPECT_EQ(found(cache, two), 0U);
    cache.insert(two, known(2));
    cache.insert(three, known(3));
    EXPECT_EQ(found(cache, one), 1U);
    EXPECT_EQ(found(cache, two), 2U);
    EXPECT_EQ(found(cache, three), 3U);
    cache.erase(two);
    EXPECT_EQ(found(cache, one), 1U);
    EXPECT_EQ(found(cache, two), 0U);
    EXPECT_EQ(found(cache, three), 3U);
    EXPECT_EQ(cache.size(), 2U);
}

TEST(TokenCache, SeedsDiffer) {
    const TokenCache one;
    const TokenCache two;
    EXPECT_NE(seed_of(one), seed_of(two));
    EXPECT_NE(seed_of(one)[0], seed_of(one)[1]);
}

TEST(TokenCache, HoldsABoundedNumber) {
    TokenCache cache;
    for (int i = 0; i < 20000; ++i)
        cache.insert(std::to_string(i), known(1));
    EXPECT_LE(cache.size(), kKnownTokens);
    EXPECT_GT(cache.size(), kKnownTokens * 9 / 10);
}

TEST(TokenCache, TheLeastRecentlyUsedLeave) {
    TokenCache cache;
    cache.insert("used", known(1));
    cache.insert("unused", known(2));
    for (int i = 0; i < 20000; ++i) {
        cache.insert(std::to_string(i), known(3));
        ASSERT_EQ(found(cache, "used"), 1U);
    }
    EXPECT_EQ(found(cache, "unused"), 0U);
    EXPECT_EQ(found(cache, "19999"), 3U);
}

TEST(TokenCache, HoldsABoundedAmountOfMemory) {
    TokenCache cache;
    constexpr std::size_t kSize = std::size_t{16} * 1024;
    for (int i = 0; i < 5000; ++i) {
        std::string token = std::to_string(i);
        token.resize(kSize, '.');
        cache.insert(token, known(1));
    }
    EXPECT_LE(cache.size() * kSize, kKnownTokensMemory);
    EXPECT_GT(cache.size() * kSize, kKnownTokensMemory * 8 / 10);
    // What left has given its share back: the room is there for small tokens.
    for (int i = 0; i < 20000; ++i)
        cache.insert(std::to_string(i), known(1));
    EXPECT_GT(cache.size(), kKnownTokens * 9 / 10);
}

// The claims count: small tokens with large claims do not exceed the bound.
TEST(TokenCache, ClaimsCountAsMemory) {
    TokenCache cache;
    forge::Token token;
    token.claims.set("fill", forge::in_quotes(std::string(64 * 1024, 'f')));
    const auto claims = ClaimsSet::read(token.claims.text()).value();
    for (int i = 0; i < 2000; ++i)
        cache.insert(std::to_string(i), std::make_shared<const KnownToken>(
                                            JoseHeader{}, Thumbprint{}, claims, 1U));
    EXPECT_LE(cache.size() * 64 * 1024, kKnownTokensMemory);
}

}  // namespace
}  // namespace github_oidc
