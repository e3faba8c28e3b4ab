// SPDX-License-Identifier: Apache-2.0
#include "forge.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <stdexcept>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "github_oidc/base64url.hpp"

namespace github_oidc::forge {
namespace {

/// A test that cannot prepare its input has to stop, not to pass.
void require(bool done) {
    if (!done) throw std::logic_error("the forge could not prepare a test");
}

unsigned char* out(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

openssl::BigNum big_num(std::string_view raw) {
    openssl::BigNum number{
        BN_bin2bn(bytes(raw).data(), static_cast<int>(raw.size()), nullptr)};
    require(number != nullptr);
    return number;
}

std::string padded(const BIGNUM* number, std::size_t size) {
    std::string raw(size, '\0');
    require(BN_bn2binpad(number, out(raw), static_cast<int>(size)) >= 0);
    return raw;
}

openssl::Pkey generate(std::string_view name) {
    if (name.starts_with("other ")) name.remove_prefix(6);
    const std::string kind{name};
    if (kind == "RSA") return openssl::Pkey{EVP_RSA_gen(2048)};
    if (kind.ends_with("25519"))
        return openssl::Pkey{EVP_PKEY_Q_keygen(nullptr, nullptr, kind.c_str())};
    return openssl::Pkey{EVP_EC_gen(kind.c_str())};
}

/// RFC 7518 3.4: r and s, each as long as the field.
std::string halves(std::string_view der, std::size_t size) {
    const unsigned char* at = bytes(der).data();
    const openssl::EcdsaSig pair{
        d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()))};
    require(pair != nullptr);
    return padded(ECDSA_SIG_get0_r(pair.get()), size / 2) +
           padded(ECDSA_SIG_get0_s(pair.get()), size / 2);
}

std::string digest_sign(const Key& key, const char* digest, const Pss* pss,
                        std::string_view signing_input) {
    const openssl::MdCtx context{EVP_MD_CTX_new()};
    EVP_PKEY_CTX* parameters = nullptr;
    require(EVP_DigestSignInit_ex(context.get(), &parameters, digest, nullptr, nullptr,
                                  key.get(), nullptr) == 1);
    if (pss != nullptr)
        require(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, pss->salt_size) == 1 &&
                EVP_PKEY_CTX_set_rsa_mgf1_md_name(parameters, pss->mgf1_digest,
                                                  nullptr) == 1);
    const auto input = bytes(signing_input);
    std::size_t size = 0;
    require(EVP_DigestSign(context.get(), nullptr, &size, input.data(), input.size()) ==
            1);
    std::string raw(size, '\0');
    require(EVP_DigestSign(context.get(), out(raw), &size, input.data(),
                           input.size()) == 1);
    raw.resize(size);
    return raw;
}

openssl::PkeyCtx unpadded(const Key& key, int (*begin)(EVP_PKEY_CTX*)) {
    openssl::PkeyCtx context{EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr)};
    require(context && begin(context.get()) == 1 &&
            EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING) == 1);
    return context;
}

}  // namespace

Object& Object::set(std::string_view name, std::string_view json) {
    for (Member& member : members_) {
        if (member.first != name) continue;
        member.second = json;
        return *this;
    }
    return add(name, json);
}

Object& Object::add(std::string_view name, std::string_view json) {
    members_.emplace_back(name, json);
    return *this;
}

Object& Object::drop(std::string_view name) {
    require(std::erase_if(members_,
                          [&](const Member& one) { return one.first == name; }) > 0);
    return *this;
}

const std::string& Object::at(std::string_view name) const {
    const auto found = std::ranges::find(members_, name, &Member::first);
    require(found != members_.end());
    return found->second;
}

std::string Object::text() const {
    std::string text;
    for (const auto& [name, json] : members_)
        text += (text.empty() ? "" : ",") + in_quotes(name) + ":" + json;
    return "{" + text + "}";
}

std::string in_quotes(std::string_view text) {
    return "\"" + std::string{text} + "\"";
}

