// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "github_oidc/json.hpp"
#include "json_cases.hpp"

namespace github_oidc {
namespace {

using namespace json_cases;
using namespace std::string_literals;
using namespace std::string_view_literals;

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
        expect_refused(object + "\\u006e" + name.substr(1) + "\":2}",
                       Errc::duplicate_member);
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
