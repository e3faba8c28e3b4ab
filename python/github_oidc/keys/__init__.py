# SPDX-License-Identifier: Apache-2.0
"""An issuer's keys: fetched, cached and shared, or pinned."""

from .source import KeySource, KeySourceStatus, forget_keys, override_transport

__all__ = ["KeySource", "KeySourceStatus", "forget_keys", "override_transport"]
