# SPDX-License-Identifier: Apache-2.0
"""Which URLs keys may come from, and what provider metadata says about them.

A URL is refused when two parsers could read different hosts in it, and plain http is
for this machine only: whoever answers there decides which tokens are good.
"""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Final
from urllib.parse import urlsplit

from ..errors import ConfigurationError, UnavailableError

__all__ = ["host_of", "jwks_uri_in", "metadata_url", "require_issuer", "require_url"]

_CHARACTERS: Final = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%#-]{1,2048}")
_AUTHORITY: Final = re.compile(
    r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
)
_MAX_DEPTH: Final = 16

# Strings are matched too, so that brackets inside them do not count. An unterminated
# one matches to the end: no start is tried twice, and the scan stays linear.
_STRING_OR_BRACKET: Final = re.compile(r'"(?:[^"\\]|\\.?)*(?:"|\Z)|[\[\]{}]', re.DOTALL)


def host_of(url: str) -> str:
    """The host of a checked URL, in lower case."""
    return urlsplit(url).hostname or ""


def require_issuer(issuer: str) -> None:
    """Refuses what is no issuer identifier (OpenID Connect Discovery 3).

    Raises:
        ConfigurationError: not a text, not https (http for loopback hosts only), or
            with userinfo, a query or a fragment.
    """
    if _defect(issuer) or "?" in issuer:
        raise ConfigurationError(
            "the issuer must be its exact https URL (http for loopback only), "
            "without userinfo, query or fragment"
        )


def require_url(setting: str, url: str) -> None:
    """Refuses a URL that keys must not be read from.

    Raises:
        ConfigurationError: it names the setting.
    """
    if _defect(url):
        raise ConfigurationError(
            f"{setting}= must be an https URL (http for loopback only), "
            "without userinfo or fragment"
        )


def metadata_url(issuer: str) -> str:
    """Where the provider metadata is (OpenID Connect Discovery 4.1)."""
    return issuer.removesuffix("/") + "/.well-known/openid-configuration"


def jwks_uri_in(metadata: bytes, *, issuer: str) -> str:
    """The ``jwks_uri`` of provider metadata (OpenID Connect Discovery 4.3).

    Raises:
        UnavailableError: ``malformed_metadata``, ``metadata_mismatch`` when it is
            another issuer's, ``insecure_jwks_uri`` when the keys are not on the
            issuer's own host.
    """
    host = host_of(issuer)
    try:
        members = _strict_object(metadata)
    except (ValueError, RecursionError):
        raise _refused("malformed_metadata", f"{host} sent no strict JSON") from None
    if members.get("issuer") != issuer:
        raise _refused(
            "metadata_mismatch",
            f"the metadata of {host} is not that of the configured issuer",
        )
    jwks_uri = members.get("jwks_uri")
    if not isinstance(jwks_uri, str):
        raise _refused("malformed_metadata", f"{host} names no jwks_uri")
    if _defect(jwks_uri) or host_of(jwks_uri) != host:
        raise _refused(
            "insecure_jwks_uri",
            f"pass jwks_uri= where the keys of {host} are known to be elsewhere",
        )
    return jwks_uri


def _refused(code: str, detail: str) -> UnavailableError:
    return UnavailableError(code, None, detail)


def _defect(url: object) -> bool:
    if not isinstance(url, str) or not _CHARACTERS.fullmatch(url) or "#" in url:
        return True
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return True
    if not _AUTHORITY.fullmatch(parts.netloc) or port == 0:
        return True
    if url.startswith("https://"):
        return False
    return not (url.startswith("http://") and _is_loopback(parts.hostname or ""))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    # An IPv4 address inside an IPv6 one is not read as loopback everywhere.
    return address.is_loopback and getattr(address, "ipv4_mapped", None) is None


def _strict_object(text: bytes) -> dict[str, object]:
    decoded = text.decode("utf-8")
    _require_shallow(decoded)
    value = json.loads(
        decoded, object_pairs_hook=_unique, parse_constant=_refuse_constant
    )
    if isinstance(value, dict):
        return value
    raise ValueError("not an object")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is named twice")
    return members


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _require_shallow(text: str) -> None:
    """Bounds the nesting before a recursive parser meets it."""
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        if found[0] in ("[", "{"):
            depth += 1
            if depth > _MAX_DEPTH:
                raise ValueError("nested too deep")
        elif found[0] in ("]", "}"):
            depth -= 1
