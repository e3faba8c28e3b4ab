// SPDX-License-Identifier: Apache-2.0
#include "github_oidc/json.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace github_oidc {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

/// Parses from a heap buffer without a spare byte, where AddressSanitizer sees every
/// read behind the NUL. Short texts get spaces in front to leave the string's own
/// small buffer.
Result<JsonDocument> parse(std::string_view text, Defects defects = Defects::refuse) {
    std::string exact(text.size() < 16 ? 16 - text.size() : 0, ' ');
    exact.append(text);
    exact.shrink_to_fit();
    return JsonDocument::parse(std::move(exact), "payload", defects);
}

void expect_refused(std::string_view text, Errc code) {
    SCOPED_TRACE(testing::PrintToString(text));
    const auto parsed = parse(text);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(static_cast<int>(parsed.error().code), static_cast<int>(code));
    EXPECT_EQ(parsed.error().claim, "payload");
}

/// The value as a text in one spelling; doubles get a `d`.
std::string show(JsonValue value) {
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

void expect_shown(std::string_view text, std::string_view shown,
                  Defects defects = Defects::refuse) {
    SCOPED_TRACE(testing::PrintToString(text));
    const auto parsed = parse(text, defects);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(show(parsed->root()), shown);
}

std::string nested(std::size_t depth, std::string_view open, std::string_view close) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i)
        text += open;
    text += "1";
    for (std::size_t i = 0; i < depth; ++i)
        text += close;
    return text;
}

std::string object_of(std::size_t members) {
    std::string text = "{";
    for (std::size_t i = 0; i < members; ++i)
        text += "\"" + std::to_string(i) + "\":1,";
    text.back() = '}';
    return text;
}

TEST(Json, ReadsEveryKindOfValue) {
    expect_shown("{}", "{}");
    expect_shown("[]", "[]");
    expect_shown("\"\"", "''");
    expect_shown("null", "null");
    expect_shown("true", "true");
    expect_shown("false", "false");
    expect_shown("17", "17");
    expect_shown("[[],{},[1,[2]],\"a\"]", "[[] {} [1 [2 ] ] 'a' ]");
    expect_shown(R"({"a":{"b":[true,null]},"":"","__proto__":false})",
                 "{a={b=[true null ] } ='' __proto__=false }");
    expect_shown(" \t\r\n{ \"a\"\n:\t1 ,\r\"b\" : [ 1 , 2 ] } \n", "{a=1 b=[1 2 ] }");
}

TEST(Json, RefusesWhatTheGrammarDoesNotHave) {
    for (const auto text : {""sv,           " "sv,          "{"sv,
                            "}"sv,          "["sv,          "]"sv,
                            "[1"sv,         "[1,"sv,        "[1,]"sv,
                            "[,1]"sv,       "[1 2]"sv,      "[1}"sv,
                            "{]"sv,         "{\"a\"}"sv,    "{\"a\":}"sv,
                            "{\"a\":1,}"sv, "{,}"sv,        "{\"a\" 1}"sv,
                            "{\"a\",1}"sv,  "{\"a\":1;}"sv, "{\"a\":1 \"b\":2}"sv,
                            "{a:1}"sv,      "{1:1}"sv,      "{null:1}"sv,
                            "{'a':1}"sv,    "'a'"sv,        "{\"a\":1]"sv,
                            "{}{}"sv,       "{} {}"sv,      "{} x"sv,
                            "1 2"sv,        "[],"sv,        "// c\n1"sv,
                            "[1/**/]"sv,    "# c\n1"sv,     "nul"sv,
                            "nulL"sv,       "nullx"sv,      "tru"sv,
                            "True"sv,       "TRUE"sv,       "fals"sv,
                            "falsy"sv,      "NaN"sv,        "[nan]"sv,
                            "Infinity"sv,   "-Infinity"sv,  "undefined"sv,
                            "\f1"sv,        "\v1"sv}) {
        expect_refused(text, Errc::malformed_json);
    }
}

TEST(Json, RefusesNulsAndOtherEncodings) {
    for (const auto& text : {"\0"s, "{}\0"s, "\0{}"s, "{}\0{}"s, "[1\0]"s, "[1,\0]"s,
                             "1\0"s, "\"a\0b\""s, "{\"a\0\":1}"s, "tru\0e"s,
                             "\"\\\0\""s, "{\0\"\0a\0\"\0}\0"s, "\0\0\0{\0\0\0}"s}) {
        expect_refused(text, Errc::malformed_json);
    }
    expect_refused("\xef\xbb\xbf{}", Errc::malformed_json);  // a BOM is valid UTF-8
    expect_refused("\xff\xfe{\0"s, Errc::invalid_utf8);
    expect_refused("{\xc2\xa0}", Errc::malformed_json);
    expect_refused("[\x80]", Errc::invalid_utf8);
}

