# SPDX-License-Identifier: Apache-2.0
"""Get an ID token in a GitHub Actions job, and send it to one service only.

::

    import httpx
    from github_oidc.client import ActionsAuth

    with httpx.Client(auth=ActionsAuth("my-api")) as client:
        client.post("https://api.example.com/deploy", json={"ref": "main"})

The job needs ``permissions: {id-token: write}``. Nothing here verifies a token.
"""

from .actions import (
    get_actions_header,
    get_actions_header_async,
    get_actions_token,
    get_actions_token_async,
)
from .auth import ActionsAuth

__all__ = [
    "ActionsAuth",
    "get_actions_header",
    "get_actions_header_async",
    "get_actions_token",
    "get_actions_token_async",
]
