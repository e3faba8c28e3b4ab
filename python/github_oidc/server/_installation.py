# SPDX-License-Identifier: Apache-2.0
"""What must, and what must not, be installed beside the server door."""

import importlib.metadata
import importlib.util
import warnings

__all__: list[str] = []

_FOREIGN = "fastapi-github-oidc"


def _require_fastapi() -> None:
    if importlib.util.find_spec("fastapi") is None:
        raise ModuleNotFoundError(
            "github_oidc.server needs FastAPI; install it with: "
            'pip install "github-oidc[server]"',
            name="fastapi",
        )


def _warn_of_foreign_package() -> None:
    try:
        importlib.metadata.distribution(_FOREIGN)
    except importlib.metadata.PackageNotFoundError:
        return
    warnings.warn(
        f"{_FOREIGN} and github-oidc are both installed and share the import package "
        "github_oidc; this is github-oidc. Remove the other with: "
        f"pip uninstall {_FOREIGN}",
        UserWarning,
        stacklevel=4,
    )


_require_fastapi()
_warn_of_foreign_package()
