// SPDX-License-Identifier: Apache-2.0
#include "github_oidc/freshness.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <optional>
#include <ostream>
#include <thread>
#include <vector>

namespace github_oidc {

void PrintTo(KeyAnswer answer, std::ostream* out) {
    *out << name_of(answer);
}

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kHour = 3600;
constexpr double kDay = 24 * kHour;

class Freshness : public testing::Test {
protected:
    KeyAnswer request(double now) { return keys.for_request(now).answer; }

    KeyAnswer unknown(double now) {
        return keys.for_unknown_key(now, keys.generation()).answer;
    }

    void fetch(double now, std::optional<double> max_age_s = std::nullopt) {
        ASSERT_TRUE(keys.begin_fetch(now));
        keys.fetch_succeeded(now, max_age_s);
    }

    void fail(double now) {
        ASSERT_TRUE(keys.begin_fetch(now));
        keys.fetch_failed(now);
    }

    KeySetFreshness keys;
};

TEST_F(Freshness, ColdRequestsWaitForOneFetch) {
    EXPECT_EQ(request(0), KeyAnswer::wait);
    EXPECT_TRUE(keys.begin_fetch(0));
    EXPECT_FALSE(keys.begin_fetch(0));
    EXPECT_EQ(request(0.1), KeyAnswer::wait);
    EXPECT_EQ(unknown(0.1), KeyAnswer::wait);
    EXPECT_FALSE(keys.age(0.1).has_value());
    keys.fetch_succeeded(0.2, std::nullopt);
    EXPECT_EQ(request(0.3), KeyAnswer::use);
    EXPECT_FALSE(keys.begin_fetch(0.3)) << "whoever comes late needs no second fetch";
}

TEST_F(Freshness, OneOfManyThreadsBeginsTheFetch) {
    std::atomic<int> began = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            for (int j = 0; j < 100; ++j) {
                if (request(j / 100.0) == KeyAnswer::wait && keys.begin_fetch(1)) {
                    ++began;
                }
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(began, 1);
}

TEST_F(Freshness, KeysAreFreshForEightyPercentOfTheirLife) {
    fetch(1000, 100);
    EXPECT_DOUBLE_EQ(keys.refresh_in(1000), 80);
    EXPECT_EQ(request(1079.9), KeyAnswer::use);
    EXPECT_EQ(request(1080), KeyAnswer::refresh);
    EXPECT_TRUE(keys.begin_fetch(1080));
    EXPECT_EQ(request(1080), KeyAnswer::use) << "the refresh is under way";
    keys.fetch_succeeded(1081, 100);
    EXPECT_EQ(request(1160.9), KeyAnswer::use);
    EXPECT_EQ(request(1161), KeyAnswer::refresh);
}

struct Life {
    std::optional<double> max_age_s;
    double life_s;
};

class FreshnessLife : public testing::TestWithParam<Life> {};

TEST_P(FreshnessLife, IsClamped) {
    KeySetFreshness keys;
    ASSERT_TRUE(keys.begin_fetch(0));
    keys.fetch_succeeded(0, GetParam().max_age_s);
    EXPECT_DOUBLE_EQ(keys.refresh_in(0), 0.8 * GetParam().life_s);
    EXPECT_FALSE(keys.stale(GetParam().life_s - 0.1));
    EXPECT_TRUE(keys.stale(GetParam().life_s));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, FreshnessLife,
    testing::Values(Life{std::nullopt, 300}, Life{0, 60}, Life{-5, 60}, Life{59, 60},
                    Life{61, 61}, Life{3599, 3599}, Life{1e9, 3600}, Life{kNaN, 300},
                    Life{std::numeric_limits<double>::infinity(), 3600}));

TEST_F(Freshness, FailedColdFetchesBackOff) {
    double now = 0;
    for (const double back_off : {1, 2, 4, 8, 16, 30, 30}) {
        EXPECT_EQ(request(now), KeyAnswer::wait);
        fail(now);
        const auto decision = keys.for_request(now + 0.25);
        EXPECT_EQ(decision.answer, KeyAnswer::unavailable);
        EXPECT_DOUBLE_EQ(decision.retry_after_s, back_off - 0.25);
        EXPECT_DOUBLE_EQ(keys.retry_in(now + 0.25), back_off - 0.25);
        EXPECT_FALSE(keys.begin_fetch(now + back_off - 0.1));
        now += back_off;
    }
    fetch(now);
    EXPECT_EQ(request(now), KeyAnswer::use);
}

TEST_F(Freshness, BackOffStartsAnewAfterASuccess) {
    fail(0);
    fail(1);
    fetch(3);
    const double later = 3 + 25 * kHour;
    fail(later);
    EXPECT_DOUBLE_EQ(keys.for_request(later).retry_after_s, 1);
}

TEST_F(Freshness, UnknownKeyWaitsOutsideTheCooldownAndIsRefusedInside) {
    fetch(0);
    EXPECT_EQ(unknown(29.9), KeyAnswer::refuse);
    EXPECT_EQ(unknown(30), KeyAnswer::wait);
    EXPECT_TRUE(keys.begin_fetch(30));
    EXPECT_EQ(unknown(31), KeyAnswer::wait) << "it joins the fetch under way";
    EXPECT_EQ(request(31), KeyAnswer::use) << "a known key never waits";
    keys.fetch_succeeded(32, std::nullopt);
    EXPECT_EQ(unknown(61.9), KeyAnswer::refuse);
    EXPECT_EQ(unknown(62), KeyAnswer::wait);
}

TEST_F(Freshness, UnknownKeyAfterAFailedFetchIsUnavailable) {
    fetch(0);
    fail(30);
    const auto decision = keys.for_unknown_key(40, keys.generation());
    EXPECT_EQ(decision.answer, KeyAnswer::unavailable);
    EXPECT_DOUBLE_EQ(decision.retry_after_s, 20);
    EXPECT_EQ(request(40), KeyAnswer::use);
    EXPECT_EQ(unknown(60), KeyAnswer::wait);
}

TEST_F(Freshness, UnknownKeyOfAnOlderSetIsTriedWithTheNewerOne) {
    fetch(0);
    const auto generation = keys.generation();
    fetch(30);
    EXPECT_EQ(keys.for_unknown_key(31, generation).answer, KeyAnswer::use);
    EXPECT_EQ(keys.for_unknown_key(31, keys.generation()).answer, KeyAnswer::refuse);
}

TEST_F(Freshness, FloodOfUnknownKeysFetchesOncePerCooldown) {
    fetch(0);
    int fetches = 0;
    for (double now = 0; now < 300; now += 0.1) {
        if (unknown(now) == KeyAnswer::wait && keys.begin_fetch(now)) {
            ++fetches;
            keys.fetch_succeeded(now, std::nullopt);
        }
    }
    EXPECT_EQ(fetches, 9);
}

TEST_F(Freshness, LastGoodSetIsUsedForADayWhileFetchesFail) {
    fetch(0);
    int fetches = 0;
    double now = 240;
    for (; now < 24 * kHour; now += 10) {
        const auto answer = request(now);
        ASSERT_TRUE(answer == KeyAnswer::use || answer == KeyAnswer::refresh) << now;
        if (answer == KeyAnswer::refresh) {
            ++fetches;
            fail(now);
        }
    }
    EXPECT_EQ(fetches, (24 * 3600 - 240) / 30) << "one per cooldown";
    EXPECT_TRUE(keys.stale(24 * kHour - 1));
    EXPECT_FALSE(keys.stale(24 * kHour)) << "there are no keys any more";
    EXPECT_EQ(request(24 * kHour), KeyAnswer::wait);
    fail(24 * kHour);
    EXPECT_EQ(request(24 * kHour), KeyAnswer::unavailable);
    EXPECT_DOUBLE_EQ(keys.retry_in(24 * kHour), 30);
}

TEST_F(Freshness, FetchThatNeverReportsCountsAsFailed) {
    ASSERT_TRUE(keys.begin_fetch(0));
    EXPECT_EQ(request(29.9), KeyAnswer::wait);
    EXPECT_EQ(request(30), KeyAnswer::unavailable);
    EXPECT_TRUE(keys.begin_fetch(31));
    keys.fetch_succeeded(32, std::nullopt);
    keys.fetch_failed(33);
    EXPECT_EQ(unknown(33), KeyAnswer::refuse) << "a report too late changes nothing";
}

TEST_F(Freshness, ClockSteppingBackIsHarmless) {
    fetch(10'000);
    EXPECT_EQ(request(10'100), KeyAnswer::use);
    // Back by 9 000 s, at an age of 100 s.
    EXPECT_EQ(request(1'100), KeyAnswer::use);
    EXPECT_DOUBLE_EQ(keys.age(1'100).value(), 100);
    EXPECT_EQ(unknown(1'100), KeyAnswer::wait) << "the cooldown is over";
    EXPECT_EQ(request(1'239), KeyAnswer::use);
    EXPECT_EQ(request(1'240), KeyAnswer::refresh);
    EXPECT_EQ(request(1'100 + 24 * kHour), KeyAnswer::wait);
}

TEST_F(Freshness, FetchAndMetadataStepBackWithTheClock) {
    keys.metadata_succeeded(10'000);
    ASSERT_TRUE(keys.begin_fetch(10'000));
    EXPECT_EQ(request(5'000), KeyAnswer::wait);
    EXPECT_EQ(request(5'029.9), KeyAnswer::wait);
    EXPECT_EQ(request(5'030), KeyAnswer::unavailable) << "its lease is over";
    EXPECT_FALSE(keys.metadata_due(4'999 + kDay));
    EXPECT_TRUE(keys.metadata_due(5'000 + kDay));
}

TEST_F(Freshness, ClockJumpingFarAheadAndBackLeavesAWorkingCache) {
    fetch(100);
    EXPECT_EQ(request(1e300), KeyAnswer::wait);
    EXPECT_EQ(request(110), KeyAnswer::wait);
    fetch(110);
    EXPECT_EQ(request(120), KeyAnswer::use);
    EXPECT_EQ(request(350), KeyAnswer::refresh);
}

TEST_F(Freshness, ReadingsInTheWrongOrderDoNotMakeTimeRun) {
    fetch(0);
    for (int i = 0; i < 10'000; ++i) {
        keys.for_request(10);
        keys.for_request(9.5);
    }
    EXPECT_DOUBLE_EQ(keys.age(10).value(), 10);
}

TEST_F(Freshness, ClockThatIsNotANumberStandsStill) {
    EXPECT_EQ(request(kNaN), KeyAnswer::wait);
    fetch(100);
    for (const double now : {kNaN, std::numeric_limits<double>::infinity(),
                             -std::numeric_limits<double>::infinity()}) {
        EXPECT_EQ(request(now), KeyAnswer::use);
        EXPECT_DOUBLE_EQ(keys.age(now).value(), 0);
    }
    EXPECT_EQ(request(340), KeyAnswer::refresh);
}

TEST_F(Freshness, MetadataIsDueAtFirstAfterADayAndInDoubt) {
    EXPECT_TRUE(keys.metadata_due(0));
    EXPECT_FALSE(keys.metadata_usable(0));
    keys.metadata_succeeded(0);
    EXPECT_FALSE(keys.metadata_due(24 * kHour - 1));
    EXPECT_TRUE(keys.metadata_due(24 * kHour));
    EXPECT_TRUE(keys.metadata_usable(48 * kHour - 1));
    EXPECT_FALSE(keys.metadata_usable(48 * kHour));

    keys.metadata_succeeded(100 * kHour);
    keys.doubt_metadata();
    EXPECT_TRUE(keys.metadata_due(100 * kHour));
    EXPECT_TRUE(keys.metadata_usable(100 * kHour));
    keys.metadata_succeeded(100 * kHour);
    EXPECT_FALSE(keys.metadata_due(100 * kHour));
}

TEST_F(Freshness, KeyThatTheSetLacksPutsTheMetadataInDoubt) {
    keys.metadata_succeeded(0);
    fetch(0);
    EXPECT_EQ(unknown(10), KeyAnswer::refuse);
    EXPECT_FALSE(keys.metadata_due(10)) << "nobody asks the issuer in the cooldown";
    EXPECT_EQ(unknown(30), KeyAnswer::wait);
    EXPECT_TRUE(keys.metadata_due(30));
}

struct MaxAge {
    std::string_view text;
    std::optional<double> seconds;
};

class CacheControl : public testing::TestWithParam<MaxAge> {};

TEST_P(CacheControl, MaxAge) {
    EXPECT_EQ(max_age_of(GetParam().text), GetParam().seconds) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Cases, CacheControl,
    testing::Values(
        MaxAge{"", std::nullopt}, MaxAge{"no-store", std::nullopt},
        MaxAge{"max-age=600", 600}, MaxAge{"public, max-age=600", 600},
        MaxAge{"public,\tMax-Age=600 ,must-revalidate", 600},
        MaxAge{"max-age=\"600\"", 600}, MaxAge{"s-maxage=5", std::nullopt},
        MaxAge{"x-max-age=5", std::nullopt}, MaxAge{"max-age", std::nullopt},
        MaxAge{"max-age=", std::nullopt}, MaxAge{"max-age=\"", std::nullopt},
        MaxAge{"max-age=-1", std::nullopt}, MaxAge{"max-age=1.5", std::nullopt},
        MaxAge{"max-age= 7", std::nullopt}, MaxAge{"max-age=600, max-age=60", 60},
        MaxAge{"max-age=x, max-age=60", 60},
        MaxAge{"private=\"a, max-age=1\", max-age=60", 60},
        MaxAge{"private=\"\\\", max-age=1\", max-age=60", 60},
        MaxAge{"private=\"a, max-age=1", std::nullopt}, MaxAge{",,,", std::nullopt},
        MaxAge{"x=\"\\", std::nullopt},
        MaxAge{"max-age=99999999999999999999999999", 2147483648.0}));

}  // namespace
}  // namespace github_oidc
