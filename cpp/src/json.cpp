// SPDX-License-Identifier: Apache-2.0
#include "github_oidc/json.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>
#include <span>
#include <system_error>

#include "json_text.hpp"
#include "name_hash.hpp"

namespace github_oidc {
namespace {

using namespace json_text;

/// Reads one text into nodes. The NUL that std::string keeps behind its last byte
/// stands for the end: no rule accepts a NUL, so none steps over it, and one inside
/// the text is refused like any other stray byte.
class Reader {
public:
    Reader(std::string& text, Defects defects)
        : begin_(reinterpret_cast<Byte*>(text.data())),
          next_(begin_),
          end_(begin_ + text.size()),
          defects_(defects) {
        // GitHub's payloads have a node for every 16 bytes: one allocation.
        nodes_.reserve(text.size() / 16 + 16);
    }

    bool read_text() {
        skip_space();
        if (!read_value()) return false;
        skip_space();
        return next_ == end_ || refuse_byte(next_);
    }

    std::vector<JsonNode> take_nodes() noexcept { return std::move(nodes_); }
    Errc reason() const noexcept { return reason_; }

private:
    bool refuse(Errc reason) noexcept {
        reason_ = reason;
        return false;
    }

    /// Refuses for a byte that may not stand here.
    bool refuse_byte(const Byte* at) noexcept {
        return refuse(utf8_length(at) == 0 ? Errc::invalid_utf8 : Errc::malformed_json);
    }

    void skip_space() noexcept {
        while (is_space(*next_))
            ++next_;
    }

    /// Adds a node that has no other node inside.
    JsonNode& add(JsonType type) {
        JsonNode& node = nodes_.emplace_back();
        node.type = type;
        node.end = static_cast<std::uint32_t>(nodes_.size());
        return node;
    }

    void add_string(const Byte* from, const Byte* to, bool ascii) {
        JsonNode& node = add(JsonType::string);
        node.ascii = ascii;
        node.size = static_cast<std::uint32_t>(to - from);
        node.offset = static_cast<std::uint32_t>(from - begin_);
    }

    bool read_value() {
        switch (*next_) {
            case '"':
                return read_string();
            case '{':
                return read_container(JsonType::object, '}');
            case '[':
                return read_container(JsonType::array, ']');
            case 't':
                return read_literal("true") && (add(JsonType::boolean).boolean = true);
            case 'f':
                if (!read_literal("false")) return false;
                add(JsonType::boolean).boolean = false;
                return true;
            case 'n':
                if (!read_literal("null")) return false;
                add(JsonType::null);
                return true;
            default:
                return read_number();
        }
    }

    bool read_literal(std::string_view literal) noexcept {
        for (const char c : literal) {
            if (*next_ != static_cast<Byte>(c)) return refuse_byte(next_);
            ++next_;
        }
        return true;
    }

    bool read_container(JsonType type, Byte closing) {
        if (depth_ == kMaxJsonDepth) return refuse(Errc::nested_too_deep);
        ++depth_;
        const std::size_t index = nodes_.size();
        add(type);
        ++next_;
        skip_space();
        std::uint32_t count = 0;
        if (*next_ != closing) {
            while (true) {
                if (type == JsonType::object && !read_name()) return false;
                if (!read_value()) return false;
                ++count;
                skip_space();
                if (*next_ != ',') break;
                ++next_;
                skip_space();
            }
            if (*next_ != closing) return refuse_byte(next_);
        }
        ++next_;
        --depth_;
        nodes_[index].size = count;
        nodes_[index].end = static_cast<std::uint32_t>(nodes_.size());
        if (type != JsonType::object || !repeats_a_name(index)) return true;
        if (defects_ == Defects::refuse) return refuse(Errc::duplicate_member);
        nodes_[index].defective = true;
        return true;
    }

    /// A member's name and its colon.
    bool read_name() {
        if (*next_ != '"') return refuse_byte(next_);
        if (!read_string()) return false;
        skip_space();
        if (*next_ != ':') return refuse_byte(next_);
        ++next_;
        skip_space();
        return true;
    }

    bool read_string() {
        const Byte* const from = next_ + 1;
        const Byte* const stop = find_special(from, end_);
        next_ += stop - next_;
        if (*stop != '"') return read_rest_of_string(from);
        add_string(from, stop, true);
        ++next_;
        return true;
    }

    /// From the first special character on; unescapes towards the front.
    bool read_rest_of_string(const Byte* from) {
        Byte* to = next_;
        bool ascii = true;
        while (*next_ != '"') {
            if (*next_ == '\\') {
                const Byte* const unescaped = to;
                if (!read_escape(to)) return false;
                ascii = ascii && *unescaped < 0x80;
            } else {
                const unsigned length = utf8_length(next_);
                // A control character, or the end.
                if (length == 1) return refuse(Errc::malformed_json);
                if (length == 0) return refuse(Errc::invalid_utf8);
                to = move_down(to, length);
                ascii = false;
            }
            const Byte* const stop = find_special(next_, end_);
            to = move_down(to, static_cast<std::size_t>(stop - next_));
        }
        add_string(from, to, ascii);
        ++next_;
        return true;
    }

    /// Moves the next `size` bytes to `to`, at or before them.
    Byte* move_down(Byte* to, std::size_t size) noexcept {
        std::memmove(to, next_, size);
        next_ += size;
        return to + size;
    }

    /// An escape (RFC 8259 7); never longer in UTF-8 than in the text.
    bool read_escape(Byte*& to) noexcept {
        constexpr std::string_view kNames = "\"\\/bfnrt";
        constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
        const Byte* const name = next_ + 1;
        if (*name == 'u') return read_unicode_escape(to);
        const std::size_t index = kNames.find(static_cast<char>(*name));
        if (index == kNames.npos) return refuse_byte(name);
        *to++ = static_cast<Byte>(kMeanings[index]);
        next_ += 2;
        return true;
    }

