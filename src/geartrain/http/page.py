"""The OpenAPI document, and a page to read it and try it, which loads nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from geartrain.http.prefix import prefix_of

__all__ = ["routes"]

_FILES: Final = {
    "/docs": ("docs.html", "text/html; charset=utf-8"),
    "/docs.js": ("docs.js", "text/javascript; charset=utf-8"),
    "/docs.css": ("docs.css", "text/css; charset=utf-8"),
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def routes(document: Mapping[str, Any]) -> list[Route]:
    """Return the routes of a document and of the page that shows it."""

    async def openapi(request: Request) -> Response:
        here = {**document, "servers": [{"url": prefix_of(request) or "/"}]}
        body = json.dumps(here).encode() + b"\n"
        return Response(body, media_type="application/json")

    folder = files("geartrain.http") / "static"

    found = [Route("/openapi.json", openapi)]
    for path, (name, kind) in _FILES.items():
        found.append(Route(path, _shown((folder / name).read_bytes(), kind)))
    return found


def _shown(body: bytes, kind: str) -> Any:
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}

    async def show(request: Request) -> Response:
        return Response(body, media_type=kind, headers=headers)

    return show
