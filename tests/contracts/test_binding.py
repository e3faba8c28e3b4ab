# SPDX-License-Identifier: Apache-2.0
"""The binding prints no token, keeps no reference, and threads may share it."""

from __future__ import annotations

import ast
import gc
import pickle
import sys
import threading
import time
import traceback
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from github_oidc import JWKSet, TokenError, VerifiedClaims, Verifier
from github_oidc.errors import ConfigurationError, KeySetError
from github_oidc.testing import FakeIssuer, SigningKey
from github_oidc.verifier import verify_jws

from .sources import PACKAGE, modules

ISSUER: Final = "https://issuer.example"
AUDIENCE: Final = "my-api"
NOW: Final = 1_700_000_000.0

# Each function of the core that takes a token, a key or a claim, and the module that
# checks its arguments: pybind11 prints the arguments of a call that does not fit.
CALLED_BY = {
    "JWKSet.parse": {"verifier.py"},
    "Verifier.verify": {"verifier.py"},
    "verify_jws": {"verifier.py"},
    "parse_subject": {"claims.py"},
}


@pytest.fixture(scope="module")
def issuer() -> FakeIssuer:
    key = SigningKey.generate("ES256")
    return FakeIssuer(ISSUER, signing_key=key, clock=lambda: NOW)


@pytest.fixture(scope="module")
def keys(issuer: FakeIssuer) -> JWKSet:
    return JWKSet.from_dict(issuer.jwks())


@pytest.fixture(scope="module")
def token(issuer: FakeIssuer) -> str:
    return issuer.mint(AUDIENCE)


@pytest.fixture(scope="module")
def verifier() -> Verifier:
    return Verifier(issuer=ISSUER, audience=AUDIENCE, algorithms=["ES256"])


class TestCallers:
    def names(self) -> Iterator[tuple[str, str]]:
        """Each attribute or name of a guarded function that a module mentions."""
        wanted = {name.split(".")[-1] for name in CALLED_BY}
        for module in modules():
            tree = ast.parse(module.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.Attribute) and node.attr in wanted:
                    if "_core" in ast.unparse(node.value):
                        yield node.attr, str(module.relative_to(PACKAGE))
                elif isinstance(node, ast.ImportFrom) and node.module == "_core":
                    for alias in node.names:
                        if alias.name in wanted:
                            yield alias.name, str(module.relative_to(PACKAGE))

    def test_only_the_module_that_checks_calls_the_core(self) -> None:
        found: dict[str, set[str]] = {}
        for name, module in self.names():
            found.setdefault(name, set()).add(module)
        assert found == {name.split(".")[-1]: who for name, who in CALLED_BY.items()}

    def test_every_function_of_the_core_is_known(self) -> None:
        from github_oidc import _core

        public = {name for name in dir(_core) if not name.startswith("_")}
        assert public == {
            "AudienceUncheckedClaims",
            "JWKSet",
            "KeySetFreshness",
            "Refusal",
            "Subject",
            "VerifiedClaims",
            "Verifier",
            "max_age_of",
            "parse_subject",
            "reasons",
            "verify_jws",
        }


Call = Callable[[Any, Any, Any], object]

