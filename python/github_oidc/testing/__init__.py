# SPDX-License-Identifier: Apache-2.0
"""Test what trusts CI tokens without a network: a fake issuer and pytest fixtures."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .issuer import FakeIssuer
    from .signing import ALGORITHMS, SigningKey

__all__ = ["ALGORITHMS", "FakeIssuer", "SigningKey"]

_MODULE_OF = {
    "ALGORITHMS": ".signing",
    "FakeIssuer": ".issuer",
    "SigningKey": ".signing",
}


# pytest imports this package for its plugin in every run: a name is loaded on use.
def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULE_OF[name], __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
