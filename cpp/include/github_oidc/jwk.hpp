// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "github_oidc/error.hpp"
#include "github_oidc/json.hpp"
#include "github_oidc/jwa.hpp"

namespace github_oidc {

class PublicKey;

/// SHA-256 of the canonical members (RFC 7638): the identity of a key.
using Thumbprint = std::array<unsigned char, 32>;

/// A checked public key out of a JWK Set (RFC 7517), bound to what the JWK says it is
/// for. Immutable, copies share the key.
class Jwk {
public:
    /// Reads one JWK. Refused: symmetric and unknown key types, members that are
    /// missing, of the wrong type, not base64url or named twice, keys too weak or off
    /// the curve, private members, `use` and `key_ops` that exclude verification.
    /// `x5c` and `x5u` are not read: n and e count (RFC 7517 4.7).
    static Result<Jwk> from_json(JsonValue jwk);

    KeyType kty() const noexcept { return kty_; }
    const Thumbprint& thumbprint() const noexcept { return thumbprint_; }

    /// Whether key type, curve and the JWK's own `alg` agree with an algorithm.
    bool fits(const Jwa& row) const noexcept {
        return (rows_ >> index_of(row) & 1U) != 0;
    }

    /// Checks a signature by an algorithm that fits.
    ///
    /// @return nothing when it holds; malformed_signature for a wrong length,
    ///   invalid_signature, or crypto_unavailable when OpenSSL fails.
    std::optional<Error> verify(const Jwa& row,
                                std::span<const unsigned char> signature,
                                std::span<const unsigned char> signing_input) const;

private:
    Jwk(KeyType kty, std::uint32_t rows, const Thumbprint& thumbprint,
        std::shared_ptr<const PublicKey> key)
        : kty_(kty), rows_(rows), thumbprint_(thumbprint), key_(std::move(key)) {}

    KeyType kty_;
    std::uint32_t rows_;
    Thumbprint thumbprint_;
    std::shared_ptr<const PublicKey> key_;
};

}  // namespace github_oidc
