// SPDX-License-Identifier: Apache-2.0
#include "github_oidc/token_cache.hpp"

#include <cstring>
#include <random>

namespace github_oidc {
namespace {

constexpr std::size_t kEntriesPerShard = kKnownTokens / 16;
constexpr std::size_t kMemoryPerShard = kKnownTokensMemory / 16;

__extension__ using Wide = unsigned __int128;

std::uint64_t mix(std::uint64_t left, std::uint64_t right) noexcept {
    const Wide product = static_cast<Wide>(left) * right;
    return static_cast<std::uint64_t>(product) ^
           static_cast<std::uint64_t>(product >> 64U);
}

std::uint64_t word(const char* at, std::size_t size = 8) noexcept {
    std::uint64_t value = 0;
    std::memcpy(&value, at, size);
    return value;
}

}  // namespace

std::size_t TokenCache::Entry::memory() const noexcept {
    return token.capacity() + known->claims->document().memory() + 512;
}

TokenCache::TokenCache() {
    // The seed keeps outsiders from choosing tokens that meet in one bucket.
    std::random_device random;
    for (std::uint64_t& part : seed_)
        part = static_cast<std::uint64_t>(random()) << 32U | random() | 1U;
}

std::uint64_t TokenCache::hash(std::string_view token) const noexcept {
    std::uint64_t value = seed_[0] ^ token.size();
    const char* at = token.data();
    std::size_t left = token.size();
    for (; left >= 16; at += 16, left -= 16)
        value = mix(word(at) ^ seed_[1], word(at + 8) ^ value);
    if (left >= 8) {
        value = mix(word(at) ^ seed_[1], value ^ seed_[0]);
        at += 8;
        left -= 8;
    }
    return mix(word(at, left) ^ seed_[1], value ^ 0x9e3779b97f4a7c15U);
}

TokenCache::Entries::iterator TokenCache::Shard::find(std::uint64_t hash,
                                                      std::string_view token) {
    const auto [first, last] = by_hash.equal_range(hash);
    for (auto at = first; at != last; ++at)
        if (at->second->token == token) return at->second;
    return entries.end();
}

void TokenCache::Shard::erase(Entries::iterator entry) {
    const auto [first, last] = by_hash.equal_range(entry->hash);
    for (auto at = first; at != last; ++at) {
        if (at->second != entry) continue;
        by_hash.erase(at);
        break;
    }
    memory -= entry->memory();
    entries.erase(entry);
}

std::shared_ptr<const KnownToken> TokenCache::find(std::string_view token) {
    const std::uint64_t key = hash(token);
    Shard& part = shard(key);
    const std::lock_guard lock{part.mutex};
    const auto entry = part.find(key, token);
    if (entry == part.entries.end()) return nullptr;
    part.entries.splice(part.entries.begin(), part.entries, entry);
    return entry->known;
}

void TokenCache::insert(std::string_view token,
                        std::shared_ptr<const KnownToken> known) {
    const std::uint64_t key = hash(token);
    Shard& part = shard(key);
    const std::lock_guard lock{part.mutex};
    if (const auto entry = part.find(key, token); entry != part.entries.end())
        part.erase(entry);
    part.entries.push_front({key, std::string{token}, std::move(known)});
    part.by_hash.emplace(key, part.entries.begin());
    part.memory += part.entries.front().memory();
    while (part.entries.size() > kEntriesPerShard || part.memory > kMemoryPerShard)
        part.erase(std::prev(part.entries.end()));
}

void TokenCache::erase(std::string_view token) {
    const std::uint64_t key = hash(token);
    Shard& part = shard(key);
    const std::lock_guard lock{part.mutex};
    if (const auto entry = part.find(key, token); entry != part.entries.end())
        part.erase(entry);
}

std::size_t TokenCache::size() const {
    std::size_t total = 0;
    for (const Shard& part : shards_) {
        const std::lock_guard lock{part.mutex};
        total += part.entries.size();
    }
    return total;
}

}  // namespace github_oidc