TEST(Json, ReadsIntegersExactly) {
    expect_shown("[0,-0,7,-7,10,9007199254740993]", "[0 0 7 -7 10 9007199254740993 ]");
    expect_shown("9223372036854775807", "9223372036854775807");
    expect_shown("-9223372036854775808", "-9223372036854775808");
    const auto parsed = parse("[-0, 5]");
    ASSERT_TRUE(parsed);
    parsed->root().for_each_element(
        [](JsonValue value) { EXPECT_EQ(value.type(), JsonType::integer); });
    for (const auto& text :
         {"9223372036854775808"s, "-9223372036854775809"s, "18446744073709551615"s,
          "18446744073709551616"s, "18446744073709551617"s, "-18446744073709551617"s,
          "[36893488147419103233]"s, "1" + std::string(5000, '0')}) {
        expect_refused(text, Errc::number_out_of_range);
    }
}

TEST(Json, ReadsOtherNumbersAsDoubles) {
    const auto number = [](std::string_view text) {
        const auto parsed = parse(text);
        if (!parsed || parsed->root().type() != JsonType::number) return -99.0;
        return parsed->root().number();
    };
    EXPECT_EQ(number("1.5"), 1.5);
    EXPECT_EQ(number("-0.25"), -0.25);
    EXPECT_EQ(number("1.0"), 1.0);
    EXPECT_EQ(number("1e2"), 100.0);
    EXPECT_EQ(number("1E+2"), 100.0);
    EXPECT_EQ(number("12.5e-1"), 1.25);
    EXPECT_EQ(number("0.1"), 0.1);
    EXPECT_EQ(number("1e0000000000000000000000"), 1.0);
    EXPECT_EQ(number("1.7976931348623157e308"), std::numeric_limits<double>::max());
    EXPECT_EQ(number("5e-324"), std::numeric_limits<double>::denorm_min());
    EXPECT_EQ(number("1e-310"), 1e-310);
    EXPECT_EQ(number("9223372036854775808.0"), 9223372036854775808.0);
    EXPECT_EQ(number("0." + std::string(9000, '3')), 0.3333333333333333);
    EXPECT_EQ(number(std::string("1.") + std::string(9000, '0') + "e1"), 10.0);
    for (const auto zero : {"0.0", "-0.0", "0e0", "0e-999", "0e999", "0.000e-99999"}) {
        EXPECT_EQ(number(zero), 0.0) << zero;
    }
    EXPECT_TRUE(std::signbit(number("-0.0")));
    EXPECT_EQ(parse("[3]")->root().type(), JsonType::array);
    EXPECT_EQ(parse("3")->root().number(), 3.0);
}

TEST(Json, RefusesNumbersThatWouldChange) {
    for (const auto& text :
         {"1e309"s, "-1e309"s, "1.8e308"s, "1e999"s, "1e99999999999999999999"s,
          "[1e-400]"s, "-1e-999"s, "2e-324"s, "0.001e-999"s,
          "0.0" + std::string(400, '0') + "1"}) {
        expect_refused(text, Errc::number_out_of_range);
    }
    for (const auto text :
         {"01"sv,   "-01"sv,  "00"sv,   "-"sv,    "+1"sv,  ".5"sv,    "-.5"sv,
          "1."sv,   "1.e1"sv, "1e"sv,   "1e+"sv,  "1e-"sv, "1e1.5"sv, "1.5.5"sv,
          "0x10"sv, "1f"sv,   "1_0"sv,  "--1"sv,  "- 1"sv, "1 .5"sv,  "[1.]"sv,
          "[1e]"sv, "[-]"sv,  "01.5"sv, "0e1e1"sv}) {
        expect_refused(text, Errc::malformed_json);
    }
}

