// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "github_oidc/claims.hpp"
#include "github_oidc/error.hpp"
#include "github_oidc/jwk_set.hpp"
#include "github_oidc/jws.hpp"
#include "github_oidc/registered.hpp"
#include "github_oidc/token_cache.hpp"

namespace github_oidc {

/// Verifies ID Tokens (OpenID Connect Core 3.1.3.7, RFC 7519 7.2) under fixed rules.
///
/// The order is size, shape, base64url, JOSE header, key, signature, payload, claims;
/// no claim is looked at before the signature holds. Threads may share a verifier.
/// It remembers the tokens that it accepted, for their signature only: every other
/// check runs each time, and another key set has to offer the same key again.
class Verifier {
public:
    /// @throws ConfigurationError for rules that are missing or contradict each other.
    Verifier(HeaderRules header_rules, ClaimRules claim_rules);

    /// @param now_s seconds since 1970, with fractions.
    /// @throws ConfigurationError when now_s is not finite, or when the audience was
    ///   left to a policy.
    Result<VerifiedClaims> verify(std::string_view token, const JwkSet& keys,
                                  double now_s) const;

    /// For a verifier whose audience is left to a policy.
    ///
    /// @throws ConfigurationError when now_s is not finite, or the verifier has
    ///   audiences of its own.
    Result<AudienceUncheckedClaims> verify_for_policy(std::string_view token,
                                                      const JwkSet& keys,
                                                      double now_s) const;

    bool audience_from_policy() const noexcept { return !claim_rules_.audiences; }

private:
    Result<std::shared_ptr<const ClaimsSet>> check(std::string_view token,
                                                   const JwkSet& keys,
                                                   double now_s) const;
    bool still_stands(const KnownToken& known, const JwkSet& keys) const;

    HeaderRules header_rules_;
    ClaimRules claim_rules_;
    std::unique_ptr<TokenCache> known_;
};

}  // namespace github_oidc
