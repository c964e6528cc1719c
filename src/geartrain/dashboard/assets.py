"""Static files: browsers keep them for ever, as their addresses change with them."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from geartrain import __version__

__all__ = ["Assets"]

_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "LICENSE": "text/plain; charset=utf-8",
}
_FOR_EVER: Final = "public, max-age=31536000, immutable"
# Of a file that was asked for by its name alone, or is another one by now.
_BRIEFLY: Final = "no-cache"


@dataclass(frozen=True)
class _Asset:
    """A file.

    Attributes:
        body: its bytes.
        packed: the same with gzip.
        kind: its media type.
        digest: what its address has of its content.
    """

    body: bytes
    packed: bytes
    kind: str
    digest: str


class Assets:
    """The files below ``static``, read once.

    Attributes:
        build: what is another for another version of the pages.
    """

    def __init__(self) -> None:
        self._assets = dict(_read(files("geartrain.dashboard") / "static", ""))
        whole = [__version__, *(each.digest for each in self._assets.values())]
        self.build = _digest("".join(sorted(whole)).encode())

    def path(self, name: str) -> str:
        """Return the path of a file, such as ``frame.css``, with its digest."""
        return f"/static/{name}?{self._assets[name].digest}"

    def answer(self, request: Request) -> Response:
        """Answer a request for a file."""
        asset = self._assets.get(request.path_params["name"])
        if asset is None:
            return Response("there is no such file\n", 404, media_type="text/plain")
        is_this = request.scope["query_string"] == asset.digest.encode()
        kept = _FOR_EVER if is_this else _BRIEFLY
        headers = {"Cache-Control": kept, "Vary": "Accept-Encoding"}
        body = asset.body
        if "gzip" in request.headers.get("accept-encoding", ""):
            body = asset.packed
            headers["Content-Encoding"] = "gzip"
        return Response(body, headers=headers, media_type=asset.kind)


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()[:12]


def _read(folder: Traversable, prefix: str) -> list[tuple[str, _Asset]]:
    found = []
    for each in folder.iterdir():
        if each.is_dir():
            found += _read(each, f"{prefix}{each.name}/")
        elif (ending := each.name.rpartition(".")[2]) in _TYPES:
            body = each.read_bytes()
            digest = _digest(body)
            packed = gzip.compress(body, mtime=0)
            found.append(
                (prefix + each.name, _Asset(body, packed, _TYPES[ending], digest))
            )
    return found
