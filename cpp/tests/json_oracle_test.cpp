// SPDX-License-Identifier: Apache-2.0
//
// JsonDocument beside nlohmann_json: both must accept the same texts and read the same
// values from them, except where the rules here are stricter. Those are listed as
// Stricter and found by the other parser's events, independently of JsonDocument.

#include <gtest/gtest.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "github_oidc/json.hpp"

namespace github_oidc {
namespace {

using nlohmann::json;
using namespace std::string_literals;

/// Where nlohmann_json accepts and JsonDocument must not.
struct Stricter {
    bool duplicate = false;     ///< nlohmann: the last one wins
    bool deep = false;          ///< nlohmann: no bound
    bool out_of_range = false;  ///< nlohmann: doubles for big integers; underflow is 0
    bool bom_or_nul = false;    ///< nlohmann: skips a BOM, ends at a NUL

    bool any() const { return duplicate || deep || out_of_range || bom_or_nul; }
};

/// Looks for what Stricter lists while nlohmann_json reads. It hands out each name and
/// each number's own spelling.
class Events : public nlohmann::json_sax<json> {
public:
    Stricter stricter;

    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(std::int64_t) override { return true; }
    bool number_unsigned(std::uint64_t value) override {
        stricter.out_of_range |= value > std::uint64_t{INT64_MAX};
        return true;
    }
    bool number_float(double value, const std::string& text) override {
        const bool integer = text.find_first_of(".eE") == text.npos;
        const std::string significand = text.substr(0, text.find_first_of("eE"));
        const bool zero = significand.find_first_of("123456789") == text.npos;
        stricter.out_of_range |= integer || (value == 0 && !zero);
        return true;
    }
    bool string(std::string&) override { return true; }
    bool binary(json::binary_t&) override { return true; }
    bool start_object(std::size_t) override { return open(); }
    bool start_array(std::size_t) override { return open(); }
    bool key(std::string& name) override {
        stricter.duplicate |= !names_.back().insert(name).second;
        return true;
    }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool parse_error(std::size_t, const std::string&, const json::exception&) override {
        return false;
    }

private:
    bool open() {
        names_.emplace_back();
        stricter.deep |= names_.size() > kMaxJsonDepth;
        return true;
    }
    bool close() {
        names_.pop_back();
        return true;
    }

