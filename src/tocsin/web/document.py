"""The description of the interface (OpenAPI 3.1), with schemas taken from the Structs themselves."""

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from tocsin.web.problems import MEDIA_TYPE, Problem

REFERENCE = "#/components/schemas/{name}"

SCHEMES = {
    "session": {"type": "apiKey", "in": "cookie", "name": "tocsin_session"},
    "page": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Tocsin",
        "description": "`1`, on everything that changes something: no foreign page can send it.",
    },
    "token": {"type": "http", "scheme": "bearer", "description": "An API token, for machines."},
}
"""Ways to say who one is."""

_shown: dict[str, type] = {}


def shape(kind: Any) -> dict[str, Any]:  # noqa: ANN401  # a type as msgspec understands it
    """The JSON schema of a type; its parts go into the components of the document."""
    _shown[str(kind)] = kind
    found: tuple[dict[str, Any], ...] = msgspec.json.schema_components([kind], ref_template=REFERENCE)[0]
    return dict(found[0])


def says(kind: Any, description: str, status: int = 200) -> dict[int | str, dict[str, Any]]:  # noqa: ANN401
    """The answers of a route: `kind` (None: nothing), or a problem."""
    content = {} if kind is None else {"content": {"application/json": {"schema": shape(kind)}}}
    return {status: {"description": description, **content}, "default": _PROBLEM}


def says_text(media_type: str, description: str) -> dict[int | str, dict[str, Any]]:
    """The answers of a route that tells text, or a problem."""
    content = {media_type: {"schema": {"type": "string"}}}
    return {200: {"description": description, "content": content}, "default": _PROBLEM}


def says_bytes(media_type: str, description: str) -> dict[int | str, dict[str, Any]]:
    """The answers of a route that gives a file, or a problem."""
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    return {200: {"description": description, "content": content}, "default": _PROBLEM}


def takes(kind: Any, examples: dict[str, Any], *, public: bool = False) -> dict[str, Any]:  # noqa: ANN401
    """The JSON body of a route, with examples by name. `public` needs no session."""
    shown = {name: {"value": value} for name, value in examples.items()}
    body = {"required": public, "content": {"application/json": {"schema": shape(kind), "examples": shown}}}
    return {"requestBody": body, "security": [{"page": []} if public else {"session": [], "page": []}]}


def describe(app: FastAPI) -> dict[str, Any]:
    """The whole document, made once."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        components = msgspec.json.schema_components(list(_shown.values()), ref_template=REFERENCE)[1]
        document["components"] = {"schemas": components, "securitySchemes": SCHEMES}
        document["security"] = [{"session": []}]
        app.openapi_schema = document
    return app.openapi_schema


_PROBLEM: dict[str, Any] = {
    "description": "A problem (RFC 9457): what happened, and what to do.",
    "content": {MEDIA_TYPE: {"schema": shape(Problem)}},
}
