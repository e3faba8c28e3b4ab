// SPDX-License-Identifier: Apache-2.0
#include "github_oidc/freshness.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace github_oidc {

using namespace freshness;

namespace {

// Two threads may pass their clock readings in the wrong order. Were such small
// inversions taken for a clock that was set, time would run fast.
constexpr double kInversion = 1;

constexpr std::array<std::string_view, 5> kAnswerNames{
    "use", "refresh", "wait", "refuse", "unavailable",
};

}  // namespace

std::string_view name_of(KeyAnswer answer) noexcept {
    return kAnswerNames[static_cast<std::size_t>(answer)];
}

double KeySetFreshness::advance(double now) {
    if (!std::isfinite(now)) {
        now = std::isfinite(latest_) ? latest_ : 0;
    }
    const double step_back = latest_ - now;
    if (step_back > kInversion) {
        for (double* stamp :
             {&keys_at_, &next_fetch_at_, &fetch_began_at_, &metadata_at_}) {
            *stamp -= step_back;
        }
        latest_ = now;
    }
    return latest_ = std::max(latest_, now);
}

bool KeySetFreshness::has_keys(double t) const {
    return t - keys_at_ < kUsableAge;
}

bool KeySetFreshness::fetching(double t) {
    if (fetching_ && t - fetch_began_at_ >= kFetchLease) {
        fail(t);
    }
    return fetching_;
}

void KeySetFreshness::fail(double t) {
    fetching_ = false;
    last_fetch_failed_ = true;
    next_fetch_at_ = t + (has_keys(t) ? kCooldown : back_off_);
    back_off_ = std::min(2 * back_off_, kMaxBackOff);
}

KeyDecision KeySetFreshness::cold(double t) {
    if (fetching(t) || t >= next_fetch_at_) {
        return {KeyAnswer::wait};
    }
    return {KeyAnswer::unavailable, next_fetch_at_ - t};
}

KeyDecision KeySetFreshness::for_request(double now) {
    const std::lock_guard lock(mutex_);
    const double t = advance(now);
    if (!has_keys(t)) {
        return cold(t);
    }
    const bool due = t - keys_at_ >= kRefreshShare * life_;
    if (due && !fetching(t) && t >= next_fetch_at_) {
        return {KeyAnswer::refresh};
    }
    return {KeyAnswer::use};
}

KeyDecision KeySetFreshness::for_unknown_key(double now, std::uint64_t generation) {
    const std::lock_guard lock(mutex_);
    const double t = advance(now);
    if (!has_keys(t)) {
        return cold(t);
    }
    if (generation != generation_) {
        return {KeyAnswer::use};
    }
    if (fetching(t) || t >= next_fetch_at_) {
        metadata_in_doubt_ = true;
        return {KeyAnswer::wait};
    }
    if (last_fetch_failed_) {
        return {KeyAnswer::unavailable, next_fetch_at_ - t};
    }
    return {KeyAnswer::refuse};
}

bool KeySetFreshness::begin_fetch(double now) {
    const std::lock_guard lock(mutex_);
    const double t = advance(now);
    if (fetching(t) || t < next_fetch_at_) {
        return false;
    }
    fetching_ = true;
    fetch_began_at_ = t;
    return true;
}

void KeySetFreshness::fetch_succeeded(double now, std::optional<double> max_age_s) {
    const std::lock_guard lock(mutex_);
    const double t = advance(now);
    const bool given = max_age_s && !std::isnan(*max_age_s);
    life_ = given ? std::clamp(*max_age_s, kMinLife, kMaxLife) : kDefaultLife;
    keys_at_ = t;
    next_fetch_at_ = t + kCooldown;
    back_off_ = kFirstBackOff;
    fetching_ = false;
    last_fetch_failed_ = false;
    ++generation_;
}

void KeySetFreshness::fetch_failed(double now) {
    const std::lock_guard lock(mutex_);
    const double t = advance(now);
    // A report after the lease has run out would be counted twice.
    if (fetching_) {
        fail(t);
    }
}

double KeySetFreshness::refresh_in(double now) {
    const std::lock_guard lock(mutex_);
    const double t = advance(now);
    return std::max(0.0, keys_at_ + kRefreshShare * life_ - t);
}

double KeySetFreshness::retry_in(double now) {
    const std::lock_guard lock(mutex_);
    const double t = advance(now);
    return std::max(0.0, next_fetch_at_ - t);
}

std::optional<double> KeySetFreshness::age(double now) {
    const std::lock_guard lock(mutex_);
    const double t = advance(now);
    return has_keys(t) ? std::optional(t - keys_at_) : std::nullopt;
}

bool KeySetFreshness::stale(double now) {
    const std::lock_guard lock(mutex_);
    const double t = advance(now);
    return has_keys(t) && t - keys_at_ >= life_;
}

std::uint64_t KeySetFreshness::generation() const {
    const std::lock_guard lock(mutex_);
    return generation_;
}

bool KeySetFreshness::metadata_due(double now) {
    const std::lock_guard lock(mutex_);
    return metadata_in_doubt_ || advance(now) - metadata_at_ >= kMetadataLife;
}

bool KeySetFreshness::metadata_usable(double now) {
    const std::lock_guard lock(mutex_);
    return advance(now) - metadata_at_ < kMetadataUsableAge;
}

void KeySetFreshness::metadata_succeeded(double now) {
    const std::lock_guard lock(mutex_);
    metadata_at_ = advance(now);
    metadata_in_doubt_ = false;
}

void KeySetFreshness::doubt_metadata() {
    const std::lock_guard lock(mutex_);
    metadata_in_doubt_ = true;
}

namespace {

constexpr std::string_view kSpace = " \t";

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(kSpace);
    if (first == text.npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool equals_without_case(std::string_view text, std::string_view lower) {
    return std::ranges::equal(text, lower, [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
}

/// Cuts the first list member off; commas inside a quoted string do not count.
std::string_view next_directive(std::string_view& rest) {
    bool quoted = false;
    std::size_t end = 0;
    for (; end < rest.size() && (quoted || rest[end] != ','); ++end) {
        if (rest[end] == '"') {
            quoted = !quoted;
        } else if (quoted && rest[end] == '\\') {
            ++end;
        }
    }
    end = std::min(end, rest.size());
    const auto directive = trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return directive;
}

std::optional<double> delta_seconds(std::string_view text) {
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
        text = text.substr(1, text.size() - 2);
    }
    if (text.empty()) {
        return std::nullopt;
    }
    double seconds = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        // More than RFC 9111 1.2.2 asks a recipient to tell apart.
        seconds = std::min(seconds * 10 + (c - '0'), 2147483648.0);
    }
    return seconds;
}

}  // namespace

std::optional<double> max_age_of(std::string_view cache_control) {
    std::optional<double> smallest;
    while (!cache_control.empty()) {
        const auto directive = next_directive(cache_control);
        const auto equals = directive.find('=');
        if (equals == directive.npos ||
            !equals_without_case(directive.substr(0, equals), "max-age")) {
            continue;
        }
        if (const auto seconds = delta_seconds(directive.substr(equals + 1))) {
            smallest = std::min(smallest.value_or(*seconds), *seconds);
        }
    }
    return smallest;
}

}  // namespace github_oidc