    bool read_unicode_escape(Byte*& to) noexcept {
        const std::optional<char32_t> unit = hexadecimal(next_ + 2);
        if (!unit || is_low_surrogate(*unit)) return refuse(Errc::malformed_json);
        char32_t point = *unit;
        next_ += 6;
        if (is_high_surrogate(point)) {
            if (next_[0] != '\\' || next_[1] != 'u')
                return refuse(Errc::malformed_json);
            const std::optional<char32_t> low = hexadecimal(next_ + 2);
            if (!low || !is_low_surrogate(*low)) return refuse(Errc::malformed_json);
            point = 0x10000 + ((point & 0x3ff) << 10 | (*low & 0x3ff));
            next_ += 6;
        }
        to = put_utf8(point, to);
        return true;
    }

    bool read_number() {
        const Byte* const from = next_;
        const bool negative = *next_ == '-';
        if (negative) ++next_;
        const Byte* const digits = next_;
        std::uint64_t magnitude = 0;  // wraps beyond 19 digits, which are out of range
        for (; is_digit(*next_); ++next_)
            magnitude = magnitude * 10 + (*next_ - '0');
        const auto count = next_ - digits;
        if (count == 0) return refuse_byte(next_);
        if (*digits == '0' && count > 1) return refuse(Errc::malformed_json);
        if (*next_ == '.' || (*next_ | 0x20) == 'e') return read_fraction(from);

        const auto most =
            static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
        if (count > 19 || magnitude > most + (negative ? 1 : 0)) return out_of_range();
        if (negative) magnitude = 0 - magnitude;
        add(JsonType::integer).integer = static_cast<std::int64_t>(magnitude);
        return true;
    }

    bool skip_digits() noexcept {
        if (!is_digit(*next_)) return refuse_byte(next_);
        while (is_digit(*next_))
            ++next_;
        return true;
    }

    /// The rest of a number with a fraction or an exponent.
    bool read_fraction(const Byte* from) {
        if (*next_ == '.') {
            ++next_;
            if (!skip_digits()) return false;
        }
        if ((*next_ | 0x20) == 'e') {
            ++next_;
            if (*next_ == '+' || *next_ == '-') ++next_;
            if (!skip_digits()) return false;
        }
        double value = 0;
        const auto parsed =
            std::from_chars(reinterpret_cast<const char*>(from),
                            reinterpret_cast<const char*>(next_), value);
        // Also where a number that is not zero would become zero.
        if (parsed.ec != std::errc{}) return out_of_range();
        add(JsonType::number).number = value;
        return true;
    }

    bool out_of_range() {
        if (defects_ == Defects::refuse) return refuse(Errc::number_out_of_range);
        add(JsonType::out_of_range);
        return true;
    }

    /// Whether an object names a direct member twice; linear in the expected case.
    bool repeats_a_name(std::size_t index) {
        const std::size_t count = nodes_[index].size;
        if (count < 2) return false;
        std::array<std::uint32_t, 128> few;
        std::vector<std::uint32_t> many;
        const std::size_t slot_count = std::bit_ceil(2 * count);
        if (slot_count > few.size()) many.resize(slot_count);
        const std::span<std::uint32_t> slots =
            many.empty() ? std::span{few}.first(slot_count) : std::span{many};
        if (many.empty()) std::fill(slots.begin(), slots.end(), 0U);

        const NameHash& hash = NameHash::of_this_process();
        const JsonNode* const nodes = nodes_.data();
        for (std::uint32_t i = static_cast<std::uint32_t>(index) + 1;
             i < nodes[index].end; i = nodes[i + 1].end) {
            const Byte* const name = begin_ + nodes[i].offset;
            const std::size_t size = nodes[i].size;
            std::size_t slot = hash(name, size) & (slot_count - 1);
            // Node 0 is never a name, so 0 stands for a free slot.
            for (; slots[slot] != 0; slot = (slot + 1) & (slot_count - 1)) {
                const JsonNode& other = nodes[slots[slot]];
                if (other.size == size &&
                    std::memcmp(begin_ + other.offset, name, size) == 0) {
                    return true;
                }
            }
            slots[slot] = i;
        }
        return false;
    }

    Byte* const begin_;
    Byte* next_;
    const Byte* const end_;
    const Defects defects_;
    std::vector<JsonNode> nodes_;
    std::size_t depth_ = 0;
    Errc reason_ = Errc::malformed_json;
};

}  // namespace

Result<JsonDocument> JsonDocument::parse(std::string text, std::string_view where,
                                         Defects defects) {
    if (text.size() > kMaxJsonSize) return Error{Errc::token_too_large, where};
    Reader reader{text, defects};
    if (!reader.read_text()) return Error{reader.reason(), where};
    return JsonDocument{std::move(text), reader.take_nodes()};
}

std::size_t JsonDocument::memory() const noexcept {
    return sizeof(*this) + text_.capacity() + nodes_.capacity() * sizeof(JsonNode);
}

std::optional<JsonValue> JsonValue::member(std::string_view name) const noexcept {
    if (!is_object()) return std::nullopt;
    const std::vector<JsonNode>& nodes = document_->nodes_;
    for (std::uint32_t i = index_ + 1, end = node().end; i < end;
         i = nodes[i + 1].end) {
        if (JsonValue{*document_, i}.string() == name)
            return JsonValue{*document_, i + 1};
    }
    return std::nullopt;
}

}  // namespace github_oidc