TEST(Json, UnescapesStrings) {
    expect_shown(R"("\"\\\/\b\f\n\r\t")", "'\"\\/\b\f\n\r\t'");
    expect_shown(R"("\u0041\u00e9\u20AC\uFFFF\u07ff\u0800")",
                 "'A\u00e9\u20ac\uffff\u07ff\u0800'");
    expect_shown(R"("\ud83d\ude00 \uD800\uDC00 \udbff\udfff")",
                 "'\U0001F600 \U00010000 \U0010FFFF'");
    expect_shown(R"("a\u0000b")", "'a\0b'"sv);
    expect_shown(R"(["\n","x\ny\nz","\u0061\u0062 plain \"end"])",
                 "['\n' 'x\ny\nz' 'ab plain \"end' ]");
    expect_shown(R"({"\u0061":1,"a\u0062":2})", "{a=1 ab=2 }");
    for (const auto text :
         {R"("\a")"sv, R"("\x41")"sv, R"("\')"sv, R"("\U0041")"sv, R"("\0")"sv,
          R"("\u")"sv, R"("\u123")"sv, R"("\u123g")"sv, R"("\u+123")"sv,
          R"("\u 123")"sv, R"("\)"sv, R"("\")"sv, R"("\u00)"sv, R"("\ud83d\ude)"sv,
          "\"\\\n\""sv, "\"\\\x7f\""sv, "\"\\u00@0\""sv, "\"\\u00`0\""sv,
          "\"\\u00G0\""sv}) {
        expect_refused(text, Errc::malformed_json);
    }
}

TEST(Json, RefusesLoneSurrogates) {
    for (const auto text :
         {R"("\ud800")"sv, R"("\udbffx")"sv, R"("\udc00")"sv, R"("\udfff")"sv,
          R"("\ude00\ud83d")"sv, R"("\ud83d\ud83d")"sv, R"("\ud83d\u0041")"sv,
          R"("\ud83d\n")"sv, R"("\ud83dude00")"sv, R"({"\ud800":1})"sv,
          R"("\ud83d\xde00")"sv}) {
        expect_refused(text, Errc::malformed_json);
    }
}

TEST(Json, RefusesRawControlCharacters) {
    for (char c = 0; c < 0x20; ++c) {
        expect_refused("\"" + std::string(1, c) + "\"", Errc::malformed_json);
        expect_refused("\"" + std::string(20, 'a') + c + std::string(20, 'a') + "\"",
                       Errc::malformed_json);
        expect_refused("\"\\n" + std::string(1, c) + "\"", Errc::malformed_json);
    }
    expect_shown("\"\x7f\"", "'\x7f'");
}

TEST(Json, AcceptsUtf8AtItsBounds) {
    for (const auto text :
         {"\xc2\x80"sv, "\xdf\xbf"sv, "\xe0\xa0\x80"sv, "\xed\x9f\xbf"sv,
          "\xee\x80\x80"sv, "\xef\xbf\xbf"sv, "\xef\xbb\xbf"sv, "\xf0\x90\x80\x80"sv,
          "\xf4\x8f\xbf\xbf"sv, "\xe1\x80\x80\xe1\xbf\xbf"sv, "\xf1\x80\x80\x80"sv}) {
        for (const std::string_view filling : {""sv, "plain text of twenty"sv}) {
            const std::string inside =
                std::string{filling}.append(text).append(filling);
            expect_shown("\"" + inside + "\"", "'" + inside + "'");
            expect_shown("\"\\n" + inside + "\"", "'\n" + inside + "'");
        }
    }
}

TEST(Json, RefusesWhatIsNotUtf8) {
    for (const auto text : {"\x80"sv,
                            "\xbf"sv,
                            "\xc0\x80"sv,
                            "\xc1\xbf"sv,
                            "\xc2"sv,
                            "\xc2\x7f"sv,
                            "\xc2\xc0"sv,
                            "\xdf\xff"sv,
                            "\xe0\x9f\xbf"sv,
                            "\xe0\x80\xaf"sv,
                            "\xe1"sv,
                            "\xe1\x80"sv,
                            "\xe1\x80\x7f"sv,
                            "\xe1\x80\xc0"sv,
                            "\xe1\xc0\x80"sv,
                            "\xed\xa0\x80"sv,
                            "\xed\xbf\xbf"sv,
                            "\xed\xa0\xbd\xed\xb8\x80"sv,
                            "\xf0\x8f\xbf\xbf"sv,
                            "\xf0\x80\x80\xaf"sv,
                            "\xf0\x90"sv,
                            "\xf0\x90\x80"sv,
                            "\xf0\x90\x80\x7f"sv,
                            "\xf0\x90\xc0\x80"sv,
                            "\xf4\x90\x80\x80"sv,
                            "\xf5\x80\x80\x80"sv,
                            "\xf8\x88\x80\x80\x80"sv,
                            "\xfe"sv,
                            "\xff"sv}) {
        for (const std::string_view filling : {""sv, "plain text of twenty"sv}) {
            const std::string start = "\"" + std::string{filling}.append(text);
            expect_refused(start, Errc::invalid_utf8);
            expect_refused(start + std::string{filling} + "\"", Errc::invalid_utf8);
            expect_refused("{" + start + "\":1}", Errc::invalid_utf8);
        }
    }
}

