// SPDX-License-Identifier: Apache-2.0
#include "github_oidc/base64url.hpp"

#include <array>
#include <cstdint>

namespace github_oidc::base64url {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Set in the entry of every byte outside the alphabet; a group's bytes stay below it.
constexpr std::uint32_t kInvalid = 0x8000'0000;

using Table = std::array<std::uint32_t, 256>;

/// What the character at `position` of a group of four adds to the group's three
/// bytes, the first of which is the lowest: a group is four look-ups and three ors.
constexpr Table table(unsigned position) {
    Table entries{};
    entries.fill(kInvalid);
    for (std::uint32_t sextet = 0; sextet < kAlphabet.size(); ++sextet) {
        const std::uint32_t group = sextet << (18 - 6 * position);
        entries[static_cast<unsigned char>(kAlphabet[sextet])] =
            group >> 16 | (group & 0xff00) | (group & 0xff) << 16;
    }
    return entries;
}

constexpr std::array<Table, 4> kTables{table(0), table(1), table(2), table(3)};

constexpr std::uint32_t entry(unsigned position, char character) noexcept {
    return kTables[position][static_cast<unsigned char>(character)];
}

constexpr std::uint32_t group_of_four(const char* text) noexcept {
    return entry(0, text[0]) | entry(1, text[1]) | entry(2, text[2]) |
           entry(3, text[3]);
}

constexpr unsigned char byte(std::uint32_t group, unsigned index) noexcept {
    return static_cast<unsigned char>(group >> (8 * index));
}

}  // namespace

std::optional<std::size_t> decode(std::string_view text,
                                  std::span<unsigned char> out) noexcept {
    const std::size_t size = decoded_size(text.size());
    const std::size_t rest = text.size() % 4;
    if (rest == 1 || out.size() < size) return std::nullopt;

    const char* in = text.data();
    const char* const groups_end = in + (text.size() - rest);
    unsigned char* to = out.data();
    std::uint32_t seen = 0;
    // Four bytes are stored for three, as one store; the next group overwrites the
    // fourth, so the last group has to go without.
    for (; groups_end - in > 4; in += 4, to += 3) {
        const std::uint32_t group = group_of_four(in);
        seen |= group;
        for (unsigned i = 0; i < 4; ++i)
            to[i] = byte(group, i);
    }
    if (in != groups_end) {
        const std::uint32_t group = group_of_four(in);
        seen |= group;
        for (unsigned i = 0; i < 3; ++i)
            *to++ = byte(group, i);
        in += 4;
    }
    if (rest != 0) {
        std::uint32_t group = entry(0, in[0]) | entry(1, in[1]);
        if (rest == 3) group |= entry(2, in[2]);
        seen |= group;
        for (unsigned i = 0; i + 1 < rest; ++i)
            *to++ = byte(group, i);
        // The bits past the last whole byte.
        if (byte(group, static_cast<unsigned>(rest - 1)) != 0) return std::nullopt;
    }
    if ((seen & kInvalid) != 0) return std::nullopt;
    return size;
}

std::optional<std::string> decode(std::string_view text) {
    std::string bytes(decoded_size(text.size()), '\0');
    auto* const out = reinterpret_cast<unsigned char*>(bytes.data());
    if (!decode(text, {out, bytes.size()})) return std::nullopt;
    return bytes;
}

std::string encode(std::span<const unsigned char> bytes) {
    std::string text;
    text.reserve((bytes.size() * 4 + 2) / 3);
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const unsigned char value : bytes) {
        bits = bits << 8 | value;
        for (held += 8; held >= 6; held -= 6) {
            text.push_back(kAlphabet[bits >> (held - 6) & 0x3f]);
        }
    }
    if (held != 0) text.push_back(kAlphabet[bits << (6 - held) & 0x3f]);
    return text;
}

}  // namespace github_oidc::base64url
