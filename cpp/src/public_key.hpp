// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "github_oidc/jwa.hpp"
#include "openssl.hpp"

namespace github_oidc {

inline constexpr int kMinRsaBits = 2048;
inline constexpr int kMaxRsaBits = 8192;

using Bytes = std::span<const unsigned char>;

/// A checked public key with everything ready to verify: a digest context per
/// algorithm that fits. Immutable, so that threads share it; a check works on a copy
/// of the context, because OpenSSL's contexts are not made for sharing.
class PublicKey {
public:
    /// RSA with 2048 to 8192 bits and an odd exponent, 2^16 < e < 2^256
    /// (FIPS 186-5 5.1), not of the factorable form of CVE-2017-15361. Nothing for any
    /// other.
    static std::optional<PublicKey> rsa(Bytes n, Bytes e);

    /// A point on P-256, P-384 or P-521 with coordinates of full length
    /// (RFC 7518 6.2.1). Nothing for any other.
    static std::optional<PublicKey> ec(std::string_view crv, Bytes x, Bytes y);

    /// Ed25519 (RFC 8037), not of small order and in its only encoding.
    static std::optional<PublicKey> ed25519(Bytes x);

    /// Readies a row of the algorithm table. False when OpenSSL will not.
    bool prepare(const Jwa& row);

    /// Bytes of a signature by this row.
    std::size_t signature_size(const Jwa& row) const noexcept;

    enum class Verdict : unsigned char { good, bad, unavailable };

    /// Checks a signature of exactly signature_size() bytes by a prepared row.
    Verdict verify(const Jwa& row, Bytes signature, Bytes signing_input) const;

private:
    explicit PublicKey(openssl::Pkey pkey) : pkey_(std::move(pkey)) {}

    openssl::Pkey pkey_;
    std::array<openssl::MdCtx, kJwaCount> ready_;
};

}  // namespace github_oidc
