# SPDX-License-Identifier: Apache-2.0
"""An OpenID Connect issuer of one's own, that can be told to do wrong."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from ..errors import ConfigurationError
from ..issuers import GITHUB_ISSUER, issuer_of
from .endpoints import (
    ACTIONS_PATH,
    Endpoint,
    Endpoints,
    Response,
    is_loopback,
    origin_of,
)
from .job import GITHUB_CLAIMS, job_claims, job_environment
from .signing import Segment, SigningKey, SigningKeys, encode_jws

if TYPE_CHECKING:
    from typing_extensions import Self

    from .server import SocketServer
    from .transport import FakeTransport

__all__ = ["FakeIssuer"]

_REGISTERED: Final = ("sub", "aud", "exp", "iat", "iss", "jti", "nbf")
# A name that no resolver knows (RFC 6761 6.2): nothing leaves the machine by mistake.
_ACTIONS_ORIGIN: Final = "https://actions.github-oidc.test"


class FakeIssuer:
    """An issuer with its own keys that mints what GitHub mints, or anything else.

    It answers over an httpx transport (`transport`) or over a real socket (`start`,
    or ``with FakeIssuer() as issuer``)::

        issuer = FakeIssuer()
        oidc = GithubOIDC(audience="my-api", transport=issuer.transport())
        token = issuer.mint("my-api", repository="acme/app", environment="production")

    Args:
        issuer: the issuer identifier. By default GitHub's, until `start` gives it a
            URL of its own.
        algorithm: the ``alg`` that it signs with.
        clock: seconds since the epoch; what ``iat`` is taken from.
        signing_key: its first key; by default one is made when first needed.
        job: claims of the job that runs, below those given to `mint`; it may be
            changed at any time.
        max_age_s: for how many seconds its responses may be kept.

    Attributes:
        job: see above.
        max_age_s: see above.
        request_token: what a job presents to the Actions token endpoint.
    """

    def __init__(
        self,
        issuer: str | None = None,
        *,
        algorithm: str = "RS256",
        clock: Callable[[], float] = time.time,
        signing_key: SigningKey | None = None,
        job: Mapping[str, object] | None = None,
        max_age_s: int = 300,
    ) -> None:
        self.job: dict[str, object] = dict(job or {})
        self.max_age_s = max_age_s
        self.request_token = secrets.token_urlsafe(32)
        self._given_issuer = issuer
        self._clock = clock
        self._lock = threading.Lock()
        self._keys = SigningKeys(algorithm, signing_key)
        self._endpoints = Endpoints(self)
        self._server: SocketServer | None = None
        self._url: str | None = None
        self._transports: dict[frozenset[str], FakeTransport] = {}

    def __repr__(self) -> str:
        return f"<FakeIssuer {self.issuer}>"

    # Names and places.

    @property
    def issuer(self) -> str:
        """The issuer identifier, the ``iss`` of its tokens."""
        return self._given_issuer or self._url or GITHUB_ISSUER

    @property
    def url(self) -> str:
        """Where it listens, as in ``http://127.0.0.1:41234``; kept after `stop`.

        Raises:
            RuntimeError: it was never started.
        """
        if self._url is None:
            raise RuntimeError("the fake issuer has no socket: start() it, or use with")
        return self._url

    @property
    def base_url(self) -> str:
        """The URL of its socket; without one, the origin of its issuer identifier."""
        return self._url or origin_of(self.issuer)

    @property
    def metadata_url(self) -> str:
        """Where its provider metadata is (OpenID Connect Discovery 4)."""
        return f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"

    @property
    def jwks_uri(self) -> str:
        """Where its JWK Set is; for an enterprise of github.com, on the root host."""
        known = issuer_of(self.issuer).jwks_uri
        return known or f"{self.issuer.rstrip('/')}/.well-known/jwks"

    @property
    def actions_url(self) -> str:
        """The Actions token endpoint, as a job is told it: with a query already."""
        origin = self._url or _ACTIONS_ORIGIN
        return f"{origin}{ACTIONS_PATH}?api-version=2.0"

    # Keys.

    @property
    def signing_key(self) -> SigningKey:
        """The key that signs. Making the first one may take 300 ms."""
        return self._keys.published[-1]

    def rotate(self, *, keep_old: bool = False) -> SigningKey:
        """Sign with a new key from now on, and publish it.

        Args:
            keep_old: go on publishing the earlier keys, as an orderly rotation does;
                otherwise they are withdrawn.
        """
        return self.add_key(self._keys.algorithm, keep_old=keep_old)

    def add_key(self, key: SigningKey | str, *, keep_old: bool = True) -> SigningKey:
        """Publish one more key, given or made for an algorithm, and sign with it."""
        made = SigningKey.generate(key) if isinstance(key, str) else key
        self._keys.add(made, keep_old=keep_old)
        return made

    # Documents.

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The JWK Set of its public keys (RFC 7517 5)."""
        return {"keys": [key.jwk() for key in self._keys.published]}

    def metadata(self) -> dict[str, object]:
        """The provider metadata (OpenID Connect Discovery 3)."""
        algorithms = {key.algorithm: None for key in self._keys.published}
        return {
            "issuer": self.issuer,
            "jwks_uri": self.jwks_uri,
            "subject_types_supported": ["public", "pairwise"],
            "response_types_supported": ["id_token"],
            "claims_supported": [*_REGISTERED, *GITHUB_CLAIMS],
            "id_token_signing_alg_values_supported": list(algorithms),
            "scopes_supported": ["openid"],
        }

    # Tokens.

    def mint(
        self,
        audience: object = None,
        /,
        *,
        lifetime: float = 300,
        issued_at: float | None = None,
        immutable_subject: bool = False,
        header: Mapping[str, object] | None = None,
        sign_with: FakeIssuer | SigningKey | None = None,
        **claims: object,
    ) -> str:
        """A token with every claim of a GitHub Actions job; change what matters.

        Claims that others follow from take them along: ``environment`` changes
        ``sub``, ``repository`` its owner, ids and workflow refs, ``event_name`` of a
        pull request the refs. A claim given as None is left out. A given value is
        kept as it is, so that a wrong type can be forged; GitHub's are strings.

        Args:
            audience: ``aud``; by default the URL of the repository's owner.
            lifetime: seconds from ``iat`` to ``exp``; negative for an expired token.
            issued_at: ``iat``; by default the clock. ``nbf`` is 300 s before it.
            immutable_subject: ``sub`` with ids, ``repo:OWNER@ID/NAME@ID:...``.
            header: JOSE header parameters to change; None leaves one out.
            sign_with: another issuer or key that signs, for a forged token. The
                header still names this issuer's key, unless the key is published.
            claims: the claims that matter.
        """
        job = job_claims({**self.job, **claims}, immutable_subject=immutable_subject)
        if audience is None:
            audience = f"https://github.com/{job['repository_owner']}"
        registered = self._registered(audience, lifetime, issued_at)
        return self._encode({**registered, **job}, header, sign_with)

    def mint_id_token(
        self,
        audience: object,
        /,
        *,
        lifetime: float = 300,
        issued_at: float | None = None,
        header: Mapping[str, object] | None = None,
        sign_with: FakeIssuer | SigningKey | None = None,
        **claims: object,
    ) -> str:
        """A token with the registered claims and ``claims`` only: not a CI job's."""
        registered = self._registered(audience, lifetime, issued_at)
        return self._encode(
            {"sub": "subject", **registered, **claims}, header, sign_with
        )

    def _registered(
        self, audience: object, lifetime: float, issued_at: float | None
    ) -> dict[str, object]:
        issued = int(self._clock()) if issued_at is None else issued_at
        return {
            "iss": self.issuer,
            "aud": audience,
            "jti": str(uuid.uuid4()),
            "iat": issued,
            "nbf": issued - 300,
            "exp": issued + lifetime,
        }

    def _encode(
        self,
        claims: Mapping[str, object],
        header: Mapping[str, object] | None,
        sign_with: FakeIssuer | SigningKey | None,
    ) -> str:
        key = self._key_of(sign_with)
        named = key if key in self._keys.published else self.signing_key
        full: dict[str, object] = {"typ": "JWT", "alg": key.algorithm}
        full |= {"x5t": named.x5t, "kid": named.kid, **(header or {})}
        present = {name: value for name, value in claims.items() if value is not None}
        return self.encode(
            {name: value for name, value in full.items() if value is not None},
            present,
            sign_with=key,
        )

    def encode(
        self,
        header: Segment,
        payload: Segment,
        *,
        sign_with: FakeIssuer | SigningKey | None = None,
        signature: bytes | None = None,
    ) -> str:
        """A compact JWS of any header and payload, with nothing added or checked.

        Args:
            header: an object, or the exact text: duplicate members, no JSON at all.
            payload: likewise.
            sign_with: who signs; by default this issuer's key. The algorithm is the
                key's, whatever the header says.
            signature: the exact signature, also ``b""``, instead of a real one.
        """
        key = self._key_of(sign_with)
        sign = key.sign if signature is None else lambda _: signature
        return encode_jws(header, payload, sign)

    def _key_of(self, sign_with: FakeIssuer | SigningKey | None) -> SigningKey:
        if isinstance(sign_with, FakeIssuer):
            return sign_with.signing_key
        return sign_with or self.signing_key

    # HTTP.

    @property
    def requests(self) -> Counter[str]:
        """Requests so far: ``metadata``, ``jwks``, ``token`` (the Actions endpoint)."""
        return self._endpoints.counts

    def fail_next(
        self,
        times: int = 1,
        *,
        status: int | None = 503,
        endpoint: Endpoint | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> None:
        """Answer the next requests otherwise: an outage, a redirect, a broken document.

        Args:
            times: for how many requests.
            status: the HTTP status; None breaks the connection without an answer.
            endpoint: only those to ``metadata``, ``jwks`` or ``token``.
            headers: headers of the response.
            body: its content.
        """
        response = Response(status, dict(headers or {}), body) if status else None
        self._endpoints.fail(times, endpoint, response)

    def transport(self) -> FakeTransport:
        """An httpx transport, sync and async, that answers for this issuer's URLs.

        Each call gives the same object, until `start` moves the issuer.
        """
        from .transport import FakeTransport

        origins = frozenset(map(origin_of, (self.issuer, self.actions_url)))
        with self._lock:
            if origins not in self._transports:
                self._transports[origins] = FakeTransport(self._endpoints, origins)
            return self._transports[origins]

    @contextlib.contextmanager
    def installed(self) -> Iterator[FakeIssuer]:
        """Stand in for the issuer of the same name, in the whole process.

        While it is open, every `KeySource` (hence every ``GithubOIDC``) of exactly
        `issuer` that has no keys or transport of its own fetches from here. For
        routes that were built when their module was imported.
        """
        from ..keys import override_transport

        with override_transport(self.issuer, self.transport()):
            yield self

    def start(
        self, *, host: str = "127.0.0.1", port: int = 0, may_mint: bool = False
    ) -> Self:
        """Listen on a loopback address. After `stop`, on the same port again.

        Args:
            host: a loopback name or address.
            port: 0 takes a free one.
            may_mint: let ``POST /dev/mint`` mint any claims without a request token.

        Raises:
            ConfigurationError: ``host`` is not a loopback address.
            OSError: the address cannot be had.
        """
        from .server import SocketServer

        if not is_loopback(f"[{host}]" if ":" in host else host):
            raise ConfigurationError("a fake issuer listens on loopback addresses only")
        with self._lock:
            if self._server is None:
                port = port or (urlsplit(self._url).port or 0 if self._url else 0)
                self._endpoints.may_mint = may_mint
                self._server = SocketServer(self._endpoints, host, port)
                self._url = self._server.url
        return self

    def stop(self) -> None:
        """Close the socket and join its threads; without one, do nothing."""
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def actions_environment(self) -> dict[str, str]:
        """The environment variables of a job with ``id-token: write`` and `job`."""
        claims = job_claims(self.job)
        return {
            **job_environment(claims),
            "ACTIONS_ID_TOKEN_REQUEST_URL": self.actions_url,
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.request_token,
        }
