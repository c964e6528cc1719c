"""Who may ask: visitors, web pages of other sites, and names that lead here by a trick.

A browser sends requests for any page that its reader looks at. What may change
something is refused unless it comes from a page of this server, as Go's
``CrossOriginProtection`` decides: by ``Sec-Fetch-Site``, or else by ``Origin``. A
request with neither was sent by no browser.

After DNS rebinding a page is this server's own to a browser: its name leads here now.
So where nobody has to show who it is, the host has to be an address or ``localhost``.
Only a program, such as a load balancer that asks for the health, names none.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from geartrain.http.gate import Gate
from geartrain.http.prefix import prefix_of
from geartrain.http.problems import ProblemError
from geartrain.http.visitors import admit
from geartrain.protocol.cross_site import is_cross_site, is_local_name

__all__ = ["Guard"]

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# What anybody may see, and do: it says nothing about the jobs.
_OPEN: Final = frozenset(
    {
        "/docs",
        "/docs.js",
        "/docs.css",
        "/openapi.json",
        "/livez",
        "/readyz",
        "/login",
        "/v1/session",
    }
)
_STATIC: Final = "/static/"


class Guard:
    """Refuses requests before anything of them is looked at further."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        """Let requests through to ``app`` of those whom ``gate`` knows."""
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] == "http":
            try:
                self._check(HTTPConnection(scope))
            except ProblemError as problem:
                response = self._login_page(scope, problem) or problem.response()
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _login_page(self, scope: Scope, problem: ProblemError) -> Response | None:
        """Return the way to log in, for a browser that wants a page; else None."""
        request = HTTPConnection(scope)
        is_page = "text/html" in request.headers.get("accept", "")
        if problem.kind != "unauthorized" or not is_page or _is_of_api(scope["path"]):
            return None
        back = scope["path"] if scope["method"] in _SAFE else "/"
        query = scope["query_string"].decode("latin-1")
        whole = f"{back}?{query}" if query and back != "/" else back
        where = f"{prefix_of(request)}/login"
        if whole != "/":
            where += f"?back={quote(whole, safe='/')}"
        if "geartrain-script" in request.headers:
            # The dashboard's script goes there itself (static/forms.js).
            return Response(headers={"Geartrain-Page": where})
        return RedirectResponse(where, 303)

    def _check(self, request: HTTPConnection) -> None:
        """Raise the problem that a request is refused with."""
        _check_size(request)
        gate, scope = self._gate, request.scope
        if scope["method"] not in _SAFE:
            _check_site(request)
        visitor = gate.visitor(request, scope["state"]["connection"].identity)
        is_known, is_open = gate.is_known(visitor), _is_open(scope["path"])
        if _is_nameable(scope) and not (is_known or (is_open and gate.is_closed)):
            _check_host(request.headers.get("host"))
        if not is_open:
            gate.check(visitor, is_known=is_known)
        admit(scope, visitor)


def _check_size(request: HTTPConnection) -> None:
    """Raise ProblemError if a request tells two sizes of its body.

    A proxy that goes by the other one takes what is in the body for a request, or what
    follows it for the body (RFC 9112 section 6.3), so nothing more is read.
    """
    if {"content-length", "transfer-encoding"} <= set(request.headers.keys()):
        raise ProblemError(
            "bad-request",
            "Content-Length and Transfer-Encoding contradict each other: send one of"
            " them",
            headers={"Connection": "close"},
        )


def _is_open(path: str) -> bool:
    return path in _OPEN or path.startswith(_STATIC)


def _is_of_api(path: str) -> bool:
    return path.startswith("/v1/") or path == "/metrics"


def _is_nameable(scope: Scope) -> bool:
    """Tell whether other names may lead here: over TLS the certificate's alone do."""
    has_port = scope.get("server", ("", None))[1] is not None
    return has_port and scope.get("scheme") != "https"


def _check_host(host: str | None) -> None:
    """Raise ProblemError if a request's host is no address, nor ``localhost``."""
    if host is None or is_local_name(host.encode("latin-1")):
        return
    raise ProblemError(
        "wrong-host",
        "without a token or a login the host has to be localhost or an address: name it"
        " so, or start the job server with --http-token-file or --http-password-file",
    )


def _check_site(request: HTTPConnection) -> None:
    """Raise ProblemError if a web page of another site sends a request."""
    names = ("sec-fetch-site", "origin", "host")
    told = [request.headers.get(name, "").encode("latin-1") for name in names]
    if is_cross_site(*told):
        raise ProblemError(
            "cross-site",
            "a web page of another site sent this: send it from a program, or from a"
            " page of this server",
        )
