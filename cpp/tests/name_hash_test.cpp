// SPDX-License-Identifier: Apache-2.0
#include "name_hash.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace github_oidc {
namespace {

/// Hashes from a heap buffer without a spare byte, where AddressSanitizer sees every
/// step outside.
std::size_t hashed(const NameHash& hash, std::string_view name) {
    const auto exact = std::make_unique<unsigned char[]>(name.size());
    std::copy(name.begin(), name.end(), exact.get());
    return hash(exact.get(), name.size());
}

TEST(NameHash, DependsOnEveryByteAndTheLength) {
    const NameHash hash{0x0123456789abcdef, 0xfedcba9876543210};
    for (std::size_t size = 0; size < 60; ++size) {
        const std::string name(size, 'n');
        EXPECT_EQ(hashed(hash, name), hashed(hash, name)) << size;
        EXPECT_NE(hashed(hash, name), hashed(hash, name + "n")) << size;
        for (std::size_t at = 0; at < size; ++at) {
            std::string other = name;
            other[at] = 'm';
            EXPECT_NE(hashed(hash, name), hashed(hash, other)) << size << " " << at;
        }
    }
}

TEST(NameHash, DependsOnBothHalvesOfItsKey) {
    for (const std::string_view name :
         {"", "a", "abcdef", "repository", "job_workflow_ref"}) {
        EXPECT_NE(hashed(NameHash{1, 3}, name), hashed(NameHash{2, 3}, name)) << name;
        EXPECT_NE(hashed(NameHash{1, 3}, name), hashed(NameHash{1, 4}, name)) << name;
    }
}

TEST(NameHash, HasOneKeyPerProcessAndDrawsIt) {
    const NameHash& hash = NameHash::of_this_process();
    EXPECT_EQ(&hash, &NameHash::of_this_process());
    // Equal by chance once in 2^64 runs.
    EXPECT_NE(hashed(hash, "repository"), hashed(NameHash{0, 0}, "repository"));
}

}  // namespace
}  // namespace github_oidc
