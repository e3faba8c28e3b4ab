// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>

namespace github_oidc {

/// Keyed hash of member names. Its key is drawn once per process, so that nobody can
/// choose names that collide and turn the search for duplicates quadratic.
class NameHash {
public:
    NameHash(std::uint64_t first, std::uint64_t second) noexcept
        : first_(first), second_(second) {}

    static const NameHash& of_this_process() {
        static const NameHash hash = [] {
            std::random_device entropy;
            const auto draw = [&entropy] {
                return static_cast<std::uint64_t>(entropy()) << 32 | entropy();
            };
            return NameHash{draw(), draw()};
        }();
        return hash;
    }

    std::size_t operator()(const unsigned char* name, std::size_t size) const noexcept {
        std::uint64_t state = first_ + size;
        std::size_t at = 0;
        for (; size - at > 16; at += 16) {
            state = mix(state ^ word<8>(name + at), second_ ^ word<8>(name + at + 8));
        }
        // The last 1 to 16 bytes, as two words that may overlap.
        name += at;
        size -= at;
        std::uint64_t low = 0;
        std::uint64_t high = 0;
        if (size >= 8) {
            low = word<8>(name);
            high = word<8>(name + size - 8);
        } else if (size >= 4) {
            low = word<4>(name);
            high = word<4>(name + size - 4);
        } else if (size > 0) {
            low = static_cast<std::uint64_t>(name[0]) << 8 | name[size / 2];
            high = name[size - 1];
        }
        return static_cast<std::size_t>(mix(state ^ low, second_ ^ high));
    }

private:
    template <std::size_t Size>
    static std::uint64_t word(const unsigned char* at) noexcept {
        std::uint64_t value = 0;
        std::memcpy(&value, at, Size);
        return value;
    }

    static std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
        __extension__ using Wide = unsigned __int128;
        const Wide product = static_cast<Wide>(a) * b;
        return static_cast<std::uint64_t>(product) ^
               static_cast<std::uint64_t>(product >> 64);
    }

    std::uint64_t first_;
    std::uint64_t second_;
};

}  // namespace github_oidc
