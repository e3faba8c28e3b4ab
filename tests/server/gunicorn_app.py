# SPDX-License-Identifier: Apache-2.0
"""The same application with keys that are fetched before gunicorn forks."""

from __future__ import annotations

import asyncio

# Both files lie in the folder that the server is started with as its path.
from uvicorn_app import app, oidc  # type: ignore[import-not-found]

__all__ = ["app"]

asyncio.run(oidc.warm_up())
