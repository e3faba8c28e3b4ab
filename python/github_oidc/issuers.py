# SPDX-License-Identifier: Apache-2.0
"""The issuer identifiers of GitHub's products, exact and never by prefix.

Source: GitHub's OpenID Connect reference (github.com, Enterprise Cloud, Enterprise
Server and data residency).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from .errors import ConfigurationError

__all__ = ["GITHUB_ISSUER", "Issuer", "github_issuer", "issuer_of"]

GITHUB_ISSUER: Final = "https://token.actions.githubusercontent.com"
"""Issuer of every workflow on github.com whose enterprise has no slug of its own."""

_GITHUB_JWKS_URI: Final = f"{GITHUB_ISSUER}/.well-known/jwks"

# Anyone can open an account at these and obtain a token for any audience.
_SHARED: Final = frozenset(
    {
        GITHUB_ISSUER,
        "https://accounts.google.com",
        "https://agent.buildkite.com",
        "https://gitlab.com",
    }
)

# One DNS label, which is also what GitHub allows in a slug.
_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}")


@dataclass(frozen=True, slots=True)
class Issuer:
    """An issuer identifier and where its keys are.

    Attributes:
        issuer: the exact ``iss`` of its tokens (OpenID Connect Core 2).
        jwks_uri: where its JWK Set is, where that is known; without it, the provider
            metadata tells (OpenID Connect Discovery 4).
    """

    issuer: str
    jwks_uri: str | None = None

    @property
    def shared(self) -> bool:
        """Strangers use this issuer too, so that its signature alone admits anyone."""
        return self.issuer in _SHARED


def github_issuer(
    *, ghes: str | None = None, enterprise: str | None = None, ghe: str | None = None
) -> Issuer:
    """The issuer of a GitHub product; without arguments that of github.com.

    Args:
        ghes: host of a GitHub Enterprise Server, with its port where it has one, as in
            ``"git.example.com"``.
        enterprise: slug of an enterprise whose tokens carry it in their issuer.
        ghe: subdomain of an enterprise with data residency: ``"acme"`` for
            ``acme.ghe.com``. Together with ``enterprise``, its form with the slug.

    Raises:
        ConfigurationError: a value is not a host, slug or subdomain, or ``ghes`` is
            combined with another.
    """
    if ghes is not None:
        if enterprise is not None or ghe is not None:
            raise ConfigurationError(
                "ghes= names a server of its own: leave enterprise= and ghe= out"
            )
        return Issuer(f"https://{_host(ghes)}/_services/token")
    slug = "" if enterprise is None else "/" + _label("enterprise", enterprise)
    if ghe is not None:
        subdomain = _label("ghe", ghe).lower()
        return Issuer(f"https://token.actions.{subdomain}.ghe.com{slug}")
    # The key set lies at the root also for issuers with a slug, whose own
    # `/.well-known/jwks` answers 404.
    return Issuer(GITHUB_ISSUER + slug, _GITHUB_JWKS_URI)


def issuer_of(identifier: str | Issuer) -> Issuer:
    """The issuer with what is known about it; a plain identifier is looked up."""
    if isinstance(identifier, Issuer):
        return identifier
    if identifier == GITHUB_ISSUER:
        return Issuer(GITHUB_ISSUER, _GITHUB_JWKS_URI)
    slug = identifier.removeprefix(f"{GITHUB_ISSUER}/")
    if slug != identifier and _LABEL.fullmatch(slug):
        return Issuer(identifier, _GITHUB_JWKS_URI)
    return Issuer(identifier)


def _label(setting: str, value: object) -> str:
    if isinstance(value, str) and _LABEL.fullmatch(value):
        return value
    raise ConfigurationError(
        f"{setting}= takes one name of letters, digits and hyphens, "
        "without a scheme, dot or slash"
    )


def _host(value: object) -> str:
    """A host name, lower-cased as GitHub Enterprise Server writes its issuer."""
    if isinstance(value, str):
        host, colon, port = value.partition(":")
        labels = host.split(".")
        if (
            len(host) <= 253
            and all(map(_LABEL.fullmatch, labels))
            and (not colon or (_PORT.fullmatch(port) and int(port) <= 65535))
        ):
            return value.lower()
    raise ConfigurationError(
        'ghes= takes the host of the server, as in "git.example.com", '
        "without a scheme, path or slash"
    )