# `t` stands for a token or another secret, `k` for keys, `v` for a verifier.
WRONG_CALLS: dict[str, Call] = {
    "verify: no keys": lambda t, k, v: v.verify(t),
    "verify: keys by position": lambda t, k, v: v.verify(t, k),
    "verify: the token as keys": lambda t, k, v: v.verify(t, keys=t),
    "verify: the token twice": lambda t, k, v: v.verify(t, token=t, keys=k),
    "verify: the token by another name": lambda t, k, v: v.verify(jwt=t, keys=k),
    "verify: one argument more": lambda t, k, v: v.verify(t, keys=k, extra=t),
    "verify: bytes": lambda t, k, v: v.verify(t.encode(), keys=k),
    "verify: a list": lambda t, k, v: v.verify([t], keys=k),
    "verify: the token as the clock": lambda t, k, v: v.verify(t, keys=k, now=t),
    "verify: a lone surrogate": lambda t, k, v: v.verify(t + "\ud800", keys=k),
    "verify: nothing": lambda t, k, v: v.verify(),
    "verify_jws: nothing": lambda t, k, v: verify_jws(),  # type: ignore[call-arg]
    "verify_jws: no keys": lambda t, k, v: verify_jws(t),  # type: ignore[call-arg]
    "verify_jws: wrong keys": lambda t, k, v: verify_jws(t, keys=t),
    "verify_jws: bytes": lambda t, k, v: verify_jws(t.encode(), keys=k),
    "verify_jws: one more": lambda t, k, v: verify_jws(t, k),  # type: ignore[call-arg]
    "verify_jws: wrong list": lambda t, k, v: verify_jws(t, keys=k, algorithms=[t]),
    "verify_jws: no list": lambda t, k, v: verify_jws(
        t,
        keys=k,
        algorithms=5,  # type: ignore[arg-type]
    ),
    "verify_jws: surrogate": lambda t, k, v: verify_jws(t, keys=k, types=["\ud800"]),
    "from_json: a list": lambda t, k, v: JWKSet.from_json([t]),  # type: ignore[arg-type]
    "from_json: no keys": lambda t, k, v: JWKSet.from_json(t),
    "from_json: wrong issuer": lambda t, k, v: JWKSet.from_json(
        t,
        issuer=5,  # type: ignore[arg-type]
    ),
    "from_json: surrogate": lambda t, k, v: JWKSet.from_json(t, issuer="\ud800"),
    "from_json: one more": lambda t, k, v: JWKSet.from_json(t, t),  # type: ignore[call-arg]
    "from_dict: text": lambda t, k, v: JWKSet.from_dict(t),
    "from_dict: wrong keys": lambda t, k, v: JWKSet.from_dict({"keys": t}),
    "from_dict: a set": lambda t, k, v: JWKSet.from_dict({"keys": {t}}),
}


@pytest.mark.parametrize("call", WRONG_CALLS.values(), ids=WRONG_CALLS)
def test_no_wrong_call_prints_the_token(
    call: Call, token: str, keys: JWKSet, verifier: Verifier
) -> None:
    with pytest.raises(
        (TypeError, TokenError, ConfigurationError, KeySetError)
    ) as caught:
        call(token, keys, verifier)
    told = "".join(traceback.format_exception(caught.value))
    for text in (str(caught.value), repr(caught.value), told):
        assert not any(segment in text for segment in token.split("."))
        assert "incompatible" not in text  # pybind11's own sentence


def test_parse_subject_prints_no_argument() -> None:
    from github_oidc._core import parse_subject

    with pytest.raises(TypeError, match=r"^sub must be a str$"):
        parse_subject(b"secret")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_of_the_core_is_pickled(
    protocol: int, token: str, keys: JWKSet, verifier: Verifier
) -> None:
    from github_oidc._core import Subject, parse_subject

    subject = parse_subject("repo:octo-org/octo-repo:ref:refs/heads/main")
    assert isinstance(subject, Subject)
    claims = verifier.verify(token, keys=keys, now=NOW)
    for value in (subject, claims, keys, keys._core, verifier._core):
        with pytest.raises(TypeError):
            pickle.dumps(value, protocol)


