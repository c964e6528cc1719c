"""The OpenAPI 3.1 document, from the table of endpoints."""

from __future__ import annotations

import copy
from typing import Any, Final

from geartrain import __version__
from geartrain.http.api import ENDPOINTS
from geartrain.http.api.parts import CURSOR
from geartrain.http.endpoints import Answer, Endpoint, Parameter
from geartrain.http.problems import KINDS
from geartrain.http.schemas import PROBLEM, SCHEMAS

__all__ = ["document"]

_PROBLEM: Final = "application/problem+json"
# What any request may be answered with.
_ANY: Final = ("invalid", "wrong-host", "too-slow", "unavailable", "failed")
_ABOUT: Final = """\
Submit jobs and see what becomes of them. Names in paths are percent-encoded bytes.
Where a name is not UTF-8, a row has U+FFFD in its place and the whole name beside it,
percent-encoded, in a member that ends with `_encoded`. Times are seconds since 1970.
"""


def document(*, has_token: bool) -> dict[str, Any]:
    """Return the document; ``has_token`` says that requests need one."""
    paths: dict[str, dict[str, Any]] = {}
    for each in ENDPOINTS:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(
            each, has_token
        )
    components: dict[str, Any] = {"schemas": copy.deepcopy(SCHEMAS)}
    whole: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "Geartrain",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": components,
    }
    if has_token:
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        whole["security"] = [{"token": []}]
    return whole


def _operation(endpoint: Endpoint, has_token: bool) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "responses": _responses(endpoint, has_token),
    }
    if endpoint.description:
        operation["description"] = endpoint.description
    if endpoint.parameters:
        operation["parameters"] = [_parameter(each) for each in endpoint.parameters]
    body = endpoint.body
    if body is not None:
        content: dict[str, Any] = {"schema": dict(body.schema)} if body.schema else {}
        if body.example is not None:
            content["example"] = body.example
        operation["requestBody"] = {
            "description": body.description,
            "required": bool(body.schema),
            "content": {body.media_type: content},
        }
    return operation


def _parameter(each: Parameter) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": each.name,
        "in": each.place,
        "description": each.description,
        "schema": dict(each.schema),
    }
    if each.is_required:
        told["required"] = True
    if each.example is not None:
        told["example"] = each.example
    return told


def _responses(endpoint: Endpoint, has_token: bool) -> dict[str, Any]:
    found = {str(each.status): _answer(each) for each in endpoint.answers}
    kinds = [*_ANY, *endpoint.problems]
    if any(each.name == CURSOR.name for each in endpoint.parameters):
        kinds.append("expired-cursor")
    if has_token:
        kinds += ["unauthorized", "not-allowed"]
    if endpoint.method != "GET":
        kinds.append("cross-site")
    titles: dict[int, list[str]] = {}
    for kind in kinds:
        status, title = KINDS[kind]
        titles.setdefault(status, []).append(title)
    for status, words in sorted(titles.items()):
        found[str(status)] = {
            "description": "; ".join(words) + ".",
            "content": {_PROBLEM: {"schema": PROBLEM}},
        }
    return found


def _answer(answer: Answer) -> dict[str, Any]:
    told: dict[str, Any] = {"description": answer.description}
    if answer.content:
        told["content"] = {
            kind: {"schema": dict(schema)} if schema else {}
            for kind, schema in answer.content.items()
        }
    return told
