// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "github_oidc/error.hpp"
#include "github_oidc/json.hpp"

namespace github_oidc {

/// The longest age that may stand in for `exp` under accept_expired: a job of GitHub
/// ends after six hours.
inline constexpr double kMaxAgeOfExpired = 6 * 3600.0;

/// The largest leeway beside it, since a larger one would undo that bound.
inline constexpr double kMaxLeewayOfExpired = 600;

/// NumericDates beyond this are refused, so that arithmetic on them stays exact.
inline constexpr double kMaxNumericDate = 9007199254740992.0;  // 2^53

/// The registered claims (RFC 7519 4.1) of a Claims Set, present and well typed.
/// Views into the document they were read from.
struct RegisteredClaims {
    std::string_view iss;
    std::string_view sub;
    JsonValue aud;  ///< a string, or an array of strings only
    double exp;     ///< NumericDate: seconds, fractions kept
    double iat;
    std::optional<double> nbf;
    std::optional<std::string_view> jti;
};

/// A Claims Set with its registered claims read. Lives behind a pointer, because the
/// claims are views into the document.
class ClaimsSet {
public:
    /// Requires `iss`, `sub`, `aud`, `exp`, `iat` (OpenID Connect Core 2) and strict
    /// types; `nbf` and `jti` may be absent.
    ///
    /// @return not_an_object, missing_claim or malformed_claim, naming the claim, or
    ///   what the JSON reader refuses.
    static Result<std::shared_ptr<const ClaimsSet>> read(std::string payload);

    const JsonDocument& document() const noexcept { return document_; }
    const RegisteredClaims& registered() const noexcept { return *registered_; }

private:
    explicit ClaimsSet(JsonDocument document) : document_(std::move(document)) {}

    JsonDocument document_;
    std::optional<RegisteredClaims> registered_;
};

/// What a verifier wants of the registered claims.
struct ClaimRules {
    std::vector<std::string> issuers;
    /// Nothing: the audience is left to a policy.
    std::optional<std::vector<std::string>> audiences;
    bool allow_other_audiences = false;
    double leeway_s = 30;
    std::optional<double> max_age_s;
    /// The age by `iat` stands in for `exp`; needs max_age_s.
    bool accept_expired = false;

    /// @throws ConfigurationError for settings that are missing, not finite, negative,
    ///   or that contradict each other.
    void require_sound() const;

    /// Checks issuer, audience and times at `now_s`, in this order.
    ///
    /// @param bound_issuer the issuer of the key set, when the set has one.
    /// @return nothing when all hold.
    std::optional<Error> refuse(const RegisteredClaims& claims, double now_s,
                                std::string_view bound_issuer) const;
};

}  // namespace github_oidc
