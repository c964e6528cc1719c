"""Who may ask: tokens, web pages of other sites, and names that lead here by a trick.

A browser sends requests for any page that its reader looks at. What may change
something is refused unless it comes from a page of this server, as Go's
``CrossOriginProtection`` decides: by ``Sec-Fetch-Site``, or else by ``Origin``. A
request with neither was sent by no browser.

After DNS rebinding a page is this server's own to a browser: its name leads here now.
So where no token is needed, the host has to be an address or ``localhost``. Only a
program, such as a load balancer that asks for the health, names none.
"""

from __future__ import annotations

import hmac
from typing import Final

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from geartrain.http.problems import ProblemError
from geartrain.protocol.cross_site import is_cross_site, is_local_name

__all__ = ["Guard"]

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# What anybody may see: it says nothing about the jobs.
_OPEN: Final = frozenset(
    {"/docs", "/docs.js", "/docs.css", "/openapi.json", "/livez", "/readyz"}
)
_STATIC: Final = "/static/"


class Guard:
    """Refuses requests before anything of them is looked at further."""

    def __init__(self, app: ASGIApp, token: bytes) -> None:
        """Let requests with a bearer ``token`` through to ``app``; empty for all."""
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] == "http":
            try:
                self._check(HTTPConnection(scope))
            except ProblemError as problem:
                await problem.response()(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, request: HTTPConnection) -> None:
        """Raise the problem that a request is refused with."""
        scope = request.scope
        if not self._token and scope.get("server", ("", None))[1] is not None:
            _check_host(request.headers.get("host"))
        if scope["method"] not in _SAFE:
            _check_site(request)
        is_open = scope["path"] in _OPEN or scope["path"].startswith(_STATIC)
        if self._token and not is_open:
            self._check_token(request.headers.get("authorization", ""))

    def _check_token(self, text: str) -> None:
        scheme, _, given = text.partition(" ")
        token = given.strip().encode("latin-1")
        is_right = hmac.compare_digest(token, self._token)
        if scheme.lower() != "bearer" or not is_right:
            raise ProblemError(
                "unauthorized",
                "send the token of --http-token-file: Authorization: Bearer TOKEN",
                headers={"WWW-Authenticate": 'Bearer realm="geartrain"'},
            )


def _check_host(host: str | None) -> None:
    """Raise ProblemError if a request's host is no address, nor ``localhost``."""
    if host is None or is_local_name(host.encode("latin-1")):
        return
    raise ProblemError(
        "wrong-host",
        "without a token the host has to be localhost or an address: name it so, or"
        " start the job server with --http-token-file",
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
