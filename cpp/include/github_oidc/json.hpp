// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "github_oidc/error.hpp"

namespace github_oidc {

/// Containers inside each other, the outermost included.
inline constexpr std::size_t kMaxJsonDepth = 16;

/// Bytes of a text; nodes hold 32-bit offsets. The callers' own limits are lower.
inline constexpr std::size_t kMaxJsonSize = std::size_t{1} << 20;

enum class JsonType : std::uint8_t {
    null,
    boolean,
    integer,  ///< a number written without fraction or exponent, exact in int64
    number,   ///< any other number, finite, not underflowed to zero
    string,
    array,
    object,
    out_of_range,  ///< only with Defects::mark: a number that would be refused
};

/// One value of a document, in document order. An object's members follow it as
/// pairs of a string node and a value; an array's elements follow it directly.
struct JsonNode {
    JsonType type = JsonType::null;
    bool ascii = false;      ///< string: every byte is below 0x80
    bool defective = false;  ///< object, with Defects::mark: a member is named twice
    std::uint32_t size = 0;  ///< string: bytes; array: elements; object: members
    std::uint32_t end = 0;   ///< index of the node after this value
    union {
        std::int64_t integer = 0;
        double number;
        bool boolean;
        std::uint32_t offset;  ///< string: where its bytes begin in the text
    };
};

class JsonDocument;

/// A value inside a document; valid as long as the document stays where it is.
class JsonValue {
public:
    JsonType type() const noexcept { return node().type; }
    bool is_string() const noexcept { return type() == JsonType::string; }
    bool is_object() const noexcept { return type() == JsonType::object; }
    bool is_array() const noexcept { return type() == JsonType::array; }
    bool is_number() const noexcept {
        return type() == JsonType::integer || type() == JsonType::number;
    }

    /// Calling one of these on another type is a mistake of the caller: asserted, and
    /// an empty string, 0 or false without assertions.
    std::string_view string() const noexcept;
    std::int64_t integer() const noexcept;
    bool boolean() const noexcept;
    /// An integer or number as a double; integers beyond 2^53 round.
    double number() const noexcept;

    /// Elements or members.
    std::size_t size() const noexcept { return node().size; }

    /// The member of an object by its exact name; nothing where absent, or where
    /// this is no object. Linear in the number of members.
    std::optional<JsonValue> member(std::string_view name) const noexcept;

    /// Calls f(JsonValue) for each element of an array; not at all on another type.
    template <class F>
    void for_each_element(F&& f) const;

    /// Calls f(std::string_view name, JsonValue) for each member of an object; not at
    /// all on another type.
    template <class F>
    void for_each_member(F&& f) const;

    /// The node itself, for those who walk a document in its own order.
    const JsonNode& node() const noexcept;

private:
    friend class JsonDocument;
    JsonValue(const JsonDocument& document, std::uint32_t index)
        : document_(&document), index_(index) {}

    const JsonDocument* document_;
    std::uint32_t index_;
};

/// What happens to duplicate member names and to numbers out of range.
enum class Defects : std::uint8_t {
    refuse,  ///< the whole text is refused: tokens
    mark,    ///< the object or number is marked, the rest is read: key sets, where a
             ///< broken neighbour must not take a good key down
};

/// A strictly read JSON text (RFC 8259, RFC 7493): UTF-8 without BOM, one value and
/// nothing after it, no duplicate names at any depth (compared after unescaping),
/// no lone surrogates, depth 16 at most, integers exact within int64, no overflow
/// and no underflow to zero. Work is linear in the text; the stack is constant.
class JsonDocument {
public:
    /// Reads a text. Strings are unescaped in place, so the text moves in.
    ///
    /// Any value may be at the top. An error's code is malformed_json (the grammar, or
    /// an escaped lone surrogate), invalid_utf8, duplicate_member, nested_too_deep,
    /// number_out_of_range or token_too_large, whichever the text runs into first.
    ///
    /// @param where names the segment in an error: "header", "payload", "key set"; a
    ///     string literal.
    static Result<JsonDocument> parse(std::string text, std::string_view where,
                                      Defects defects = Defects::refuse);

    JsonValue root() const noexcept { return {*this, 0}; }

    /// Bytes held, for the bounds of caches.
    std::size_t memory() const noexcept;

private:
    friend class JsonValue;
    JsonDocument(std::string text, std::vector<JsonNode> nodes)
        : text_(std::move(text)), nodes_(std::move(nodes)) {}

    std::string text_;
    std::vector<JsonNode> nodes_;
};

inline const JsonNode& JsonValue::node() const noexcept {
    return document_->nodes_[index_];
}

inline std::string_view JsonValue::string() const noexcept {
    assert(is_string());
    if (!is_string()) return {};
    return {document_->text_.data() + node().offset, node().size};
}

inline std::int64_t JsonValue::integer() const noexcept {
    assert(type() == JsonType::integer);
    return type() == JsonType::integer ? node().integer : 0;
}

inline bool JsonValue::boolean() const noexcept {
    assert(type() == JsonType::boolean);
    return type() == JsonType::boolean && node().boolean;
}

inline double JsonValue::number() const noexcept {
    assert(is_number());
    if (type() == JsonType::integer) return static_cast<double>(node().integer);
    return type() == JsonType::number ? node().number : 0;
}

template <class F>
void JsonValue::for_each_element(F&& f) const {
    if (!is_array()) return;
    const std::vector<JsonNode>& nodes = document_->nodes_;
    for (std::uint32_t i = index_ + 1, end = node().end; i < end; i = nodes[i].end)
        f(JsonValue{*document_, i});
}

template <class F>
void JsonValue::for_each_member(F&& f) const {
    if (!is_object()) return;
    const std::vector<JsonNode>& nodes = document_->nodes_;
    for (std::uint32_t i = index_ + 1, end = node().end; i < end; i = nodes[i + 1].end)
        f(JsonValue{*document_, i}.string(), JsonValue{*document_, i + 1});
}

}  // namespace github_oidc
