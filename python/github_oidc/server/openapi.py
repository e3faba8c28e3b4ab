# SPDX-License-Identifier: Apache-2.0
"""The answers to a refused caller, as OpenAPI documents them."""

from copy import deepcopy
from typing import Any, Final

from fastapi import FastAPI

__all__ = ["ISSUER_EXTENSION", "documented_answers", "install_openapi"]

ISSUER_EXTENSION: Final = "x-oidc-issuer"
"""A member of the security schemes of `OIDC`: whose tokens are accepted."""

_METHODS: Final = frozenset(
    {"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"}
)

_CHALLENGE: Final = {
    "WWW-Authenticate": {
        "description": "The Bearer challenge of RFC 6750 3.",
        "schema": {"type": "string"},
    }
}
_RETRY_AFTER: Final = {
    "Retry-After": {
        "description": "Seconds after which it is worth trying again.",
        "schema": {"type": "integer", "minimum": 1},
    }
}
_BODY: Final = {
    "type": "object",
    "title": "OIDCRefusal",
    "required": ["detail"],
    "properties": {
        "detail": {
            "type": "object",
            "title": "OIDCReason",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string", "description": "A stable name."},
                "message": {"type": "string", "description": "A sentence for people."},
            },
        }
    },
}


def _answer(description: str, headers: dict[str, Any]) -> dict[str, Any]:
    return {
        "description": description,
        "headers": headers,
        "content": {"application/json": {"schema": _BODY}},
    }


_ANSWERS: Final = {
    "400": _answer("Not exactly one well-formed Bearer credential", _CHALLENGE),
    "401": _answer("No Bearer token, or one that is refused", _CHALLENGE),
    "403": _answer("The token does not grant what the operation needs", _CHALLENGE),
    "503": _answer("The issuer's keys cannot be had at the moment", _RETRY_AFTER),
}


def documented_answers() -> dict[int | str, dict[str, Any]]:
    """The OpenAPI Response Objects of a protected operation, by status."""
    return {int(status): deepcopy(answer) for status, answer in _ANSWERS.items()}


def install_openapi(app: FastAPI) -> None:
    """Documents 400, 401, 403 and 503 at the operations that an `OIDC` protects.

    What an operation documents itself stays. Routes may be added before or after, and
    ``app.openapi`` may be replaced before (not after) this call.
    """
    describe = app.openapi
    documented: dict[str, Any] | None = None

    def openapi() -> dict[str, Any]:
        nonlocal documented
        schema = describe()
        # FastAPI keeps its schema and makes another only when routes are added.
        if schema is not documented:
            _document_answers(schema)
            documented = schema
        return schema

    app.openapi = openapi  # type: ignore[method-assign]


def _document_answers(schema: dict[str, Any]) -> None:
    schemes = schema.get("components", {}).get("securitySchemes", {})
    ours = {name for name, scheme in schemes.items() if ISSUER_EXTENSION in scheme}
    for path in schema.get("paths", {}).values():
        for method in _METHODS & path.keys():
            operation = path[method]
            if any(ours & needed.keys() for needed in operation.get("security", ())):
                responses = operation.setdefault("responses", {})
                for status, answer in _ANSWERS.items():
                    responses.setdefault(status, deepcopy(answer))
