# SPDX-License-Identifier: Apache-2.0
"""The command ``github-oidc``."""

from .entry import main

__all__ = ["main"]
