// SPDX-License-Identifier: Apache-2.0
#include "github_oidc/jwk.hpp"

#include <algorithm>

#include "github_oidc/base64url.hpp"
#include "public_key.hpp"

namespace github_oidc {
namespace {

/// RFC 7518 6.2.2, 6.3.2 and 6.4: a key that shows one of these is no public key.
constexpr std::string_view kPrivateMembers[] = {"d",  "p",  "q",   "dp",
                                                "dq", "qi", "oth", "k"};

std::optional<std::string_view> text(JsonValue jwk, std::string_view name) {
    const auto value = jwk.member(name);
    if (!value || !value->is_string()) return std::nullopt;
    return value->string();
}

Bytes bytes(const std::string& text) {
    return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

std::optional<std::string> binary(JsonValue jwk, std::string_view name) {
    const auto encoded = text(jwk, name);
    if (!encoded || encoded->empty()) return std::nullopt;
    return base64url::decode(*encoded);
}

/// RFC 7517 4.2, 4.3: absent, or for signatures.
bool is_for_verifying(JsonValue jwk) {
    if (const auto use = jwk.member("use");
        use && !(use->is_string() && use->string() == "sig"))
        return false;
    const auto operations = jwk.member("key_ops");
    if (!operations) return true;
    if (!operations->is_array()) return false;
    bool verifies = false;
    bool only_text = true;
    operations->for_each_element([&](JsonValue operation) {
        if (!operation.is_string())
            only_text = false;
        else if (operation.string() == "verify")
            verifies = true;
    });
    return verifies && only_text;
}

struct Material {
    KeyType kty;
    std::string_view crv;
    std::optional<PublicKey> key;
    std::string canonical;  // RFC 7638 3.2: the required members in lexicographic order
};

Material rsa(JsonValue jwk) {
    Material made{KeyType::rsa, "", std::nullopt, {}};
    const auto n = binary(jwk, "n");
    const auto e = binary(jwk, "e");
    if (!n || !e) return made;
    made.key = PublicKey::rsa(bytes(*n), bytes(*e));
    made.canonical = R"({"e":")" + std::string{*text(jwk, "e")} +
                     R"(","kty":"RSA","n":")" + std::string{*text(jwk, "n")} + R"("})";
    return made;
}

Material ec(JsonValue jwk) {
    Material made{KeyType::ec, text(jwk, "crv").value_or(""), std::nullopt, {}};
    const auto x = binary(jwk, "x");
    const auto y = binary(jwk, "y");
    if (!x || !y) return made;
    made.key = PublicKey::ec(made.crv, bytes(*x), bytes(*y));
    made.canonical = R"({"crv":")" + std::string{made.crv} + R"(","kty":"EC","x":")" +
                     std::string{*text(jwk, "x")} + R"(","y":")" +
                     std::string{*text(jwk, "y")} + R"("})";
    return made;
}

Material okp(JsonValue jwk) {
    Material made{KeyType::okp, text(jwk, "crv").value_or(""), std::nullopt, {}};
    const auto x = binary(jwk, "x");
    if (!x || made.crv != "Ed25519") return made;
    made.key = PublicKey::ed25519(bytes(*x));
    made.canonical = R"({"crv":"Ed25519","kty":"OKP","x":")" +
                     std::string{*text(jwk, "x")} + R"("})";
    return made;
}

struct KeyTypeRow {
    std::string_view kty;
    Material (*read)(JsonValue);
};

constexpr KeyTypeRow kKeyTypes[] = {{"RSA", rsa}, {"EC", ec}, {"OKP", okp}};

}  // namespace

Result<Jwk> Jwk::from_json(JsonValue jwk) {
    if (!jwk.is_object() || jwk.node().defective) return {Errc::unusable_key, "jwk"};
    const auto kty = text(jwk, "kty");
    const auto* row = std::ranges::find(kKeyTypes, kty.value_or(""), &KeyTypeRow::kty);
    if (row == std::end(kKeyTypes)) return {Errc::unusable_key, "kty"};
    for (const std::string_view name : kPrivateMembers)
        if (jwk.member(name)) return {Errc::unusable_key, "private member"};
    if (!is_for_verifying(jwk)) return {Errc::key_mismatch, "use"};
    const auto alg = jwk.member("alg");
    if (alg && !alg->is_string()) return {Errc::unusable_key, "alg"};

    Material material = row->read(jwk);
    if (!material.key) return {Errc::unusable_key, row->kty};
    std::uint32_t rows = 0;
    for (const Jwa& jwa : kJwa) {
        if (jwa.kty != material.kty || jwa.crv != material.crv) continue;
        if (alg && alg->string() != jwa.alg) continue;
        if (!material.key->prepare(jwa)) return {Errc::crypto_unavailable, row->kty};
        rows |= 1U << index_of(jwa);
    }
    if (rows == 0) return {Errc::key_mismatch, "alg"};

    Thumbprint thumbprint{};
    if (EVP_Digest(material.canonical.data(), material.canonical.size(),
                   thumbprint.data(), nullptr, EVP_sha256(), nullptr) != 1)
        return {Errc::crypto_unavailable, "jwk"};
    return Jwk{material.kty, rows, thumbprint,
               std::make_shared<const PublicKey>(*std::move(material.key))};
}

std::optional<Error> Jwk::verify(const Jwa& row, Bytes signature,
                                 Bytes signing_input) const {
    if (signature.size() != key_->signature_size(row))
        return Error{Errc::malformed_signature};
    switch (key_->verify(row, signature, signing_input)) {
        case PublicKey::Verdict::good:
            return std::nullopt;
        case PublicKey::Verdict::bad:
            return Error{Errc::invalid_signature};
        case PublicKey::Verdict::unavailable:
            break;
    }
    return Error{Errc::crypto_unavailable};
}

}  // namespace github_oidc
