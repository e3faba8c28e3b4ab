// SPDX-License-Identifier: Apache-2.0
//
// The floor under every RS256 verifier: OpenSSL's own check with a kept context, key in
// hand, nothing read or decoded. Called from Python by ctypes, so that its rounds can
// alternate with everyone else's in one process.
#include <cstddef>

#include <openssl/evp.h>
#include <openssl/x509.h>

namespace {
EVP_MD_CTX* ready = nullptr;
EVP_MD_CTX* working = nullptr;
}  // namespace

extern "C" {

int bare_prepare(const unsigned char* spki, long size) {
    EVP_PKEY* key = d2i_PUBKEY(nullptr, &spki, size);
    ready = EVP_MD_CTX_new();
    working = EVP_MD_CTX_new();
    return key != nullptr &&
           EVP_DigestVerifyInit(ready, nullptr, EVP_sha256(), nullptr, key) == 1;
}

/// Good signatures among `count` of them.
int bare_check(const unsigned char* const* inputs, const std::size_t* input_sizes,
               const unsigned char* const* signatures, std::size_t signature_size, int count) {
    int good = 0;
    for (int i = 0; i < count; ++i)
        good += EVP_MD_CTX_copy_ex(working, ready) == 1 &&
                EVP_DigestVerify(working, signatures[i], signature_size, inputs[i],
                                 input_sizes[i]) == 1;
    return good;
}
}
