// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "github_oidc/json.hpp"
#include "github_oidc/registered.hpp"

namespace github_oidc {

class Verifier;

/// The Claims Set of a token that passed every check of a Verifier. Only a Verifier
/// makes one, so code that takes it cannot be handed claims nobody verified.
/// Immutable; copies share the set.
class VerifiedClaims {
public:
    JsonValue root() const noexcept { return set_->document().root(); }
    const RegisteredClaims& registered() const noexcept { return set_->registered(); }

private:
    friend class Verifier;
    explicit VerifiedClaims(std::shared_ptr<const ClaimsSet> set)
        : set_(std::move(set)) {}

    std::shared_ptr<const ClaimsSet> set_;
};

/// Like VerifiedClaims, but `aud` is only known to be well formed. A type of its own,
/// because nothing may be allowed by it before a policy has tested the audience.
class AudienceUncheckedClaims {
public:
    JsonValue root() const noexcept { return set_->document().root(); }
    const RegisteredClaims& registered() const noexcept { return set_->registered(); }

private:
    friend class Verifier;
    explicit AudienceUncheckedClaims(std::shared_ptr<const ClaimsSet> set)
        : set_(std::move(set)) {}

    std::shared_ptr<const ClaimsSet> set_;
};

static_assert(
    !std::is_constructible_v<VerifiedClaims, std::shared_ptr<const ClaimsSet>>);
static_assert(!std::is_constructible_v<VerifiedClaims, AudienceUncheckedClaims>);

}  // namespace github_oidc
