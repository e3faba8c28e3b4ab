// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "github_oidc/jws.hpp"
#include "github_oidc/registered.hpp"

namespace github_oidc {

/// The one fact that is kept about a token: these exact bytes carry a valid signature
/// by this key under this algorithm. Whether the token is acceptable is decided anew
/// each time.
struct KnownToken {
    JoseHeader header;
    Thumbprint key;
    std::shared_ptr<const ClaimsSet> claims;
    /// The key set in which the key was last selected.
    mutable std::atomic<std::uint64_t> generation;

    KnownToken(JoseHeader its_header, const Thumbprint& its_key,
               std::shared_ptr<const ClaimsSet> its_claims, std::uint64_t key_set)
        : header(std::move(its_header)),
          key(its_key),
          claims(std::move(its_claims)),
          generation(key_set) {}
};

inline constexpr std::size_t kKnownTokens = 4096;
inline constexpr std::size_t kKnownTokensMemory = std::size_t{40} << 20U;

/// A bounded map from a token's bytes to what is known of it; the least recently used
/// ones leave. Threads may share it.
class TokenCache {
public:
    TokenCache();

    /// What is known of exactly these bytes, or null.
    std::shared_ptr<const KnownToken> find(std::string_view token);

    void insert(std::string_view token, std::shared_ptr<const KnownToken> known);
    void erase(std::string_view token);

    std::size_t size() const;

private:
    struct Entry {
        std::uint64_t hash;
        std::string token;
        std::shared_ptr<const KnownToken> known;
        std::size_t memory() const noexcept;
    };
    using Entries = std::list<Entry>;  // most recently used first

    struct Shard {
        mutable std::mutex mutex;
        Entries entries;
        std::unordered_multimap<std::uint64_t, Entries::iterator> by_hash;
        std::size_t memory = 0;

        Entries::iterator find(std::uint64_t hash, std::string_view token);
        void erase(Entries::iterator entry);
    };
    static constexpr std::size_t kShards = 16;

    std::uint64_t hash(std::string_view token) const noexcept;
    Shard& shard(std::uint64_t hash) noexcept { return shards_[hash >> 60U]; }

    std::array<std::uint64_t, 2> seed_{};
    std::array<Shard, kShards> shards_;
};

}  // namespace github_oidc