TEST(Json, FindsTheEndOfStringsOfEveryLength) {
    for (std::size_t size = 0; size < 70; ++size) {
        const std::string text(size, 'a');
        expect_shown("\"" + text + "\"", "'" + text + "'");
        expect_shown("[\"" + text + "\",\"" + text + "\"]",
                     "['" + text + "' '" + text + "' ]");
        expect_shown("\"" + text + "\\\"" + text + "\"",
                     "'" + text + "\"" + text + "'");
        expect_shown("\"" + text + "\u20ac" + text + "\"",
                     "'" + text + "\u20ac" + text + "'");
        expect_refused("\"" + text, Errc::malformed_json);
        expect_refused("\"\\n" + text, Errc::malformed_json);
    }
}

TEST(Json, KnowsWhichStringsAreAscii) {
    const auto ascii = [](std::string_view text) {
        return parse(text)->root().node().ascii;
    };
    EXPECT_TRUE(ascii("\"plain\""));
    EXPECT_TRUE(ascii(R"("\n\u0041\u007f end")"));
    EXPECT_FALSE(ascii(R"("\u0080")"));
    EXPECT_FALSE(ascii(R"("\u00e9\u0041")"));
    EXPECT_FALSE(ascii(R"("\ud83d\ude00")"));
    EXPECT_FALSE(ascii("\"\u00e9\""));
    EXPECT_FALSE(ascii("\"a\u00e9b\\n\""));
}

TEST(Json, RefusesDuplicateNamesAtAnyDepth) {
    for (const auto text :
         {R"({"a":1,"a":1})"sv, R"({"a":1,"b":2,"a":3})"sv, R"({"":1,"":2})"sv,
          R"({"a":1,"\u0061":2})"sv, R"({"a\/":1,"a/":2})"sv, R"({"\u00e9":1,"é":2})"sv,
          R"([{"a":1,"a":2}])"sv, R"({"x":{"y":[1,{"a":[],"a":{}}]}})"sv,
          R"({"a":{"b":1,"c":[2]},"a":2})"sv, R"({"a":[{"a":1},{"a":2}],"a":2})"sv}) {
        expect_refused(text, Errc::duplicate_member);
    }
    // Names of every length of the hash's branches, and a difference in every place.
    for (std::size_t size = 1; size < 50; ++size) {
        const std::string name(size, 'n');
        const std::string object = "{\"" + name + "\":1,\"";
        expect_refused(object + name + "\":2}", Errc::duplicate_member);
        for (std::size_t at = 0; at < size; ++at) {
            std::string other = name;
            other[at] = 'm';
            EXPECT_TRUE(parse(object + other + "\":2}")) << other;
        }
        EXPECT_TRUE(parse(object + name + "n\":2}"));
    }
}

TEST(Json, AcceptsNamesThatOnlyLookAlike) {
    expect_shown(R"({"a":{"a":{"a":1}},"A":[{"a":1},{"a":2}]})",
                 "{a={a={a=1 } } A=[{a=1 } {a=2 } ] }");
    EXPECT_TRUE(parse(R"({"a":"a","b":"a","c":["a","a"]})"));
    EXPECT_TRUE(parse(R"({"é":1,"e\u0301":2,"E":3,"e":4,"e ":5})"));
    EXPECT_TRUE(parse(R"({"a":1,"a\u0000":2})"));
}

TEST(Json, FindsDuplicatesAmongMany) {
    for (const std::size_t members : {2U, 3U, 16U, 63U, 64U, 65U, 66U, 500U, 30000U}) {
        const std::string object = object_of(members);
        const auto parsed = parse(object);
        ASSERT_TRUE(parsed) << members;
        EXPECT_EQ(parsed->root().size(), members);
        std::string twice = object;
        twice.back() = ',';
        expect_refused(twice + "\"0\":1}", Errc::duplicate_member);
        expect_refused(twice + "\"" + std::to_string(members - 1) + "\":1}",
                       Errc::duplicate_member);
        expect_refused("[{}," + twice + "\"1\":1}]", Errc::duplicate_member);
    }
}

