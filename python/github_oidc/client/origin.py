# SPDX-License-Identifier: Apache-2.0
"""Where a token may be sent: an origin (RFC 6454 4) over https, or this machine."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

import httpx

from ..errors import ConfigurationError

__all__ = ["Origin"]

# A WebSocket handshake is an HTTP request, so it belongs to the HTTP origin.
_SCHEMES: Final = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LOOPBACK_V4: Final = ip_network("127.0.0.0/8")
_LOOPBACK_V6: Final = IPv6Address("::1")


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port; equal exactly when all three are."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: httpx.URL) -> Origin:
        """The origin of a request, taken from the URL that httpx will connect to."""
        scheme = _SCHEMES.get(url.scheme, url.scheme)
        host = url.raw_host.decode("ascii").lower()
        return cls(scheme, host, url.port or _DEFAULT_PORTS.get(scheme, 0))

    @classmethod
    def parse(cls, text: str) -> Origin:
        """An origin as a setting: ``https://api.example.com`` or with a port.

        Raises:
            ConfigurationError: it is more or less than scheme, host and port, or it is
                neither https nor on this machine.
        """
        try:
            url = httpx.URL(text)
        except (httpx.InvalidURL, TypeError):
            url = httpx.URL()
        bare = url.path in ("", "/") and not (url.userinfo or url.query or url.fragment)
        origin = cls.of(url)
        if not (bare and origin.host and origin.is_secure):
            raise ConfigurationError(
                "origin is a scheme, a host and perhaps a port, such as "
                "https://api.example.com; http is for this machine only"
            )
        return origin

    @property
    def is_secure(self) -> bool:
        """https with a host, or http to this machine."""
        if self.scheme == "https":
            return self.host != ""
        return self.scheme == "http" and self.is_loopback

    @property
    def is_loopback(self) -> bool:
        """``localhost``, 127.0.0.0/8 or ``::1``, written so; no name is resolved."""
        if self.host == "localhost":
            return True
        try:
            address = ip_address(self.host)
        except ValueError:
            return False
        if isinstance(address, IPv4Address):
            return address in _LOOPBACK_V4
        return address == _LOOPBACK_V6

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        if self.port in (0, _DEFAULT_PORTS.get(self.scheme)):
            return f"{self.scheme}://{host}"
        return f"{self.scheme}://{host}:{self.port}"
