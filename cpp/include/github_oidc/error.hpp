// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <variant>

namespace github_oidc {

/// Every reason for a refusal; the rows of errc.def.
enum class Errc : std::uint8_t {
#define GITHUB_OIDC_REASON(code, group, source, message) code,
#include "github_oidc/errc.def"
#undef GITHUB_OIDC_REASON
};

/// One row of errc.def, for people and for programs.
struct Reason {
    std::string_view code;
    std::string_view group;
    std::string_view source;
    std::string_view message;
};

/// All rows, in the order of the enumerators.
std::span<const Reason> reasons() noexcept;

/// The row of one reason.
const Reason& reason(Errc code) noexcept;

/// Why a token or a key set is refused.
///
/// `claim` names the claim, header parameter or segment at fault. It is always a
/// string literal of this library and never text from the input, so that an error
/// can be shown and logged without another thought.
struct Error {
    Errc code;
    std::string_view claim{};
    /// Seconds by which a time check was missed; NaN where no time was involved.
    double off_by_s = std::numeric_limits<double>::quiet_NaN();
};

/// A value or the reason why there is none. Refusals are ordinary values here;
/// exceptions are for settings that make no sense.
template <class T>
class [[nodiscard]] Result {
public:
    Result(T value) : state_(std::move(value)) {}
    Result(Error error) : state_(error) {}
    Result(Errc code, std::string_view claim = {}) : state_(Error{code, claim}) {}

    explicit operator bool() const noexcept { return state_.index() == 0; }

    /// The value. Calling this on a refusal throws std::bad_variant_access.
    const T& value() const& { return std::get<0>(state_); }
    T& value() & { return std::get<0>(state_); }
    T&& value() && { return std::get<0>(std::move(state_)); }
    const T* operator->() const { return &std::get<0>(state_); }
    const T& operator*() const& { return std::get<0>(state_); }

    /// The refusal. Calling this on a value throws std::bad_variant_access.
    const Error& error() const { return std::get<1>(state_); }

private:
    std::variant<T, Error> state_;
};

/// A setting that is missing, contradicts another or could mean "anyone".
class ConfigurationError : public std::invalid_argument {
    using std::invalid_argument::invalid_argument;
};

}  // namespace github_oidc
