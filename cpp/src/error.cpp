// SPDX-License-Identifier: Apache-2.0
#include "github_oidc/error.hpp"

#include <array>

namespace github_oidc {
namespace {

constexpr std::array kReasons{
#define GITHUB_OIDC_REASON(code, group, source, message) \
    Reason{#code, #group, source, message},
#include "github_oidc/errc.def"
#undef GITHUB_OIDC_REASON
};

}  // namespace

std::span<const Reason> reasons() noexcept {
    return kReasons;
}

const Reason& reason(Errc code) noexcept {
    return kReasons[static_cast<std::size_t>(code)];
}

}  // namespace github_oidc
