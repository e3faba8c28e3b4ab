// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "github_oidc/json.hpp"

namespace github_oidc::json_cases {

/// Parses from a heap buffer without a spare byte, where AddressSanitizer sees every
/// read behind the NUL. Short texts get spaces in front to leave the string's own
/// small buffer.
inline Result<JsonDocument> parse(std::string_view text,
                                  Defects defects = Defects::refuse) {
    std::string exact(text.size() < 16 ? 16 - text.size() : 0, ' ');
    exact.append(text);
    exact.shrink_to_fit();
    return JsonDocument::parse(std::move(exact), "payload", defects);
}

inline void expect_refused(std::string_view text, Errc code) {
    SCOPED_TRACE(testing::PrintToString(text));
    const auto parsed = parse(text);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(static_cast<int>(parsed.error().code), static_cast<int>(code));
    EXPECT_EQ(parsed.error().claim, "payload");
}

/// The value as a text in one spelling; doubles get a `d`.
inline std::string show(JsonValue value) {
    std::string text;
    switch (value.type()) {
        case JsonType::null:
            return "null";
        case JsonType::boolean:
            return value.boolean() ? "true" : "false";
        case JsonType::integer:
            return std::to_string(value.integer());
        case JsonType::number:
            return std::to_string(value.number()) + "d";
        case JsonType::out_of_range:
            return "?";
        case JsonType::string:
            return "'" + std::string{value.string()} + "'";
        case JsonType::array:
            value.for_each_element(
                [&](JsonValue element) { text += show(element) + " "; });
            return "[" + text + "]";
        case JsonType::object:
            value.for_each_member([&](std::string_view name, JsonValue member) {
                text += std::string{name} + "=" + show(member) + " ";
            });
            return (value.node().defective ? "!{" : "{") + text + "}";
    }
    return "unknown";
}

inline void expect_shown(std::string_view text, std::string_view shown,
                         Defects defects = Defects::refuse) {
    SCOPED_TRACE(testing::PrintToString(text));
    const auto parsed = parse(text, defects);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(show(parsed->root()), shown);
}

}  // namespace github_oidc::json_cases
