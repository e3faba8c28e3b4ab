// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace github_oidc {

enum class SubjectKind : std::uint8_t { branch, tag, pull_request, environment, other };

/// The name of a kind: "branch", "tag", "pull_request", "environment", "other".
std::string_view name_of(SubjectKind kind) noexcept;

/// GitHub's `sub` taken apart (GitHub OpenID Connect reference, "Example subject
/// claims"). Two forms exist; since July 2026 new repositories send the immutable one:
///
///     repo:OWNER/REPO:CONTEXT
///     repo:OWNER@OWNER_ID/REPO@REPO_ID:CONTEXT
///
/// CONTEXT is `ref:refs/heads/...`, `ref:refs/tags/...`, `pull_request`,
/// `environment:NAME`, or whatever a customised template writes (kind other).
struct Subject {
    std::string owner;
    std::optional<std::int64_t> owner_id;
    std::string repository;  ///< the name without its owner
    std::optional<std::int64_t> repository_id;
    SubjectKind kind = SubjectKind::other;
    /// The branch, tag or environment, or the whole context of kind other; `%3A` is
    /// decoded where the kind is known. Empty for a pull request.
    std::string value;

    /// Nothing for a text of neither form, such as one that a template without `repo`
    /// made. Either both ids are there or none.
    static std::optional<Subject> parse(std::string_view sub);
};

}  // namespace github_oidc