class TestReferences:
    def test_nothing_holds_the_arguments(
        self, token: str, keys: JWKSet, verifier: Verifier
    ) -> None:
        # Objects of their own: other tests' tracebacks hold the fixture's token.
        good, bad, wide = "".join([*token]), token[:-8] + "A" * 8, token + "\u00e9"
        gc.collect()
        before = [sys.getrefcount(value) for value in (good, bad, wide, keys._core)]
        for _ in range(50):
            claims = verifier.verify(good, keys=keys, now=NOW)
            dict(claims)
            for refused in (bad, wide):
                with pytest.raises(TokenError):
                    verifier.verify(refused, keys=keys, now=NOW)
            with pytest.raises(KeyError):
                claims[bad]
        del refused
        gc.collect()
        after = [sys.getrefcount(value) for value in (good, bad, wide, keys._core)]
        assert after == before

    def test_names_values_and_singletons_are_not_leaked(
        self, token: str, keys: JWKSet, verifier: Verifier
    ) -> None:
        claims = verifier.verify(token, keys=keys, now=NOW)
        name = next(iter(claims))
        shared: list[object] = [name, None, True, VerifiedClaims]
        before = [sys.getrefcount(value) for value in shared]
        for _ in range(200):
            dict(claims)
            list(claims.items())
            claims.get("absent")
            verifier.verify(token, keys=keys, now=NOW)
        gc.collect()
        after = [sys.getrefcount(value) for value in shared]
        # The interpreter itself takes a few references to None and True.
        assert all(abs(a - b) < 50 for a, b in zip(after, before, strict=True))

    def test_refusals_leave_no_memory_behind(
        self, token: str, keys: JWKSet, verifier: Verifier
    ) -> None:
        def refuse() -> None:
            for i in range(400):
                with pytest.raises(TokenError):
                    verifier.verify(f"{token}{i:04}", keys=keys, now=NOW)
                with pytest.raises(KeySetError):
                    JWKSet.from_json(f'{{"keys": [{i}]}}')

        refuse()
        gc.collect()
        tracemalloc.start()
        try:
            start, _ = tracemalloc.get_traced_memory()
            refuse()
            gc.collect()
            end, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert end - start < 100_000  # 800 refusals; one token has over 1,500 octets


class TestThreads:
    THREADS = 8
    ROUNDS = 40

    def test_the_same_answers_while_keys_rotate(self, issuer: FakeIssuer) -> None:
        """A known token under one set is not known under another."""
        old, new = issuer.signing_key, SigningKey.generate("ES256")
        sets = [
            JWKSet.from_dict({"keys": [key.jwk() for key in some]})
            for some in ([old], [new], [old, new], [new, old])
        ]
        tokens = [
            (issuer.mint(AUDIENCE, run_id=str(i), sign_with=key), key)
            for key in (old, new)
            for i in range(4)
        ]
        verifier = Verifier(issuer=ISSUER, audience=AUDIENCE, algorithms=["ES256"])

        def answer(text: str, keys: JWKSet) -> object:
            try:
                return verifier.verify(text, keys=keys, now=NOW).to_dict()
            except TokenError as error:
                return error.code

        expected = [[answer(text, keys) for keys in sets] for text, _ in tokens]
        assert {str(type(one)) for row in expected for one in row} == {
            "<class 'dict'>",
            "<class 'str'>",
        }
        wrong: list[object] = []
        start = threading.Barrier(self.THREADS)

        def work(seed: int) -> None:
            start.wait(timeout=30)
            for step in range(seed, seed + self.ROUNDS):
                row, column = step % len(tokens), (step // 3 + seed) % len(sets)
                found = answer(tokens[row][0], sets[column])
                if found != expected[row][column]:
                    wrong.append((row, column, found))

        self.run_all(work)
        assert wrong == []

    def test_one_claims_object_is_read_by_all(
        self, token: str, keys: JWKSet, verifier: Verifier
    ) -> None:
        claims = verifier.verify(token, keys=keys, now=NOW)
        plain = dict(claims)
        good: list[bool] = []

        def work(_: int) -> None:
            good.extend(
                dict(claims) == plain and claims == plain for _ in range(self.ROUNDS)
            )

        self.run_all(work)
        assert len(good) == self.THREADS * self.ROUNDS
        assert all(good)

    def run_all(self, work: Callable[[int], None]) -> None:
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        try:
            threads = [
                threading.Thread(target=work, args=(i,)) for i in range(self.THREADS)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(timeout=60)
            assert not any(thread.is_alive() for thread in threads)
        finally:
            sys.setswitchinterval(interval)


def test_the_clock_is_read_by_python_only(
    monkeypatch: pytest.MonkeyPatch, token: str, keys: JWKSet, verifier: Verifier
) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW + 10_000)
    with pytest.raises(TokenError, match="token_expired"):
        verifier.verify(token, keys=keys)
    assert verifier.verify(token, keys=keys, now=NOW)
