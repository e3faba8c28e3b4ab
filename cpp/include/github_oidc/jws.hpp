// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "github_oidc/error.hpp"
#include "github_oidc/jwa.hpp"
#include "github_oidc/jwk_set.hpp"

namespace github_oidc {

/// Limits in characters, checked before anything else. A token of GitHub has about
/// 2,200; RSA of 8192 bits makes a signature of 1,366.
inline constexpr std::size_t kMaxTokenSize = std::size_t{16} * 1024;
inline constexpr std::size_t kMaxHeaderSize = std::size_t{8} * 1024;
inline constexpr std::size_t kMaxSignatureSize = 1366;

/// The JOSE header of an acceptable form (RFC 7515 4). Only these are ever read;
/// `jku`, `jwk`, `x5u`, `x5c` and `x5t` are never a source of keys.
struct JoseHeader {
    const Jwa* jwa = nullptr;        ///< null: an algorithm without a row
    std::optional<std::string> kid;  ///< compared exactly, used only as a look-up key
    std::optional<std::string> typ;

    /// Refused: not an object, `alg` missing, `kid` or `typ` that are no text, any
    /// `crit`, `b64` other than true, `zip`, and `cty` JWT.
    static Result<JoseHeader> parse(std::string text);
};

/// What a verifier wants of a header.
struct HeaderRules {
    AlgorithmSet algorithms;
    /// Accepted `typ` values, without case; an absent `typ` counts as "JWT".
    std::vector<std::string> types{"JWT"};

    /// Nothing when the header passes, else algorithm_not_allowed or unexpected_type.
    std::optional<Error> refuse(const JoseHeader& header) const;
};

/// A JWS whose signature holds.
struct VerifiedJws {
    JoseHeader header;
    Thumbprint key;
    std::string payload;
};

/// Verifies a JWS in Compact Serialization (RFC 7515 5.2, 7.1). The payload is not
/// looked at; whoever takes its claims uses a Verifier.
Result<VerifiedJws> verify_jws(std::string_view token, const JwkSet& keys,
                               const HeaderRules& rules);

}  // namespace github_oidc
