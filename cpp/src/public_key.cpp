// SPDX-License-Identifier: Apache-2.0
#include "public_key.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include <openssl/core_names.h>
#include <openssl/rsa.h>

namespace github_oidc {
namespace {

using openssl::ErrorQueueGuard;

struct Curve {
    std::string_view crv;
    const char* group;
    std::size_t field_size;
};

constexpr Curve kCurves[] = {
    {"P-256", "P-256", 32},
    {"P-384", "P-384", 48},
    {"P-521", "P-521", 66},
};

constexpr std::size_t kEd25519Size = 32;
using Ed25519Point = std::array<unsigned char, kEd25519Size>;

constexpr Ed25519Point repeated(unsigned char first, unsigned char middle,
                                unsigned char last) {
    Ed25519Point point{};
    point.fill(middle);
    point.front() = first;
    point.back() = last;
    return point;
}

/// p = 2^255 - 19, little endian.
constexpr Ed25519Point kFieldPrime = repeated(0xed, 0xff, 0x7f);

/// The y coordinates of the points whose order divides 8, without the sign bit.
constexpr Ed25519Point kSmallOrder[] = {
    repeated(0x00, 0x00, 0x00),
    repeated(0x01, 0x00, 0x00),
    repeated(0xec, 0xff, 0x7f),
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
     0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
     0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
     0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
     0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
};

openssl::BigNum big_num(Bytes bytes) {
    return openssl::BigNum{
        BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr)};
}

/// The primes below 168 of which not every remainder is a power of 65537. Keys of
/// CVE-2017-15361 are such powers modulo each.
constexpr unsigned char kRocaPrimes[] = {11, 13, 17,  19,  37,  53,  61,  71, 73,
                                         79, 97, 103, 107, 109, 127, 151, 157};

/// Whether a modulus has the form of CVE-2017-15361, whose factors can be computed; one
/// in 2^28 of the good ones has it too.
bool is_factorable(const BIGNUM* modulus) {
    return std::ranges::all_of(kRocaPrimes, [&](unsigned prime) {
        const BN_ULONG rest = BN_mod_word(modulus, prime);
        unsigned power = 1;
        do {
            if (power == rest) return true;
            power = power * 65537U % prime;
        } while (power != 1);
        return false;
    });
}

openssl::Pkey from_params(const char* type, OSSL_PARAM_BLD* build) {
    const openssl::Params params{OSSL_PARAM_BLD_to_param(build)};
    const openssl::PkeyCtx context{EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr)};
    EVP_PKEY* pkey = nullptr;
    if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &pkey, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
        return nullptr;
    return openssl::Pkey{pkey};
}

/// RFC 7518 3.4 carries r and s as two halves; OpenSSL takes DER.
std::optional<std::vector<unsigned char>> ecdsa_der(Bytes signature) {
    const std::size_t half = signature.size() / 2;
    openssl::BigNum r = big_num(signature.first(half));
    openssl::BigNum s = big_num(signature.subspan(half));
    const openssl::EcdsaSig pair{ECDSA_SIG_new()};
    if (!r || !s || !pair || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1)
        return std::nullopt;
    // ECDSA_SIG_set0 owns both from here on.
    (void)r.release();
    (void)s.release();
    const int size = i2d_ECDSA_SIG(pair.get(), nullptr);
    if (size <= 0) return std::nullopt;
    std::vector<unsigned char> der(static_cast<std::size_t>(size));
    unsigned char* out = der.data();
    if (i2d_ECDSA_SIG(pair.get(), &out) != size) return std::nullopt;
    return der;
}

}  // namespace

std::optional<PublicKey> PublicKey::rsa(Bytes n, Bytes e) {
    const ErrorQueueGuard guard;
    // A few leading zero octets are tolerated, and do not count.
    if (n.size() > kMaxRsaBits / 8 + 8 || e.size() > 40) return std::nullopt;
    const openssl::BigNum modulus = big_num(n);
    const openssl::BigNum exponent = big_num(e);
    if (!modulus || !exponent) return std::nullopt;
    const int bits = BN_num_bits(modulus.get());
    const int exponent_bits = BN_num_bits(exponent.get());
    if (bits < kMinRsaBits || bits > kMaxRsaBits || BN_is_odd(modulus.get()) == 0)
        return std::nullopt;
    if (is_factorable(modulus.get())) return std::nullopt;
    if (exponent_bits < 17 || exponent_bits > 256 || BN_is_odd(exponent.get()) == 0)
        return std::nullopt;
    const openssl::ParamBuild build{OSSL_PARAM_BLD_new()};
    if (!build ||
        OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) !=
            1 ||
        OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1)
        return std::nullopt;
    openssl::Pkey pkey = from_params("RSA", build.get());
    if (!pkey) return std::nullopt;
    return PublicKey{std::move(pkey)};
}

