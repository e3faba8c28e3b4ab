# SPDX-License-Identifier: Apache-2.0
"""A person's browser and an application, as far as an ID token needs them."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

__all__ = ["id_token"]

REDIRECT_URI = "http://127.0.0.1/callback"


def id_token(issuer: str, client_id: str) -> str:
    """Logs in by authorization code with PKCE (RFC 7636); the ID token."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    question = {
        "client_id": client_id,
        "response_type": "code",
        "redirect_uri": REDIRECT_URI,
        "scope": "openid email",
        "code_challenge": challenge.rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    with httpx.Client(trust_env=False, timeout=20) as browser:
        answer = browser.get(f"{issuer}/auth", params=question)
        for _ in range(12):
            answer = _next_step(browser, answer)
            location = answer.headers.get("location", "")
            if location.startswith(REDIRECT_URI):
                break
        parameters = parse_qs(urlsplit(location).query)
        assert "code" in parameters, f"no code: {sorted(parameters)}"
        exchanged = browser.post(
            f"{issuer}/token",
            data={
                "grant_type": "authorization_code",
                "code": parameters["code"][0],
                "redirect_uri": REDIRECT_URI,
                "client_id": client_id,
                "code_verifier": verifier,
            },
        )
    exchanged.raise_for_status()
    token: str = exchanged.json()["id_token"]
    return token


def _next_step(browser: httpx.Client, answer: httpx.Response) -> httpx.Response:
    """Follows a redirect, or fills in the form that stands on the page."""
    if answer.is_redirect:
        return browser.get(urljoin(str(answer.url), answer.headers["location"]))
    assert answer.status_code == 200, f"{answer.status_code} at {answer.url.path}"
    prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
    action = re.search(r'action="([^"]+)"', answer.text)
    assert prompt, "the page holds no form"
    assert action, "the form has no target"
    form = {"prompt": prompt[1], "login": "ada", "password": "any"}
    return browser.post(urljoin(str(answer.url), action[1]), data=form)
