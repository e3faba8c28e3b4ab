// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <optional>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// The bytes of a JSON text. All functions here rely on a NUL behind the last byte.
namespace github_oidc::json_text {

using Byte = unsigned char;

/// A character that cannot stand for itself inside a string: the closing quote, an
/// escape, a control character, or the beginning of a longer UTF-8 sequence.
constexpr bool is_special(Byte c) noexcept {
    return c < 0x20 || c == '"' || c == '\\' || c >= 0x80;
}

constexpr bool is_digit(Byte c) noexcept {
    return c >= '0' && c <= '9';
}

constexpr bool is_space(Byte c) noexcept {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// The first special character from `at` on. The NUL behind the text is one, so the
/// search ends there at the latest.
inline const Byte* find_special(const Byte* at, const Byte* end) noexcept {
#if defined(__SSE2__)
    while (end - at >= 16) {
        const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        // The comparison is signed: bytes from 0x80 on are below 0x20 too.
        const __m128i low = _mm_cmplt_epi8(block, _mm_set1_epi8(0x20));
        const __m128i quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
        const __m128i escape = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
        const __m128i special = _mm_or_si128(low, _mm_or_si128(quote, escape));
        const auto mask = static_cast<unsigned>(_mm_movemask_epi8(special));
        if (mask != 0) return at + std::countr_zero(mask);
        at += 16;
    }
#else
    static_cast<void>(end);
#endif
    while (!is_special(*at))
        ++at;
    return at;
}

/// Length of the UTF-8 sequence at `at` (RFC 3629 4), 0 where there is none. A byte is
/// looked at only after the one before it fits, so the NUL behind the text ends it.
inline unsigned utf8_length(const Byte* at) noexcept {
    const auto within = [](Byte c, Byte low, Byte high) {
        return c >= low && c <= high;
    };
    const auto tail = [&](unsigned i) { return within(at[i], 0x80, 0xbf); };
    const Byte first = at[0];
    if (first < 0x80) return 1;
    if (within(first, 0xc2, 0xdf)) return tail(1) ? 2 : 0;
    if (within(first, 0xe0, 0xef)) {
        const Byte low = first == 0xe0 ? 0xa0 : 0x80;   // no overlong forms
        const Byte high = first == 0xed ? 0x9f : 0xbf;  // no surrogates
        return within(at[1], low, high) && tail(2) ? 3 : 0;
    }
    if (within(first, 0xf0, 0xf4)) {
        const Byte low = first == 0xf0 ? 0x90 : 0x80;   // no overlong forms
        const Byte high = first == 0xf4 ? 0x8f : 0xbf;  // nothing above U+10FFFF
        return within(at[1], low, high) && tail(2) && tail(3) ? 4 : 0;
    }
    return 0;
}

/// Writes the UTF-8 form of a code point and returns the place behind it.
inline Byte* put_utf8(char32_t point, Byte* to) noexcept {
    const auto tail = [point](unsigned shift) {
        return static_cast<Byte>(0x80 | (point >> shift & 0x3f));
    };
    if (point < 0x80) {
        *to++ = static_cast<Byte>(point);
    } else if (point < 0x800) {
        *to++ = static_cast<Byte>(0xc0 | point >> 6);
        *to++ = tail(0);
    } else if (point < 0x10000) {
        *to++ = static_cast<Byte>(0xe0 | point >> 12);
        *to++ = tail(6);
        *to++ = tail(0);
    } else {
        *to++ = static_cast<Byte>(0xf0 | point >> 18);
        *to++ = tail(12);
        *to++ = tail(6);
        *to++ = tail(0);
    }
    return to;
}

/// Four hexadecimal digits, or nothing. Stops at the first byte that is none.
inline std::optional<char32_t> hexadecimal(const Byte* at) noexcept {
    char32_t unit = 0;
    for (unsigned i = 0; i < 4; ++i) {
        const Byte c = at[i];
        const Byte lower = c | 0x20;
        if (is_digit(c)) {
            unit = unit << 4 | static_cast<char32_t>(c - '0');
        } else if (lower >= 'a' && lower <= 'f') {
            unit = unit << 4 | static_cast<char32_t>(lower - 'a' + 10);
        } else {
            return std::nullopt;
        }
    }
    return unit;
}

constexpr bool is_high_surrogate(char32_t unit) noexcept {
    return unit >> 10 == 0xd800 >> 10;
}
constexpr bool is_low_surrogate(char32_t unit) noexcept {
    return unit >> 10 == 0xdc00 >> 10;
}

}  // namespace github_oidc::json_text