std::optional<PublicKey> PublicKey::ec(std::string_view crv, Bytes x, Bytes y) {
    const ErrorQueueGuard guard;
    const auto* curve = std::ranges::find(kCurves, crv, &Curve::crv);
    if (curve == std::end(kCurves) || x.size() != curve->field_size ||
        y.size() != curve->field_size)
        return std::nullopt;
    std::vector<unsigned char> point{0x04};  // SEC 1 2.3.3: uncompressed
    point.insert(point.end(), x.begin(), x.end());
    point.insert(point.end(), y.begin(), y.end());
    const openssl::ParamBuild build{OSSL_PARAM_BLD_new()};
    if (!build ||
        OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME,
                                        curve->group, 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY,
                                         point.data(), point.size()) != 1)
        return std::nullopt;
    openssl::Pkey pkey = from_params("EC", build.get());
    if (!pkey) return std::nullopt;
    const openssl::PkeyCtx context{
        EVP_PKEY_CTX_new_from_pkey(nullptr, pkey.get(), nullptr)};
    if (!context || EVP_PKEY_public_check(context.get()) != 1) return std::nullopt;
    return PublicKey{std::move(pkey)};
}

std::optional<PublicKey> PublicKey::ed25519(Bytes x) {
    const ErrorQueueGuard guard;
    if (x.size() != kEd25519Size) return std::nullopt;
    Ed25519Point y{};
    std::ranges::copy(x, y.begin());
    y.back() &= 0x7f;
    // RFC 8032 5.1.3 step 1: y is below p. Little endian, so compare from the end.
    if (!std::ranges::lexicographical_compare(y.rbegin(), y.rend(),
                                              kFieldPrime.rbegin(), kFieldPrime.rend()))
        return std::nullopt;
    // A key of small order verifies a signature over any message (RFC 8032 8.9).
    if (std::ranges::find(kSmallOrder, y) != std::end(kSmallOrder)) return std::nullopt;
    openssl::Pkey pkey{
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, x.data(), x.size())};
    if (!pkey) return std::nullopt;
    return PublicKey{std::move(pkey)};
}

bool PublicKey::prepare(const Jwa& row) {
    const ErrorQueueGuard guard;
    openssl::MdCtx context{EVP_MD_CTX_new()};
    EVP_PKEY_CTX* parameters = nullptr;  // owned by the digest context
    if (!context ||
        EVP_DigestVerifyInit_ex(context.get(), &parameters, row.digest, nullptr,
                                nullptr, pkey_.get(), nullptr) != 1)
        return false;
    // RFC 7518 3.5: the salt is as long as the hash, MGF1 uses the same hash. The
    // default of OpenSSL would accept any salt length.
    if (row.scheme == SignatureScheme::pss &&
        (EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) != 1 ||
         EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) != 1 ||
         EVP_PKEY_CTX_set_rsa_mgf1_md_name(parameters, row.digest, nullptr) != 1))
        return false;
    ready_[index_of(row)] = std::move(context);
    return true;
}

std::size_t PublicKey::signature_size(const Jwa& row) const noexcept {
    return row.signature_size != 0
               ? row.signature_size
               : static_cast<std::size_t>(EVP_PKEY_get_size(pkey_.get()));
}

PublicKey::Verdict PublicKey::verify(const Jwa& row, Bytes signature,
                                     Bytes signing_input) const {
    const openssl::MdCtx& ready = ready_[index_of(row)];
    if (!ready) return Verdict::unavailable;
    const ErrorQueueGuard guard;
    const openssl::MdCtx context{EVP_MD_CTX_new()};
    if (!context || EVP_MD_CTX_copy_ex(context.get(), ready.get()) != 1)
        return Verdict::unavailable;
    std::optional<std::vector<unsigned char>> der;
    if (row.scheme == SignatureScheme::ecdsa) {
        der = ecdsa_der(signature);
        if (!der) return Verdict::unavailable;
        signature = *der;
    }
    return EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                            signing_input.data(), signing_input.size()) == 1
               ? Verdict::good
               : Verdict::bad;
}

}  // namespace github_oidc
