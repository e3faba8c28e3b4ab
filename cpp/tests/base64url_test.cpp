// SPDX-License-Identifier: Apache-2.0
#include "github_oidc/base64url.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace github_oidc::base64url {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Decodes from and into heap buffers without a spare byte, where AddressSanitizer sees
/// every step outside.
std::optional<std::string> decode_exactly(std::string_view text) {
    const auto in = std::make_unique<char[]>(text.size());
    std::copy(text.begin(), text.end(), in.get());
    const std::size_t room = decoded_size(text.size());
    const auto out = std::make_unique<unsigned char[]>(room);
    const auto size = decode({in.get(), text.size()}, {out.get(), room});
    EXPECT_EQ(size.has_value(), decode(text).has_value());
    if (!size) return std::nullopt;
    EXPECT_EQ(*size, room);
    std::string bytes(out.get(), out.get() + *size);
    EXPECT_EQ(decode(text), bytes);
    return bytes;
}

std::string encoded(std::string_view bytes) {
    return encode({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
}

TEST(Base64url, CodesTheVectorsOfRfc4648) {
    const std::vector<std::pair<std::string_view, std::string_view>> vectors{
        {"", ""},
        {"f", "Zg"},
        {"fo", "Zm8"},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg"},
        {"fooba", "Zm9vYmE"},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff\xbf", "-_-_"},
    };
    for (const auto& [bytes, text] : vectors) {
        EXPECT_EQ(encoded(bytes), text);
        EXPECT_EQ(decode_exactly(text), bytes);
    }
}

TEST(Base64url, GivesBackEveryLengthAndByte) {
    std::string bytes;
    for (unsigned size = 0; size < 300; ++size) {
        const std::string text = encoded(bytes);
        EXPECT_EQ(text.size(), (size * 4 + 2) / 3);
        EXPECT_EQ(decoded_size(text.size()), size);
        EXPECT_EQ(decode_exactly(text), bytes);
        bytes.push_back(static_cast<char>(size * 167 + 13));
    }
    EXPECT_EQ(std::set<char>(bytes.begin(), bytes.end()).size(), 256U);
}

TEST(Base64url, RefusesEveryOtherByteInEveryPlace) {
    for (std::size_t size = 2; size < 14; ++size) {
        if (size % 4 == 1) continue;
        for (std::size_t at = 0; at < size; ++at) {
            for (unsigned value = 0; value < 256; ++value) {
                std::string text(size, 'A');
                text[at] = static_cast<char>(value);
                // The last character may not carry bits: those are another test.
                if (kAlphabet.find(text[at]) != kAlphabet.npos) continue;
                EXPECT_FALSE(decode_exactly(text)) << size << " " << at << " " << value;
            }
        }
    }
}

TEST(Base64url, RefusesLengthsThatNoBytesHave) {
    for (const auto text : {"A"sv, "AAAAA"sv, "AAAAAAAAA"sv}) {
        EXPECT_FALSE(decode_exactly(text)) << text;
    }
}

TEST(Base64url, RefusesPaddingAndWhiteSpace) {
    for (const auto text : {"Zg=="sv, "Zm8="sv, "Zg="sv, "="sv, "===="sv, "Zm9v===="sv,
                            " Zm9v"sv, "Zm9v\n"sv, "Zm9v "sv, "Zm\r\n9v"sv, "Zm9v\0"sv,
                            "\0Zm9"sv, "+/+/"sv, "Zm9v.Zm"sv}) {
        EXPECT_FALSE(decode_exactly(text)) << text;
    }
}

TEST(Base64url, RefusesUnusedBits) {
    for (const std::string_view start : {""sv, "AAAA"sv, "AAAAAAAA"sv}) {
        for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
            const std::string two = std::string{start} + "A" + kAlphabet[i];
            EXPECT_EQ(decode_exactly(two).has_value(), i % 16 == 0) << two;
            const std::string three = std::string{start} + "AA" + kAlphabet[i];
            EXPECT_EQ(decode_exactly(three).has_value(), i % 4 == 0) << three;
        }
    }
}

TEST(Base64url, WritesNothingBehindItsBytes) {
    for (std::size_t size = 0; size < 40; ++size) {
        if (size % 4 == 1) continue;
        std::vector<unsigned char> out(decoded_size(size) + 8, 0xee);
        ASSERT_TRUE(decode(std::string(size, 'A'), out));
        EXPECT_TRUE(std::all_of(out.end() - 8, out.end(), [](unsigned char byte) {
            return byte == 0xee;
        })) << size;
    }
}

TEST(Base64url, RefusesRoomThatIsTooSmall) {
    std::vector<unsigned char> out(2);
    EXPECT_FALSE(decode("Zm9v", out));
    EXPECT_EQ(decode("Zm8", out), 2U);
}

}  // namespace
}  // namespace github_oidc::base64url
