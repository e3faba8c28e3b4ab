# SPDX-License-Identifier: Apache-2.0
"""``python -m github_oidc.cli`` is ``github-oidc``."""

from .entry import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