    std::vector<std::set<std::string>> names_;
};

bool same(JsonValue ours, const json& theirs) {
    switch (ours.type()) {
        case JsonType::null:
            return theirs.is_null();
        case JsonType::boolean:
            return theirs.is_boolean() && theirs == ours.boolean();
        case JsonType::integer:
            return theirs.is_number_integer() && theirs == ours.integer();
        case JsonType::number:
            return theirs.is_number_float() && theirs.get<double>() == ours.number();
        case JsonType::string:
            return theirs.is_string() &&
                   theirs.get_ref<const std::string&>() == ours.string();
        case JsonType::out_of_range:
            return false;
        case JsonType::array:
        case JsonType::object:
            break;
    }
    bool equal = theirs.is_array() == ours.is_array() &&
                 theirs.is_object() == ours.is_object() && theirs.size() == ours.size();
    std::size_t index = 0;
    ours.for_each_element(
        [&](JsonValue value) { equal = equal && same(value, theirs[index++]); });
    ours.for_each_member([&](std::string_view name, JsonValue value) {
        const auto found = equal ? theirs.find(std::string{name}) : theirs.end();
        equal = found != theirs.end() && same(value, *found);
    });
    return equal;
}

/// Whether both accepted; fails the test where they disagree.
bool compare(const std::string& text) {
    SCOPED_TRACE(testing::PrintToString(text));
    Events events;
    const bool theirs = json::sax_parse(text, &events);
    Stricter& stricter = events.stricter;
    stricter.bom_or_nul =
        text.starts_with("\xef\xbb\xbf") || text.find('\0') != text.npos;
    const auto ours = JsonDocument::parse(text, "text");
    EXPECT_EQ(static_cast<bool>(ours), theirs && !stricter.any());
    if (ours) {
        EXPECT_TRUE(same(ours->root(), json::parse(text, nullptr, false)));
        return true;
    }
    // Where just one of the stricter rules is broken, the code is that rule's.
    if (theirs && !stricter.bom_or_nul &&
        stricter.duplicate + stricter.deep + stricter.out_of_range == 1) {
        const Errc expected = stricter.duplicate ? Errc::duplicate_member
                              : stricter.deep    ? Errc::nested_too_deep
                                                 : Errc::number_out_of_range;
        EXPECT_EQ(static_cast<int>(ours.error().code), static_cast<int>(expected));
    }
    return false;
}

const std::vector<std::string>& texts() {
    static const std::vector<std::string> texts{
        R"({"iss":"https://a.b","aud":["x","y"],"exp":1760000900,"ok":true,"no":null})",
        R"({"a":{"b":{"c":[1,2.5,-3e2,{"a":1}]}},"b":{"a":1,"b":2}})",
        R"(["\u0041\u00e9\ud83d\ude00\n\/\\\"","é€😀","",{"\u0061":1,"b":2}])",
        R"([0,-0,-0.0,0e0,1.0,1e2,5e-324,1e-310,0e-999,1.7976931348623157e308])",
        R"([9223372036854775807,-9223372036854775808,9007199254740993])",
        "[9223372036854775808]",
        "[-9223372036854775809]",
        "[18446744073709551616]",
        "[1e999]",
        "[1e-999]",
        "[" + std::string(40, '7') + "]",
        R"({"a":1,"a":2})",
        R"({"a":1,"\u0061":2})",
        R"(["\ud83d\u0041"])",
        R"(["\ude00"])",
        "\xef\xbb\xbf{}",
        "{}\0"s,
        "{} \0 {}"s,
        "\"a\0b\""s,
        "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]",
        "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]",
        "[\"\xed\xa0\x80\"]",
        "[\"\xf4\x8f\xbf\xbf\xc0\x80\"]",
        " \t\r\n[ true , false , null ] \n",
        "[01]",
        "[1,]",
        "[1] 2",
        "// no\n[]",
        "[\"\x1f\"]",
        "\"a plain text that is longer than sixteen bytes, \\u20ac and an escape\"",
    };
    return texts;
}

TEST(JsonOracle, AgreesOnTrickyTexts) {
    for (const std::string& text : texts())
        compare(text);
}

TEST(JsonOracle, AgreesOnMutatedTexts) {
    constexpr std::string_view kBytes =
        "\"\\/{}[]:,.-+eE0195unbtf \n\t\x01\x7f\x80\xc3\xa9";
    const std::vector<std::string> pieces{
        "\"a\":1,", "\\u00e9", "\\ud83d",      "\\ude00", "1e-999", "e309",
        "[[[[",     "]]]]",    "\xe2\x82\xac", "\"\"",    "null",   "00000000"};
    std::mt19937 random{20260701};
    const auto below = [&](std::size_t bound) { return random() % bound; };
    int accepted = 0;
    int refused = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string text = texts()[below(texts().size())];
        for (std::size_t changes = 1 + below(3); changes > 0 && !text.empty();
             --changes) {
            const std::size_t at = below(text.size());
            switch (below(4)) {
                case 0:
                    text[at] = kBytes[below(kBytes.size())];
                    break;
                case 1:
                    text.erase(at, 1 + below(3));
                    break;
                case 2:
                    text.insert(at, text.substr(below(text.size()), 1 + below(8)));
                    break;
                default:
                    text.insert(at, pieces[below(pieces.size())]);
            }
        }
        ++(compare(text) ? accepted : refused);
        if (HasFailure()) return;
    }
    EXPECT_GT(accepted, 1000);
    EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace github_oidc