std::string encoded(std::string_view raw) {
    return base64url::encode(bytes(raw));
}

std::string decoded(std::string_view text) {
    auto raw = base64url::decode(text);
    require(raw.has_value());
    return *std::move(raw);
}

std::string Key::number(const char* name, std::size_t size) const {
    BIGNUM* made = nullptr;
    require(EVP_PKEY_get_bn_param(get(), name, &made) == 1);
    const openssl::BigNum number{made};
    const auto shortest = static_cast<std::size_t>(BN_num_bytes(made));
    return padded(made, std::max(size, shortest));
}

Object Key::jwk() const {
    const auto member = [&](const char* name, std::size_t size = 0) {
        return in_quotes(encoded(number(name, size)));
    };
    if (EVP_PKEY_is_a(get(), "RSA") == 1)
        return {{"kty", in_quotes("RSA")},
                {"n", member(OSSL_PKEY_PARAM_RSA_N)},
                {"e", member(OSSL_PKEY_PARAM_RSA_E)}};
    if (EVP_PKEY_is_a(get(), "EC") == 1) {
        const auto bits = static_cast<std::size_t>(EVP_PKEY_get_bits(get()));
        std::string group(32, '\0');
        std::size_t size = 0;
        require(EVP_PKEY_get_group_name(get(), group.data(), group.size(), &size) == 1);
        group.resize(size);
        const std::string crv =
            group == "secp256k1" ? group : "P-" + std::to_string(bits);
        return {{"kty", in_quotes("EC")},
                {"crv", in_quotes(crv)},
                {"x", member(OSSL_PKEY_PARAM_EC_PUB_X, (bits + 7) / 8)},
                {"y", member(OSSL_PKEY_PARAM_EC_PUB_Y, (bits + 7) / 8)}};
    }
    std::string x(32, '\0');
    std::size_t size = x.size();
    require(EVP_PKEY_get_raw_public_key(get(), out(x), &size) == 1);
    const bool signs = EVP_PKEY_is_a(get(), "ED25519") == 1;
    return {{"kty", in_quotes("OKP")},
            {"crv", in_quotes(signs ? "Ed25519" : "X25519")},
            {"x", in_quotes(encoded(x))}};
}

const Key& key(std::string_view name) {
    static std::mutex mutex;
    static std::map<std::string, Key, std::less<>> keys;
    const std::lock_guard lock{mutex};
    const auto found = keys.find(name);
    if (found != keys.end()) return found->second;
    openssl::Pkey pkey = generate(name);
    require(pkey != nullptr);
    return keys.emplace(name, Key{std::move(pkey)}).first->second;
}

std::string_view key_name(const Jwa& row) noexcept {
    return row.kty == KeyType::rsa ? "RSA" : row.crv;
}

std::string sign(const Key& key, const Jwa& row, std::string_view signing_input) {
    if (row.scheme == SignatureScheme::pss)
        return sign_pss(key, {row.digest, row.digest, RSA_PSS_SALTLEN_DIGEST},
                        signing_input);
    const std::string raw = digest_sign(key, row.digest, nullptr, signing_input);
    return row.scheme == SignatureScheme::ecdsa ? halves(raw, row.signature_size) : raw;
}

std::string sign_pss(const Key& key, const Pss& pss, std::string_view signing_input) {
    return digest_sign(key, pss.digest, &pss, signing_input);
}

std::string rsa_private(const Key& key, std::string_view block) {
    const auto context = unpadded(key, EVP_PKEY_sign_init);
    std::string raw(block.size(), '\0');
    std::size_t size = raw.size();
    require(EVP_PKEY_sign(context.get(), out(raw), &size, bytes(block).data(),
                          block.size()) == 1);
    return raw;
}

std::string rsa_public(const Key& key, std::string_view signature) {
    const auto context = unpadded(key, EVP_PKEY_encrypt_init);
    std::string raw(signature.size(), '\0');
    std::size_t size = raw.size();
    require(EVP_PKEY_encrypt(context.get(), out(raw), &size, bytes(signature).data(),
                             signature.size()) == 1);
    return raw;
}

