// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace github_oidc::base64url {

/// Bytes that `size` characters decode to; meaningful for valid lengths only.
constexpr std::size_t decoded_size(std::size_t size) noexcept {
    return size / 4 * 3 + (size % 4 == 0 ? 0 : size % 4 - 1);
}

/// Decodes strict base64url (RFC 4648 5, RFC 7515 2) into `out`.
///
/// Refused: padding, white space, `+`, `/`, any byte outside the alphabet, a length
/// of 1 modulo 4, and unused bits that are not zero (RFC 4648 3.5), so that one text
/// is the only spelling of its bytes. Does not allocate.
///
/// @param out at least decoded_size(text.size()) bytes; never written past that. What
///     a refused text leaves in it has no meaning.
/// @return the number of bytes written, or nothing when the text is refused or `out`
///     is too small.
std::optional<std::size_t> decode(std::string_view text,
                                  std::span<unsigned char> out) noexcept;

/// The same into a string of its own.
std::optional<std::string> decode(std::string_view text);

/// Encodes without padding.
std::string encode(std::span<const unsigned char> bytes);

}  // namespace github_oidc::base64url
