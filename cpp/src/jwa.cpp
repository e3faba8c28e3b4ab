// SPDX-License-Identifier: Apache-2.0
#include "github_oidc/jwa.hpp"

#include <string>

#include "github_oidc/error.hpp"

namespace github_oidc {

AlgorithmSet AlgorithmSet::of(std::span<const std::string_view> names) {
    if (names.empty())
        throw ConfigurationError("at least one signature algorithm is required");
    AlgorithmSet set;
    for (const std::string_view name : names) {
        const Jwa* row = find_jwa(name);
        if (row == nullptr)
            throw ConfigurationError(
                "a signature algorithm is unknown; the known ones are RS256, RS384, "
                "RS512, PS256, "
                "PS384, PS512, ES256, ES384, ES512, EdDSA and Ed25519");
        set.rows_ |= 1U << index_of(*row);
    }
    return set;
}

}  // namespace github_oidc