TEST(Json, BoundsDepth) {
    EXPECT_TRUE(parse(nested(kMaxJsonDepth, "[", "]")));
    EXPECT_TRUE(parse(nested(kMaxJsonDepth, "{\"a\":", "}")));
    EXPECT_TRUE(parse("[" + nested(15, "[", "]") + "," + nested(15, "[", "]") + "]"));
    expect_refused(nested(kMaxJsonDepth + 1, "[", "]"), Errc::nested_too_deep);
    expect_refused(nested(kMaxJsonDepth + 1, "{\"a\":", "}"), Errc::nested_too_deep);
    expect_refused(nested(8, "[{\"a\":", "}]").insert(0, "[") + "]",
                   Errc::nested_too_deep);
    expect_refused(std::string(1'000'000, '['), Errc::nested_too_deep);
    EXPECT_FALSE(parse(std::string(17, '['), Defects::mark));
}

TEST(Json, BoundsSize) {
    const std::string spaces(kMaxJsonSize - 1, ' ');
    EXPECT_TRUE(JsonDocument::parse(spaces + "1", "payload"));
    expect_refused(spaces + "11", Errc::token_too_large);
}

TEST(Json, MarksDefectsWhereAsked) {
    expect_shown(R"([{"a":1,"a":2},{"a":1}])", "[!{a=1 a=2 } {a=1 } ]", Defects::mark);
    expect_shown(R"({"a":{"b":1,"\u0062":2}})", "{a=!{b=1 b=2 } }", Defects::mark);
    expect_shown(R"([1e999,9223372036854775808,1e-999,"x"])", "[? ? ? 'x' ]",
                 Defects::mark);
    for (const auto text : {"[1,]"sv, "\"\\ud800\""sv, "\"\xff\""sv, "{} {}"sv}) {
        EXPECT_FALSE(parse(text, Defects::mark)) << text;
    }
}

TEST(Json, RefusesEveryBeginningOfAText) {
    const std::string text =
        R"({"a":[-1.5e+3,true,false,null,{"\u00e9\ud83d\ude00":"€ and 😀 \\"}],"b":12})";
    ASSERT_TRUE(parse(text));
    for (std::size_t size = 0; size < text.size(); ++size) {
        EXPECT_FALSE(parse(text.substr(0, size))) << size;
        EXPECT_FALSE(parse(text.substr(0, size), Defects::mark)) << size;
    }
}

TEST(Json, FindsMembersByExactName) {
    const auto parsed = parse(R"({"x":{"b":1},"a":[{"b":2}],"b":3,"\u0063":4})");
    ASSERT_TRUE(parsed);
    const JsonValue root = parsed->root();
    EXPECT_EQ(root.size(), 4U);
    EXPECT_EQ(root.member("b")->integer(), 3);
    EXPECT_EQ(root.member("c")->integer(), 4);
    EXPECT_EQ(root.member("x")->member("b")->integer(), 1);
    EXPECT_EQ(root.member("a")->size(), 1U);
    for (const auto name : {"", "B", "b ", "bb", "2"})
        EXPECT_FALSE(root.member(name)) << name;
    EXPECT_FALSE(root.member("a")->member("b"));
    EXPECT_FALSE(root.member("b")->member("b"));
}

TEST(Json, AnswersSafelyForAnotherType) {
    const auto parsed = parse(R"([7,"text",{"a":1},true])");
    ASSERT_TRUE(parsed);
    std::vector<JsonValue> values;
    parsed->root().for_each_element([&](JsonValue value) { values.push_back(value); });
    ASSERT_EQ(values.size(), 4U);
    int calls = 0;
    values[2].for_each_element([&](JsonValue) { ++calls; });
    values[1].for_each_element([&](JsonValue) { ++calls; });
    parsed->root().for_each_member([&](std::string_view, JsonValue) { ++calls; });
    values[0].for_each_member([&](std::string_view, JsonValue) { ++calls; });
    EXPECT_EQ(calls, 0);
    EXPECT_DEBUG_DEATH(EXPECT_EQ(values[0].string(), ""), "");
    EXPECT_DEBUG_DEATH(EXPECT_EQ(values[1].integer(), 0), "");
    EXPECT_DEBUG_DEATH(EXPECT_EQ(values[0].boolean(), false), "");
    EXPECT_DEBUG_DEATH(EXPECT_EQ(values[3].number(), 0.0), "");
}

TEST(Json, KeepsItsValuesWhenItMoves) {
    auto parsed = parse(R"({"a":"short"})");
    ASSERT_TRUE(parsed);
    const JsonDocument moved = std::move(parsed).value();
    EXPECT_EQ(moved.root().member("a")->string(), "short");
    EXPECT_GE(moved.memory(), sizeof(JsonDocument) + 3 * sizeof(JsonNode) + 13);
    EXPECT_GT(parse(object_of(900))->memory(), 900 * 2 * sizeof(JsonNode) + 900 * 6);
}

}  // namespace
}  // namespace github_oidc
