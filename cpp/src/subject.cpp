// SPDX-License-Identifier: Apache-2.0
#include "github_oidc/subject.hpp"

#include <charconv>
#include <utility>

namespace github_oidc {
namespace {

/// `0|[1-9][0-9]{0,18}`, the only spelling of an id.
std::optional<std::int64_t> id(std::string_view text) {
    std::int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stop != end || text.front() == '-' ||
        (text.front() == '0' && text.size() > 1))
        return std::nullopt;
    return value;
}

struct Name {
    std::string text;
    std::optional<std::int64_t> id;
};

/// `NAME` or `NAME@ID`. Names of owners and repositories hold no `@`.
std::optional<Name> name(std::string_view text) {
    const std::size_t at = text.find('@');
    Name made{std::string{text.substr(0, at)}, std::nullopt};
    if (made.text.empty()) return std::nullopt;
    if (at == std::string_view::npos) return made;
    const std::string_view digits = text.substr(at + 1);
    if (digits.empty()) return std::nullopt;
    made.id = id(digits);
    if (!made.id) return std::nullopt;
    return made;
}

/// GitHub writes a colon inside a value as %3A, and encodes nothing else.
std::string without_escapes(std::string_view text) {
    std::string plain;
    plain.reserve(text.size());
    while (!text.empty()) {
        const bool escape = text.starts_with("%3A") || text.starts_with("%3a");
        plain += escape ? ':' : text.front();
        text.remove_prefix(escape ? 3 : 1);
    }
    return plain;
}

constexpr std::pair<std::string_view, SubjectKind> kContexts[] = {
    {"ref:refs/heads/", SubjectKind::branch},
    {"ref:refs/tags/", SubjectKind::tag},
    {"environment:", SubjectKind::environment},
};

void read_context(std::string_view context, Subject& subject) {
    subject.value = context;
    if (context == "pull_request") {
        subject.kind = SubjectKind::pull_request;
        subject.value.clear();
        return;
    }
    for (const auto& [prefix, kind] : kContexts) {
        if (!context.starts_with(prefix)) continue;
        const std::string_view value = context.substr(prefix.size());
        // A further colon means a customised template with more keys behind it.
        if (value.empty() || value.find(':') != std::string_view::npos) return;
        subject.kind = kind;
        subject.value = without_escapes(value);
        return;
    }
}

}  // namespace

std::string_view name_of(SubjectKind kind) noexcept {
    constexpr std::string_view kNames[] = {"branch", "tag", "pull_request",
                                           "environment", "other"};
    return kNames[static_cast<std::size_t>(kind)];
}

std::optional<Subject> Subject::parse(std::string_view sub) {
    constexpr std::string_view kPrefix = "repo:";
    if (!sub.starts_with(kPrefix)) return std::nullopt;
    sub.remove_prefix(kPrefix.size());
    const std::size_t colon = sub.find(':');
    const std::string_view place = sub.substr(0, colon);
    const std::size_t slash = place.find('/');
    if (colon == std::string_view::npos || slash == std::string_view::npos ||
        place.find('/', slash + 1) != std::string_view::npos)
        return std::nullopt;
    auto owner = name(place.substr(0, slash));
    auto repository = name(place.substr(slash + 1));
    if (!owner || !repository || owner->id.has_value() != repository->id.has_value())
        return std::nullopt;
    Subject subject{std::move(owner->text),      owner->id,
                    std::move(repository->text), repository->id,
                    SubjectKind::other,          {}};
    read_context(sub.substr(colon + 1), subject);
    return subject;
}

}  // namespace github_oidc
