// SPDX-License-Identifier: Apache-2.0
#include "github_oidc/verifier.hpp"

#include <cmath>
#include <utility>

namespace github_oidc {

Verifier::Verifier(HeaderRules header_rules, ClaimRules claim_rules)
    : header_rules_(std::move(header_rules)),
      claim_rules_(std::move(claim_rules)),
      known_(std::make_unique<TokenCache>()) {
    if (header_rules_.types.empty())
        throw ConfigurationError("at least one token type is required");
    claim_rules_.require_sound();
}

/// Repeats what depends on this verifier and on the key set as it is now.
bool Verifier::still_stands(const KnownToken& known, const JwkSet& keys) const {
    if (header_rules_.refuse(known.header)) return false;
    if (known.generation.load(std::memory_order_relaxed) == keys.generation())
        return true;
    const auto key = keys.select(known.header.kid, *known.header.jwa);
    if (!key || (*key)->thumbprint() != known.key) return false;
    known.generation.store(keys.generation(), std::memory_order_relaxed);
    return true;
}

Result<std::shared_ptr<const ClaimsSet>> Verifier::check(std::string_view token,
                                                         const JwkSet& keys,
                                                         double now_s) const {
    if (!std::isfinite(now_s))
        throw ConfigurationError("now is a finite number of seconds");
    if (token.size() > kMaxTokenSize) return Errc::token_too_large;
    std::shared_ptr<const KnownToken> known = known_->find(token);
    if (known && still_stands(*known, keys)) {
        const auto error =
            claim_rules_.refuse(known->claims->registered(), now_s, keys.issuer());
        if (error) return *error;
        return known->claims;
    }
    if (known) known_->erase(token);

    auto jws = verify_jws(token, keys, header_rules_);
    if (!jws) return jws.error();
    VerifiedJws& good = jws.value();
    const auto claims = ClaimsSet::read(std::move(good.payload));
    if (!claims) return claims.error();
    const std::shared_ptr<const ClaimsSet>& set = *claims;
    if (const auto error = claim_rules_.refuse(set->registered(), now_s, keys.issuer()))
        return *error;
    // Only accepted tokens are kept: anyone can have valid ones made for elsewhere.
    known_->insert(
        token, std::make_shared<const KnownToken>(std::move(good.header), good.key, set,
                                                  keys.generation()));
    return set;
}

Result<VerifiedClaims> Verifier::verify(std::string_view token, const JwkSet& keys,
                                        double now_s) const {
    if (audience_from_policy())
        throw ConfigurationError("this verifier leaves the audience to a policy");
    auto set = check(token, keys, now_s);
    if (!set) return set.error();
    return VerifiedClaims{std::move(set).value()};
}

Result<AudienceUncheckedClaims> Verifier::verify_for_policy(std::string_view token,
                                                            const JwkSet& keys,
                                                            double now_s) const {
    if (!audience_from_policy())
        throw ConfigurationError("this verifier has audiences of its own");
    auto set = check(token, keys, now_s);
    if (!set) return set.error();
    return AudienceUncheckedClaims{std::move(set).value()};
}

}  // namespace github_oidc
