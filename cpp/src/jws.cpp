// SPDX-License-Identifier: Apache-2.0
#include "github_oidc/jws.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "github_oidc/base64url.hpp"
#include "github_oidc/json.hpp"

namespace github_oidc {
namespace {

/// The three segments as characters, views into the token.
struct Segments {
    std::string_view header, payload, signature, signing_input;
};

Result<Segments> split(std::string_view token) {
    if (token.size() > kMaxTokenSize) return Errc::token_too_large;
    const std::size_t first = token.find('.');
    if (first == std::string_view::npos) return Errc::malformed_jws;
    const std::size_t second = token.find('.', first + 1);
    if (second == std::string_view::npos ||
        token.find('.', second + 1) != std::string_view::npos)
        return Errc::malformed_jws;
    const Segments parts{token.substr(0, first),
                         token.substr(first + 1, second - first - 1),
                         token.substr(second + 1), token.substr(0, second)};
    if (parts.header.empty() || parts.payload.empty() || parts.signature.empty())
        return Errc::malformed_jws;
    if (parts.header.size() > kMaxHeaderSize) return {Errc::token_too_large, "header"};
    if (parts.signature.size() > kMaxSignatureSize)
        return {Errc::token_too_large, "signature"};
    return parts;
}

/// Room for one decoded segment on the stack, so that refusing costs no allocation.
template <std::size_t Characters>
class Decoded {
public:
    bool decode(std::string_view text) noexcept {
        const auto size = base64url::decode(text, buffer_);
        size_ = size.value_or(0);
        return size.has_value();
    }
    std::span<const unsigned char> bytes() const noexcept {
        return {buffer_.data(), size_};
    }
    std::string text() const {
        return {reinterpret_cast<const char*>(buffer_.data()), size_};
    }

private:
    // Not initialised: 12 KiB of zeros per token would be most of the work.
    std::array<unsigned char, base64url::decoded_size(Characters)> buffer_;
    std::size_t size_ = 0;
};

bool equal_without_case(std::string_view left, std::string_view right) noexcept {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    };
    return std::ranges::equal(left, right, {}, lower, lower);
}

std::span<const unsigned char> as_bytes(std::string_view text) noexcept {
    return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

std::optional<Error> refuse_extensions(JsonValue header) {
    if (header.member("crit")) return Error{Errc::critical_header, "crit"};
    if (const auto b64 = header.member("b64");
        b64 && !(b64->type() == JsonType::boolean && b64->boolean()))
        return Error{Errc::unencoded_payload, "b64"};
    if (header.member("zip")) return Error{Errc::compressed_payload, "zip"};
    const auto cty = header.member("cty");
    if (!cty) return std::nullopt;
    if (!cty->is_string()) return Error{Errc::malformed_header, "cty"};
    if (equal_without_case(cty->string(), "JWT") ||
        equal_without_case(cty->string(), "application/jwt"))
        return Error{Errc::nested_token, "cty"};
    return std::nullopt;
}

Result<std::optional<std::string>> optional_text(JsonValue header,
                                                 std::string_view name) {
    const auto value = header.member(name);
    if (!value) return std::optional<std::string>{};
    if (!value->is_string()) return {Errc::malformed_header, name};
    return std::optional<std::string>{value->string()};
}

}  // namespace

Result<JoseHeader> JoseHeader::parse(std::string text) {
    const auto document = JsonDocument::parse(std::move(text), "header");
    if (!document) return document.error();
    const JsonValue root = document->root();
    if (!root.is_object()) return {Errc::not_an_object, "header"};
    const auto alg = root.member("alg");
    if (!alg || !alg->is_string()) return {Errc::malformed_header, "alg"};
    if (const auto error = refuse_extensions(root)) return *error;
    auto kid = optional_text(root, "kid");
    if (!kid) return kid.error();
    auto typ = optional_text(root, "typ");
    if (!typ) return typ.error();
    return JoseHeader{find_jwa(alg->string()), std::move(kid).value(),
                      std::move(typ).value()};
}

std::optional<Error> HeaderRules::refuse(const JoseHeader& header) const {
    if (header.jwa == nullptr || !algorithms.contains(*header.jwa))
        return Error{Errc::algorithm_not_allowed, "alg"};
    const std::string_view typ = header.typ ? std::string_view{*header.typ} : "JWT";
    if (std::ranges::none_of(types, [&](const std::string& accepted) {
            return equal_without_case(accepted, typ);
        }))
        return Error{Errc::unexpected_type, "typ"};
    return std::nullopt;
}

Result<VerifiedJws> verify_jws(std::string_view token, const JwkSet& keys,
                               const HeaderRules& rules) {
    const auto segments = split(token);
    if (!segments) return segments.error();
    Decoded<kMaxHeaderSize> header_text;
    Decoded<kMaxTokenSize> payload;
    Decoded<kMaxSignatureSize> signature;
    if (!header_text.decode(segments->header))
        return {Errc::malformed_base64url, "header"};
    if (!payload.decode(segments->payload))
        return {Errc::malformed_base64url, "payload"};
    if (!signature.decode(segments->signature))
        return {Errc::malformed_base64url, "signature"};

    auto header = JoseHeader::parse(header_text.text());
    if (!header) return header.error();
    if (const auto error = rules.refuse(*header)) return *error;
    const Jwa& row = *header->jwa;
    const auto key = keys.select(header->kid, row);
    if (!key) return key.error();
    if (const auto error =
            (*key)->verify(row, signature.bytes(), as_bytes(segments->signing_input)))
        return *error;
    return VerifiedJws{std::move(header).value(), (*key)->thumbprint(), payload.text()};
}

}  // namespace github_oidc
