"""The path below which all of HTTP is served, where a proxy has other things beside it.

Some proxies pass a request on with the prefix in its path, and some take it off: both
are answered, and every link has it.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Prefix", "prefix_of"]

# Not ASGI's root_path: where a page's path begins as the prefix does, Starlette would
# take that off, too.
_KEY: Final = "geartrain.prefix"


class Prefix:
    """Takes the prefix off the paths of requests."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        """``prefix`` begins with a slash and ends with none; empty for none."""
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "http" and self._prefix:
            path = scope["path"]
            if path == self._prefix or path.startswith(self._prefix + "/"):
                scope["path"] = path[len(self._prefix) :] or "/"
            scope[_KEY] = self._prefix
        await self._app(scope, receive, send)


def prefix_of(request: HTTPConnection) -> str:
    """Return what comes before the paths of links; empty for nothing."""
    scope: Any = request.scope
    prefix: str = scope.get(_KEY, "")
    return prefix
