// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <string_view>

namespace github_oidc {

/// The times of the JWKS cache, all in seconds.
namespace freshness {
inline constexpr double kMinLife = 60;           ///< a shorter `max-age` counts as this
inline constexpr double kMaxLife = 3600;         ///< a longer one as this
inline constexpr double kDefaultLife = 300;      ///< without a `max-age`
inline constexpr double kRefreshShare = 0.8;     ///< of life, then a refresh is due
inline constexpr double kUsableAge = 24 * 3600;  ///< older keys are never used
inline constexpr double kCooldown = 30;     ///< between fetches while there are keys
inline constexpr double kFirstBackOff = 1;  ///< after a failed fetch without keys
inline constexpr double kMaxBackOff = 30;   ///< what doubling it ends at
inline constexpr double kFetchLease =
    30;  ///< an unreported fetch then counts as failed
inline constexpr double kMetadataLife = 24 * 3600;
inline constexpr double kMetadataUsableAge = 48 * 3600;
}  // namespace freshness

/// What a request does next.
enum class KeyAnswer : std::uint8_t {
    use,          ///< verify with the keys at hand
    refresh,      ///< the same, and have a fetch made in the background
    wait,         ///< wait for the one fetch that all requests share, then ask again
    refuse,       ///< the key is unknown, and the issuer was asked lately: 401
    unavailable,  ///< keys cannot be had at the moment: 503
};

/// The enumerator's name.
std::string_view name_of(KeyAnswer answer) noexcept;

/// An answer and, with `unavailable`, the seconds after which trying again makes sense.
struct KeyDecision {
    KeyAnswer answer;
    double retry_after_s = 0;
};

/// Decides when an issuer's JWK Set is fetched and how long it is used.
///
/// A state machine without I/O, without a clock and without keys: the caller holds the
/// last good set and passes `now`, seconds of a monotonic clock, with every call. When
/// that clock steps back, all times kept here step with it, so that nothing stays fresh
/// or in its cooldown for longer. A `now` that is not finite counts as the latest one.
/// Any thread may call any member.
///
/// One round: ask for_request() or for_unknown_key(); on `refresh` and `wait` call
/// begin_fetch(), and where it says true fetch and report with fetch_succeeded() or
/// fetch_failed(). Whoever is told `wait` waits for that report.
///
/// | keys | fetch | request, known key | request, unknown key |
/// |---|---|---|---|
/// | none | under way, or allowed | wait | wait |
/// | none | backing off | unavailable | unavailable |
/// | under 80 % of life | under way, or past the cooldown | use | wait |
/// | older | past the cooldown | refresh | wait |
/// | any | in the cooldown, last one succeeded | use | refuse |
/// | any | in the cooldown, last one failed | use | unavailable |
class KeySetFreshness {
public:
    /// A request arrives; whether its key is known is not known yet.
    KeyDecision for_request(double now);

    /// A request's key is not in the set of `generation`.
    ///
    /// @return `use` when a newer set has come meanwhile.
    KeyDecision for_unknown_key(double now, std::uint64_t generation);

    /// True for exactly one caller, who then fetches and reports; false while a fetch
    /// is under way, in the cooldown and while backing off.
    bool begin_fetch(double now);

    /// A good set has come. An empty or invalid one is a failure, not a success.
    ///
    /// @param max_age_s of the response, clamped to kMinLife..kMaxLife; without one the
    ///     set lives for kDefaultLife.
    void fetch_succeeded(double now, std::optional<double> max_age_s);

    /// The fetch brought no good set.
    void fetch_failed(double now);

    /// Seconds until a refresh of the keys at hand is due; zero without keys.
    double refresh_in(double now);

    /// Seconds until a request could start another fetch, which may be zero.
    double retry_in(double now);

    /// Seconds since the set came; nothing without a usable set.
    std::optional<double> age(double now);

    /// There are usable keys, but past their life: fetches fail, or nobody asked.
    bool stale(double now);

    /// Number of good sets so far.
    std::uint64_t generation() const;

    /// Provider metadata is read before the keys of this fetch: it was never read, is
    /// older than kMetadataLife, or is in doubt.
    bool metadata_due(double now);

    /// The last good metadata may stand in where reading it again fails.
    bool metadata_usable(double now);

    void metadata_succeeded(double now);

    /// The metadata's `jwks_uri` answers 404. (A key that it lacks raises the same
    /// doubt, and for_unknown_key() sees to that.)
    void doubt_metadata();

private:
    static constexpr double kNever = -std::numeric_limits<double>::infinity();

    double advance(double now);
    bool has_keys(double t) const;
    bool fetching(double t);
    void fail(double t);
    KeyDecision cold(double t);

    mutable std::mutex mutex_;
    double latest_ = kNever;
    double keys_at_ = kNever;
    double life_ = freshness::kDefaultLife;
    double next_fetch_at_ = kNever;
    double fetch_began_at_ = kNever;
    double metadata_at_ = kNever;
    double back_off_ = freshness::kFirstBackOff;
    std::uint64_t generation_ = 0;
    bool fetching_ = false;
    bool last_fetch_failed_ = false;
    bool metadata_in_doubt_ = false;
};

/// The `max-age` of a Cache-Control field value (RFC 9111 5.2.2.1), in seconds.
///
/// Names compare without case, quoted values are read, the smallest of several counts,
/// and one that is not a number of seconds is passed over.
std::optional<double> max_age_of(std::string_view cache_control);

}  // namespace github_oidc
