// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace github_oidc {

enum class KeyType : std::uint8_t { rsa, ec, okp };

enum class SignatureScheme : std::uint8_t { pkcs1, pss, ecdsa, eddsa };

/// One row of the algorithm table. Everything that depends on a token's `alg` comes
/// from its row; there is no default row, no HMAC and no "none".
struct Jwa {
    std::string_view alg;  ///< RFC 7518 3.1, RFC 9864
    KeyType kty;           ///< the only key type that fits
    std::string_view crv;  ///< the only curve that fits; empty for RSA
    SignatureScheme scheme;
    const char* digest;          ///< OpenSSL's name; null where the scheme has its own
    std::size_t signature_size;  ///< bytes; 0: as long as the RSA modulus
};

inline constexpr Jwa kJwa[] = {
    {"RS256", KeyType::rsa, "", SignatureScheme::pkcs1, "SHA256", 0},
    {"RS384", KeyType::rsa, "", SignatureScheme::pkcs1, "SHA384", 0},
    {"RS512", KeyType::rsa, "", SignatureScheme::pkcs1, "SHA512", 0},
    {"PS256", KeyType::rsa, "", SignatureScheme::pss, "SHA256", 0},
    {"PS384", KeyType::rsa, "", SignatureScheme::pss, "SHA384", 0},
    {"PS512", KeyType::rsa, "", SignatureScheme::pss, "SHA512", 0},
    {"ES256", KeyType::ec, "P-256", SignatureScheme::ecdsa, "SHA256", 64},
    {"ES384", KeyType::ec, "P-384", SignatureScheme::ecdsa, "SHA384", 96},
    {"ES512", KeyType::ec, "P-521", SignatureScheme::ecdsa, "SHA512", 132},
    {"EdDSA", KeyType::okp, "Ed25519", SignatureScheme::eddsa, nullptr, 64},
    {"Ed25519", KeyType::okp, "Ed25519", SignatureScheme::eddsa, nullptr, 64},
};

inline constexpr std::size_t kJwaCount = std::size(kJwa);

/// The row of an algorithm by its exact name (RFC 7515 4.1.1); null where there is
/// none.
constexpr const Jwa* find_jwa(std::string_view alg) noexcept {
    for (const Jwa& row : kJwa)
        if (row.alg == alg) return &row;
    return nullptr;
}

/// The position of a row in the table.
constexpr std::size_t index_of(const Jwa& row) noexcept {
    return static_cast<std::size_t>(&row - kJwa);
}

/// An allowlist of algorithms (RFC 8725 3.1). An empty one allows nothing.
class AlgorithmSet {
public:
    /// @throws ConfigurationError for an empty list and for names without a row.
    static AlgorithmSet of(std::span<const std::string_view> names);
    static AlgorithmSet of(std::initializer_list<std::string_view> names) {
        return of(std::span{names.begin(), names.size()});
    }

    constexpr bool contains(const Jwa& row) const noexcept {
        return (rows_ >> index_of(row) & 1U) != 0;
    }

private:
    std::uint32_t rows_ = 0;
};

}  // namespace github_oidc
