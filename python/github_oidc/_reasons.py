# SPDX-License-Identifier: Apache-2.0
# Written by `make generate` from cpp/include/github_oidc/errc.def.
"""The reasons: code -> group, source, message."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["REASONS", "Reason"]


class Reason(NamedTuple):
    """One row: the exception group, the rule's origin, a safe sentence."""

    group: str
    source: str
    message: str


REASONS: Final[dict[str, Reason]] = {
    "missing_token": Reason(
        "request",
        "RFC 6750 3.1",
        "no Bearer token was presented",
    ),
    "invalid_request": Reason(
        "request",
        "RFC 6750 3.1",
        "the request does not carry exactly one well-formed Bearer credential",
    ),
    "token_too_large": Reason(
        "token",
        "RFC 8725 2.3",
        "the token or one of its segments is larger than the limit",
    ),
    "malformed_jws": Reason(
        "token",
        "RFC 7515 7.1",
        "the token is not three dot-separated, non-empty segments",
    ),
    "malformed_base64url": Reason(
        "token",
        "RFC 7515 2",
        "a segment is not canonical base64url without padding",
    ),
    "malformed_json": Reason(
        "token",
        "RFC 8259",
        "a segment does not hold valid JSON",
    ),
    "invalid_utf8": Reason(
        "token",
        "RFC 8259 8.1",
        "a segment's JSON is not UTF-8",
    ),
    "duplicate_member": Reason(
        "token",
        "RFC 7515 4, RFC 7519 4",
        "a JSON object names a member twice",
    ),
    "nested_too_deep": Reason(
        "token",
        "RFC 8259 9",
        "a segment's JSON is nested deeper than the limit",
    ),
    "number_out_of_range": Reason(
        "token",
        "RFC 8259 6",
        "a JSON number cannot be represented exactly enough",
    ),
    "not_an_object": Reason(
        "token",
        "RFC 7515 4, RFC 7519 7.2",
        "a segment's JSON is not an object",
    ),
    "malformed_header": Reason(
        "token",
        "RFC 7515 4.1",
        "a JOSE header parameter is missing or of the wrong type",
    ),
    "algorithm_not_allowed": Reason(
        "token",
        "RFC 8725 3.1",
        "the token's signature algorithm is not on the allowlist",
    ),
    "critical_header": Reason(
        "token",
        "RFC 7515 4.1.11",
        "the JOSE header marks extensions as critical, and none is supported",
    ),
    "unencoded_payload": Reason(
        "token",
        "RFC 7797 7",
        "the JOSE header asks for an unencoded payload",
    ),
    "compressed_payload": Reason(
        "token",
        "RFC 7516 4.1.3",
        "the JOSE header asks for a compressed payload",
    ),
    "nested_token": Reason(
        "token",
        "RFC 7519 5.2",
        "the payload is declared to be another token",
    ),
    "unexpected_type": Reason(
        "token",
        "RFC 8725 3.11",
        "the token's typ is not one that is accepted here",
    ),
    "unknown_key": Reason(
        "key",
        "OpenID Connect Core 10.1",
        "the issuer's key set has no key for this token",
    ),
    "ambiguous_key": Reason(
        "key",
        "RFC 7517 4.5",
        "several keys of the issuer fit this token",
    ),
    "unusable_key": Reason(
        "key",
        "RFC 7518 6",
        "the key that the token names is malformed or too weak",
    ),
    "key_mismatch": Reason(
        "key",
        "RFC 7517 4.2 to 4.4",
        "the key that the token names is not for this algorithm or not for signatures",
    ),
    "malformed_signature": Reason(
        "signature",
        "RFC 7518 3",
        "the signature's length does not fit the algorithm and key",
    ),
    "invalid_signature": Reason(
        "signature",
        "RFC 7515 5.2",
        "the signature does not verify",
    ),
    "missing_claim": Reason(
        "claim",
        "OpenID Connect Core 2",
        "a required claim is missing",
    ),
    "malformed_claim": Reason(
        "claim",
        "RFC 7519 4.1",
        "a registered claim has the wrong type",
    ),
    "issuer_mismatch": Reason(
        "claim",
        "RFC 7519 4.1.1",
        "the token was issued by another issuer",
    ),
    "audience_mismatch": Reason(
        "claim",
        "RFC 7519 4.1.3",
        "the token is meant for another audience",
    ),
    "other_audiences": Reason(
        "claim",
        "OpenID Connect Core 3.1.3.7",
        "the token is meant for other audiences too",
    ),
    "token_expired": Reason(
        "claim",
        "RFC 7519 4.1.4",
        "the token has expired",
    ),
    "token_not_yet_valid": Reason(
        "claim",
        "RFC 7519 4.1.5",
        "the token is not valid yet",
    ),
    "token_from_future": Reason(
        "claim",
        "OpenID Connect Core 3.1.3.7",
        "the token was issued in the future",
    ),
    "token_too_old": Reason(
        "claim",
        "OpenID Connect Core 3.1.3.7",
        "the token was issued longer ago than is accepted",
    ),
    "claims_mismatch": Reason(
        "claim",
        "RFC 7519 4.3",
        "a claim does not have the form that this service expects",
    ),
    "replayed_token": Reason(
        "claim",
        "RFC 7519 4.1.7",
        "the token has been used before",
    ),
    "insufficient_scope": Reason(
        "policy",
        "RFC 6750 3.1",
        "the token does not grant what this operation needs",
    ),
    "malformed_key_set": Reason(
        "key_set",
        "RFC 7517 5",
        "the text is not a JWK Set",
    ),
    "key_set_too_large": Reason(
        "key_set",
        "RFC 7517 5",
        "the JWK Set is larger than 256 KiB or holds more than 100 keys",
    ),
    "empty_key_set": Reason(
        "key_set",
        "RFC 7517 5",
        "the JWK Set holds no key that can verify a signature",
    ),
    "keys_unavailable": Reason(
        "unavailable",
        "OpenID Connect Discovery 4",
        "the issuer's keys cannot be had at the moment",
    ),
    "malformed_metadata": Reason(
        "unavailable",
        "OpenID Connect Discovery 4.2",
        "the issuer's provider metadata is not usable",
    ),
    "metadata_mismatch": Reason(
        "unavailable",
        "OpenID Connect Discovery 4.3",
        "the provider metadata names another issuer",
    ),
    "insecure_jwks_uri": Reason(
        "unavailable",
        "OpenID Connect Discovery 3",
        "the provider metadata's jwks_uri is not https on the issuer's own host",
    ),
    "response_too_large": Reason(
        "unavailable",
        "OpenID Connect Discovery 4.2",
        "the issuer's response is larger than the limit",
    ),
    "crypto_unavailable": Reason(
        "unavailable",
        "OpenSSL",
        "the cryptographic library could not carry out the check",
    ),
    "not_on_actions": Reason(
        "client",
        "GitHub OpenID Connect reference",
        "this process does not run in a GitHub Actions job",
    ),
    "id_token_permission_missing": Reason(
        "client",
        "GitHub OpenID Connect reference",
        "the job may not request ID tokens",
    ),
    "fork_pull_request": Reason(
        "client",
        "GitHub OpenID Connect reference",
        "workflows of pull requests from forks may not request ID tokens",
    ),
    "dependabot_run": Reason(
        "client",
        "GitHub OpenID Connect reference",
        "workflows that Dependabot triggers may not request ID tokens",
    ),
    "token_request_refused": Reason(
        "client",
        "GitHub OpenID Connect reference",
        "the Actions token endpoint refused the request",
    ),
    "token_request_failed": Reason(
        "client",
        "GitHub OpenID Connect reference",
        "the Actions token endpoint could not be reached in time",
    ),
    "malformed_token_response": Reason(
        "client",
        "GitHub OpenID Connect reference",
        "the Actions token endpoint did not answer with a token",
    ),
    "insecure_url": Reason(
        "client",
        "RFC 6750 5.3",
        "a token is sent over https, or to this machine, only",
    ),
    "foreign_origin": Reason(
        "client",
        "RFC 6750 5.3",
        "a token is sent to the origin it was made for, only",
    ),
    "invalid_configuration": Reason(
        "configuration",
        "RFC 8725 3.1",
        "a setting is missing or contradicts another",
    ),
}
