"""The application: routes from the table of endpoints, and every error a problem."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from geartrain.errors import OptionError
from geartrain.http import page
from geartrain.http.api import ENDPOINTS
from geartrain.http.bridge import Bridge
from geartrain.http.endpoints import Call, Endpoint
from geartrain.http.gate import Gate
from geartrain.http.guard import Guard
from geartrain.http.openapi import document
from geartrain.http.pace import Pace
from geartrain.http.prefix import Prefix
from geartrain.http.problems import ProblemError

__all__ = ["make_app"]

_Handler = Callable[[Request], Awaitable[Response]]


def make_app(bridge: Bridge, gate: Gate, pages: ASGIApp, prefix: str = "") -> ASGIApp:
    """Return the application for those whom ``gate`` lets in.

    ``pages`` answers whatever has a path that is not the API's: it is the dashboard.
    All paths are below ``prefix``, or below what a trusted proxy says.
    """
    described = document(has_token=gate.is_closed)
    app = Starlette(
        routes=[*_routes(bridge, gate), *page.routes(described)],
        middleware=[
            Middleware(Pace),
            Middleware(_Target),
            Middleware(Prefix, prefix=prefix, proxies=gate.proxies),
            Middleware(Guard, gate=gate),
        ],
        exception_handlers={
            ProblemError: _problem,
            OptionError: _wrong_value,
            HTTPException: _refused,
            ClientDisconnect: _left,
            Exception: _defect,
        },
    )
    app.router.redirect_slashes = False
    app.router.default = _Pages(pages)
    return app


class _Pages:
    """Passes on what is not the API's."""

    def __init__(self, pages: ASGIApp) -> None:
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        is_of_api = path.lstrip("/").partition("/")[0] == "v1"
        if is_of_api or not path.startswith("/"):
            raise HTTPException(404)
        await self._pages(scope, receive, send)


class _Target:
    """Lets routes see paths as they were sent: a name may have a slash in it.

    What is sent to a proxy has the server's name before the path, and may arrive so:
    that name is then the host (RFC 9112, 3.2.2).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: bytes = scope["raw_path"]
            scheme, mark, rest = path.partition(b"://")
            if mark and scheme.lower() in (b"http", b"https"):
                host, _, path = rest.partition(b"/")
                path = b"/" + path
                others = [each for each in scope["headers"] if each[0] != b"host"]
                scope["headers"] = [*others, (b"host", host)]
            scope["path"] = path.decode("latin-1")
        await self._app(scope, receive, send)


def _routes(bridge: Bridge, gate: Gate) -> list[Route]:
    """Return a route for each path, with all of its methods."""
    paths: dict[str, dict[str, Endpoint]] = {}
    for each in ENDPOINTS:
        paths.setdefault(each.path, {})[each.method] = each
    routes = []
    # /v1/jobs/run before /v1/jobs/{handle}, which it fits, too.
    for path, methods in sorted(paths.items(), key=lambda each: each[0].count("{")):
        handler = _handler(methods, bridge, gate)
        routes.append(Route(path, handler, methods=list(methods)))
    return routes


def _handler(methods: dict[str, Endpoint], bridge: Bridge, gate: Gate) -> _Handler:
    async def answer(request: Request) -> Response:
        # Starlette lets HEAD in where GET is.
        method = "GET" if request.method == "HEAD" else request.method
        endpoint = methods[method]
        call = Call(request, endpoint.read(request), bridge, gate)
        response = await endpoint.call(call)
        if call.unanswered:
            response.headers[_UNANSWERED] = ", ".join(map(_header, call.unanswered))
        return response

    return answer


def _header(name: str) -> str:
    return quote(name, safe=":.[]", errors="surrogateescape")


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return error.response()


async def _wrong_value(request: Request, error: Exception) -> Response:
    return ProblemError("invalid", str(error)).response()


# Names the job servers whose rows are missing in an answer.
_UNANSWERED: Final = "Geartrain-Unanswered"

_STATUSES: Final = {
    404: ("not-found", "nothing has this path: /docs lists what there is"),
    405: ("method-not-allowed", "this path takes {allow}"),
}


async def _refused(request: Request, error: Exception) -> Response:
    """Answer what Starlette refuses."""
    assert isinstance(error, HTTPException)
    kind, detail = _STATUSES.get(error.status_code, ("bad-request", error.detail))
    headers = dict(error.headers or {})
    allow = headers.get("Allow", "")
    return ProblemError(kind, detail.format(allow=allow), headers=headers).response()


async def _left(request: Request, error: Exception) -> Response:
    """Answer a client that has gone: nobody reads it."""
    return Response(status_code=400)


async def _defect(request: Request, error: Exception) -> Response:
    """Answer where the server fails; the log has why."""
    detail = "the server has a defect, which its log tells: please report it"
    return ProblemError("failed", detail).response()
