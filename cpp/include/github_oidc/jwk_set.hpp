// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "github_oidc/error.hpp"
#include "github_oidc/jwa.hpp"
#include "github_oidc/jwk.hpp"

namespace github_oidc {

/// GitHub's set has about 5 KiB; anything near this limit is not a key set.
inline constexpr std::size_t kMaxKeySetSize = std::size_t{256} * 1024;
inline constexpr std::size_t kMaxKeys = 100;

/// The usable keys of a JWK Set (RFC 7517 5). Immutable; share it by pointer.
class JwkSet {
public:
    /// Reads a set. Keys that cannot be used are skipped and remembered by their kid,
    /// the others work. Refused as a whole: text that is not strict JSON, no array
    /// `keys`, more than kMaxKeys keys, and a set without a usable key.
    ///
    /// @param issuer when not empty, the set verifies tokens of this issuer only,
    ///   whatever other issuers a verifier accepts.
    static Result<JwkSet> parse(std::string text, std::string issuer = {});

    /// Usable keys.
    std::size_t size() const noexcept { return usable_; }

    const std::string& issuer() const noexcept { return issuer_; }

    /// Unique to each parsed set of the process; what was concluded from another
    /// generation has to be concluded again.
    std::uint64_t generation() const noexcept { return generation_; }

    /// The one key for a token.
    ///
    /// With a kid: the key of exactly that name that fits the algorithm. Without:
    /// the only key of the set that fits (OpenID Connect Core 10.1).
    ///
    /// @return unknown_key, unusable_key, key_mismatch or ambiguous_key otherwise.
    Result<const Jwk*> select(std::optional<std::string_view> kid,
                              const Jwa& row) const;

    /// The kids of the usable keys, in the set's order; empty text for a key without.
    std::vector<std::string> kids() const;

private:
    struct Entry {
        std::optional<std::string> kid;
        Result<Jwk> key;
    };

    JwkSet(std::vector<Entry> entries, std::string issuer);

    std::vector<Entry> entries_;
    std::string issuer_;
    std::size_t usable_ = 0;
    std::uint64_t generation_;
};

}  // namespace github_oidc
