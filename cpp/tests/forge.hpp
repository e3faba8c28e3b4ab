// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "github_oidc/error.hpp"
#include "github_oidc/jwa.hpp"
#include "github_oidc/jwk_set.hpp"
#include "github_oidc/verifier.hpp"
#include "openssl.hpp"

/// Valid tokens and keys, and everything needed to break one named thing in them.
namespace github_oidc::forge {

inline constexpr double kNow = 1'800'000'000;
inline constexpr std::string_view kIssuer = "https://issuer.example";
inline constexpr std::string_view kAudience = "my-api";

/// A JSON object as the texts of its members, so that any defect can be written down.
class Object {
public:
    using Member = std::pair<std::string, std::string>;

    Object(std::initializer_list<Member> members) : members_(members) {}

    /// In place of the member of that name, or at the end.
    Object& set(std::string_view name, std::string_view json);
    /// At the end, also when there is one of that name.
    Object& add(std::string_view name, std::string_view json);
    Object& drop(std::string_view name);

    /// The member's JSON text; the member has to be there.
    const std::string& at(std::string_view name) const;

    std::string text() const;

private:
    std::vector<Member> members_;
};

/// A JSON string; the text holds nothing that needs an escape.
std::string in_quotes(std::string_view text);

/// base64url of bytes that are held as text.
std::string encoded(std::string_view bytes);
std::string decoded(std::string_view text);

/// A key pair.
class Key {
public:
    explicit Key(openssl::Pkey pkey) : pkey_(std::move(pkey)) {}

    EVP_PKEY* get() const noexcept { return pkey_.get(); }

    /// The public members: kty, crv and the key, without kid, use and alg.
    Object jwk() const;

    /// A number of the key, big endian: "n", "order" and the like by OpenSSL's names.
    std::string number(const char* name, std::size_t size = 0) const;

private:
    openssl::Pkey pkey_;
};

/// A key of this process, made when first asked for: "RSA" (2048 bits), "P-256",
/// "P-384", "P-521", "secp256k1", "Ed25519" or "X25519"; "other RSA" and the like are
/// further keys of the same kind.
const Key& key(std::string_view name);

/// The name of the key that fits a row.
std::string_view key_name(const Jwa& row) noexcept;

/// A signature as a JWS carries it (RFC 7518 3).
std::string sign(const Key& key, const Jwa& row, std::string_view signing_input);

struct Pss {
    const char* digest;
    const char* mgf1_digest;
    int salt_size;
};
std::string sign_pss(const Key& key, const Pss& pss, std::string_view signing_input);

/// RSASP1 and RSAVP1 of RFC 8017 5.2 on a whole block, without any padding.
std::string rsa_private(const Key& key, std::string_view block);
std::string rsa_public(const Key& key, std::string_view signature);

/// EMSA-PKCS1-v1_5 around a DigestInfo (RFC 8017 9.2).
std::string pkcs1_block(std::string_view digest_info, std::size_t size);
std::string sha256(std::string_view bytes);

/// Arithmetic on big-endian numbers; the result has `size` bytes.
std::string sum(std::string_view left, std::string_view right, std::size_t size);
std::string difference(std::string_view left, std::string_view right, std::size_t size);
bool less(std::string_view left, std::string_view right);

/// A token that every check accepts as long as nothing is changed.
struct Token {
    explicit Token(std::string_view alg = "RS256");

    const Jwa* row;
    const Key* signer;
    Object header;
    Object claims;
    /// These replace the objects above.
    std::optional<std::string> header_text{};
    std::optional<std::string> payload_text{};

    std::string signing_input() const;
    /// The raw signature over signing_input().
    std::string signature() const;
    std::string compact() const { return with_signature(signature()); }
    std::string with_signature(std::string_view raw) const;
};

/// A JWK of one of the process's keys with kid (its name) and use.
Object jwk(std::string_view name);

std::string set_text(std::initializer_list<Object> jwks);

/// A set that has to be readable.
JwkSet set_of(std::initializer_list<Object> jwks, std::string issuer = {});

/// One key of each kind that can sign.
const JwkSet& issuer_keys();

AlgorithmSet all_algorithms();
HeaderRules header_rules();
ClaimRules claim_rules();

/// "good", or the code and what it names, as in "missing_claim exp".
std::string verdict(const std::optional<Error>& error);

template <class T>
std::string verdict(const Result<T>& result) {
    return result ? verdict(std::nullopt) : verdict(result.error());
}

/// What a new verifier of all algorithms says at kNow.
std::string verify(std::string_view token, const JwkSet& keys = issuer_keys());
inline std::string verify(const Token& token, const JwkSet& keys = issuer_keys()) {
    return verify(token.compact(), keys);
}

inline std::span<const unsigned char> bytes(std::string_view text) {
    return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

}  // namespace github_oidc::forge
