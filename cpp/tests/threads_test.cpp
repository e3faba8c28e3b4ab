// SPDX-License-Identifier: Apache-2.0
//
// Beyond one call: "Threads and a released GIL: no shared mutable state without a lock;
// the same result in any order". Built with -fsanitize=thread it also proves the locks.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "forge.hpp"

namespace github_oidc {
namespace {

struct Case {
    std::string text;
    const char* with_first;   ///< while the issuer's first key is in the set
    const char* with_second;  ///< after it has been replaced
};

std::vector<Case> cases() {
    std::vector<Case> made;
    const auto add = [&](const forge::Token& token, const char* first,
                         const char* second) {
        made.push_back({token.compact(), first, second});
    };
    for (int i = 0; i < 8; ++i) {
        forge::Token one;
        one.claims.set("jti", forge::in_quotes("one " + std::to_string(i)));
        add(one, "good", "invalid_signature");
        forge::Token two = one;
        two.signer = &forge::key("other RSA");
        add(two, "invalid_signature", "good");
        forge::Token expired = one;
        expired.claims.set("exp", std::to_string(i));
        add(expired, "token_expired exp", "invalid_signature");
    }
    forge::Token curve{"ES256"};
    add(curve, "good", "good");
    curve.header.set("kid", R"("none")");
    add(curve, "unknown_key kid", "unknown_key kid");
    return made;
}

/// A key set that one thread replaces while others verify with it.
class Rotating {
public:
    struct Turn {
        bool first;
        JwkSet keys;
    };

    std::shared_ptr<const Turn> now() const {
        const std::lock_guard lock{mutex_};
        return turn_;
    }

    void rotate() {
        const bool first = !now()->first;
        auto next = std::make_shared<const Turn>(Turn{first, read(first)});
        const std::lock_guard lock{mutex_};
        turn_ = std::move(next);
    }

private:
    static JwkSet read(bool first) {
        return forge::set_of(
            {forge::jwk(first ? "RSA" : "other RSA").set("kid", R"("RSA")"),
             forge::jwk("P-256")});
    }

    mutable std::mutex mutex_;
    std::shared_ptr<const Turn> turn_ =
        std::make_shared<const Turn>(Turn{true, read(true)});
};

TEST(Threads, GetTheSameAnswersInAnyOrder) {
    constexpr std::size_t kThreads = 16;
    constexpr std::size_t kRounds = 12;
    const std::vector<Case> tokens = cases();
    const Verifier verifier{forge::header_rules(), forge::claim_rules()};
    Rotating keys;
    std::atomic<std::size_t> wrong = 0;
    std::atomic<std::size_t> running = kThreads;
    std::vector<std::thread> threads;
    for (std::size_t id = 0; id < kThreads; ++id)
        threads.emplace_back([&, id] {
            for (std::size_t i = 0; i < kRounds * tokens.size(); ++i) {
                const Case& one = tokens[(i * (2 * id + 1) + id) % tokens.size()];
                const auto turn = keys.now();
                const std::string verdict =
                    forge::verdict(verifier.verify(one.text, turn->keys, forge::kNow));
                if (verdict != (turn->first ? one.with_first : one.with_second))
                    ++wrong;
            }
            --running;
        });
    while (running > 0)
        keys.rotate();
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_EQ(wrong, 0U);
}

}  // namespace
}  // namespace github_oidc
