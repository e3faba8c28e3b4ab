// SPDX-License-Identifier: Apache-2.0
#include "github_oidc/subject.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace github_oidc {
namespace {

/// "kind value", or "none".
std::string context_of(std::string_view context) {
    const auto subject = Subject::parse("repo:octo/app:" + std::string{context});
    if (!subject) return "none";
    EXPECT_EQ(subject->owner, "octo");
    EXPECT_EQ(subject->repository, "app");
    EXPECT_FALSE(subject->owner_id || subject->repository_id);
    return std::string{name_of(subject->kind)} + " " + subject->value;
}

TEST(Subject, KnowsItsContexts) {
    EXPECT_EQ(context_of("ref:refs/heads/main"), "branch main");
    EXPECT_EQ(context_of("ref:refs/heads/feature/a@b"), "branch feature/a@b");
    EXPECT_EQ(context_of("ref:refs/tags/v1.0"), "tag v1.0");
    EXPECT_EQ(context_of("pull_request"), "pull_request ");
    EXPECT_EQ(context_of("environment:production"), "environment production");
}

TEST(Subject, KeepsOtherContextsWhole) {
    for (const char* context :
         {"", "ref:refs/heads/", "ref:refs/tags/",
          "environment:", "ref:refs/pull/1/merge", "Ref:refs/heads/main",
          "pull_request:x", "pull_requests", "pull_request ",
          "environment:prod:ref:refs/heads/main", "ref:refs/heads/main:actor:x",
          "job_workflow_ref:octo/app/.github/workflows/a.yml@refs/heads/main",
          "environment:a%3Ab:x", "x%3Ay"})
        EXPECT_EQ(context_of(context), "other " + std::string{context});
}

// A colon inside a value arrives as %3A; nothing else is encoded.
TEST(Subject, DecodesColonsOfKnownContexts) {
    EXPECT_EQ(context_of("environment:a%3Ab"), "environment a:b");
    EXPECT_EQ(context_of("environment:a%3ab%3A"), "environment a:b:");
    EXPECT_EQ(context_of("environment:%253A%2F%"), "environment %253A%2F%");
    EXPECT_EQ(context_of("environment:%3"), "environment %3");
    EXPECT_EQ(context_of("ref:refs/heads/%3A"), "branch :");
}

TEST(Subject, ReadsTheImmutableForm) {
    const auto subject =
        Subject::parse("repo:octo@9223372036854775807/app@0:environment:prod");
    ASSERT_TRUE(subject);
    EXPECT_EQ(subject->owner, "octo");
    EXPECT_EQ(subject->owner_id, 9223372036854775807);
    EXPECT_EQ(subject->repository, "app");
    EXPECT_EQ(subject->repository_id, 0);
    EXPECT_EQ(subject->kind, SubjectKind::environment);
    EXPECT_EQ(subject->value, "prod");
}

TEST(Subject, OtherFormsAreNone) {
    for (const char* sub : {"",
                            "repo",
                            "repo:",
                            "repo:octo",
                            "repo:octo/app",
                            "repo:octo:pull_request",
                            "Repo:octo/app:x",
                            " repo:octo/app:x",
                            "repository:octo/app:x",
                            "octo/app:x",
                            "repo:/app:x",
                            "repo:octo/:x",
                            "repo:octo/app/more:x",
                            "repo:/:x",
                            "repo::x",
                            "repo:octo@1/app:x",
                            "repo:octo/app@1:x",
                            "repo:octo@/app@1:x",
                            "repo:octo@1/app@:x",
                            "repo:@1/app@1:x",
                            "repo:octo@1/@1:x",
                            "repo:octo@01/app@1:x",
                            "repo:octo@1/app@00:x",
                            "repo:octo@-1/app@1:x",
                            "repo:octo@-0/app@1:x",
                            "repo:octo@+1/app@1:x",
                            "repo:octo@1a/app@1:x",
                            "repo:octo@1/app@a:x",
                            "repo:octo@ 1/app@1:x",
                            "repo:octo@1@2/app@1:x",
                            "repo:octo@0x1/app@1:x",
                            "repo:octo@a/app@b:x",
                            "repo:octo@/app@:x",
                            "repo:octo@1/app@9223372036854775808:x",
                            "repository_owner:octo",
                            "enterprise:acme:repo:octo/app:pull_request"})
        EXPECT_FALSE(Subject::parse(sub)) << sub;
}

TEST(Subject, IsNotCutAtNul) {
    using namespace std::string_view_literals;
    const auto subject = Subject::parse("repo:octo/app:ref:refs/heads/a\0b"sv);
    ASSERT_TRUE(subject);
    EXPECT_EQ(subject->value, "a\0b"sv);
    EXPECT_FALSE(Subject::parse("repo:octo@1\0/app@1:x"sv));
}

}  // namespace
}  // namespace github_oidc
