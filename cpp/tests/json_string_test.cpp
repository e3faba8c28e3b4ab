// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "github_oidc/json.hpp"
#include "json_cases.hpp"

namespace github_oidc {
namespace {

using namespace json_cases;
using namespace std::string_literals;
using namespace std::string_view_literals;

TEST(JsonString, UnescapesStrings) {
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

TEST(JsonString, RefusesLoneSurrogates) {
    for (const auto text :
         {R"("\ud800")"sv, R"("\udbffx")"sv, R"("\udc00")"sv, R"("\udfff")"sv,
          R"("\ude00\ud83d")"sv, R"("\ud83d\ud83d")"sv, R"("\ud83d\u0041")"sv,
          R"("\ud83d\n")"sv, R"("\ud83dude00")"sv, R"({"\ud800":1})"sv,
          R"("\ud83d\xde00")"sv}) {
        expect_refused(text, Errc::malformed_json);
    }
}

TEST(JsonString, RefusesRawControlCharacters) {
    for (char c = 0; c < 0x20; ++c) {
        expect_refused("\"" + std::string(1, c) + "\"", Errc::malformed_json);
        expect_refused("\"" + std::string(20, 'a') + c + std::string(20, 'a') + "\"",
                       Errc::malformed_json);
        expect_refused("\"\\n" + std::string(1, c) + "\"", Errc::malformed_json);
    }
    expect_shown("\"\x7f\"", "'\x7f'");
}

TEST(JsonString, AcceptsUtf8AtItsBounds) {
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

TEST(JsonString, RefusesWhatIsNotUtf8) {
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

TEST(JsonString, FindsTheEndOfStringsOfEveryLength) {
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

TEST(JsonString, KnowsWhichStringsAreAscii) {
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

}  // namespace
}  // namespace github_oidc