std::string pkcs1_block(std::string_view digest_info, std::size_t size) {
    const std::size_t padding = size - 3 - digest_info.size();
    return std::string{"\x00\x01", 2} + std::string(padding, '\xff') + '\0' +
           std::string{digest_info};
}

std::string sha256(std::string_view raw) {
    std::string digest(32, '\0');
    require(EVP_Digest(raw.data(), raw.size(), out(digest), nullptr, EVP_sha256(),
                       nullptr) == 1);
    return digest;
}

std::string sum(std::string_view left, std::string_view right, std::size_t size) {
    const openssl::BigNum total{BN_new()};
    require(BN_add(total.get(), big_num(left).get(), big_num(right).get()) == 1);
    return padded(total.get(), size);
}

std::string difference(std::string_view left, std::string_view right,
                       std::size_t size) {
    const openssl::BigNum rest{BN_new()};
    require(BN_sub(rest.get(), big_num(left).get(), big_num(right).get()) == 1);
    require(BN_is_negative(rest.get()) == 0);
    return padded(rest.get(), size);
}

bool less(std::string_view left, std::string_view right) {
    return BN_cmp(big_num(left).get(), big_num(right).get()) < 0;
}

Token::Token(std::string_view alg)
    : row(find_jwa(alg)),
      signer(&key(key_name(*row))),
      header{{"alg", in_quotes(alg)},
             {"typ", in_quotes("JWT")},
             {"kid", in_quotes(key_name(*row))}},
      claims{{"iss", in_quotes(kIssuer)},
             {"sub", in_quotes("repo:octo/app:ref:refs/heads/main")},
             {"aud", in_quotes(kAudience)},
             {"exp", "1800000300"},
             {"nbf", "1799999900"},
             {"iat", "1799999900"},
             {"jti", in_quotes("one")}} {}

std::string Token::signing_input() const {
    return encoded(header_text.value_or(header.text())) + "." +
           encoded(payload_text.value_or(claims.text()));
}

std::string Token::signature() const {
    return sign(*signer, *row, signing_input());
}

std::string Token::with_signature(std::string_view raw) const {
    return signing_input() + "." + encoded(raw);
}

Object jwk(std::string_view name) {
    return key(name).jwk().set("kid", in_quotes(name)).set("use", in_quotes("sig"));
}

std::string set_text(std::initializer_list<Object> jwks) {
    std::string text;
    for (const Object& one : jwks)
        text += (text.empty() ? "" : ",") + one.text();
    return R"({"keys":[)" + text + "]}";
}

JwkSet set_of(std::initializer_list<Object> jwks, std::string issuer) {
    return JwkSet::parse(set_text(jwks), std::move(issuer)).value();
}

const JwkSet& issuer_keys() {
    static const JwkSet keys =
        set_of({jwk("RSA"), jwk("P-256"), jwk("P-384"), jwk("P-521"), jwk("Ed25519")});
    return keys;
}

AlgorithmSet all_algorithms() {
    std::vector<std::string_view> names;
    for (const Jwa& row : kJwa)
        names.push_back(row.alg);
    return AlgorithmSet::of(names);
}

HeaderRules header_rules() {
    HeaderRules rules;
    rules.algorithms = all_algorithms();
    return rules;
}

ClaimRules claim_rules() {
    ClaimRules rules;
    rules.issuers = {std::string{kIssuer}};
    rules.audiences = std::vector{std::string{kAudience}};
    return rules;
}

std::string verdict(const std::optional<Error>& error) {
    if (!error) return "good";
    const std::string code{reason(error->code).code};
    return error->claim.empty() ? code : code + " " + std::string{error->claim};
}

std::string verify(std::string_view token, const JwkSet& keys) {
    return verdict(Verifier{header_rules(), claim_rules()}.verify(token, keys, kNow));
}

}  // namespace github_oidc::forge
