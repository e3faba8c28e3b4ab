// SPDX-License-Identifier: Apache-2.0
#include "binding.hpp"

PYBIND11_MODULE(_core, m) {
    using namespace github_oidc::binding;
    m.doc() =
        "The core of github_oidc. Not public: its types are checked by their callers.";
    bind_errors(m);
    bind_keys(m);
    bind_verifier(m);
    bind_subject(m);
    bind_freshness(m);
}
