"""The path below which all of HTTP is served, where a proxy has other things beside it.

Some proxies pass a request on with the prefix in its path, and some take it off: both
are answered, and every link has it. The prefix is an option, or what a trusted proxy
says in ``X-Forwarded-Prefix``, as Traefik does where it takes one off: one server can
then be below several paths. Of two such proxies the first, which the browser sees, puts
its prefix before the other's.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from geartrain.engine.model.principals import Identity
from geartrain.errors import OptionError
from geartrain.http.proxies import Proxies
from geartrain.server.kinds import HTTP_PREFIX

__all__ = ["Prefix", "prefix_of"]

# Not ASGI's root_path: where a page's path begins as the prefix does, Starlette would
# take that off, too.
_KEY: Final = "geartrain.prefix"
_HEADER: Final = "x-forwarded-prefix"
_LONGEST: Final = 200


class Prefix:
    """Takes the prefix off the paths of requests."""

    def __init__(self, app: ASGIApp, prefix: str, proxies: Proxies) -> None:
        """``prefix`` begins with a slash and ends with none; empty for none."""
        self._app = app
        self._prefix = prefix
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "http":
            prefix = self._told(scope) or self._prefix
            path = scope["path"]
            if prefix and (path == prefix or path.startswith(prefix + "/")):
                scope["path"] = path[len(prefix) :] or "/"
            scope[_KEY] = prefix
        await self._app(scope, receive, send)

    def _told(self, scope: Scope) -> str:
        """Return what a trusted proxy says; empty for nothing, or no path."""
        told = Headers(scope=scope).getlist(_HEADER)
        if not told:
            return ""
        peer: Identity = scope["state"]["connection"].identity
        if not self._proxies.is_trusted(peer.address):
            return ""
        parts = [part.strip().rstrip("/") for part in ",".join(told).split(",")]
        prefix = "".join(parts)
        if len(prefix) > _LONGEST:
            return ""
        try:
            return HTTP_PREFIX.read(prefix)
        except OptionError:
            return ""


def prefix_of(request: HTTPConnection) -> str:
    """Return what comes before the paths of links; empty for nothing."""
    scope: Any = request.scope
    prefix: str = scope.get(_KEY, "")
    return prefix
