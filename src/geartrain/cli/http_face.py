"""The HTTP face of a job server's process: whether there is one, and for how long."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from geartrain.cli.starting import is_in_use, other_address
from geartrain.errors import GeartrainError, ListenError, StartError
from geartrain.server.options import Options
from geartrain.server.server import Server

if TYPE_CHECKING:
    from geartrain.http.server import HttpServer

__all__ = ["serving_http"]

_log = logging.getLogger("geartrain.server")


@contextlib.asynccontextmanager
async def serving_http(
    options: Options,
    server: Server,
    handed: Sequence[socket.socket],
    *,
    is_wanted: bool,
) -> AsyncIterator[HttpServer | None]:
    """Serve HTTP for the length of the block, and end the server if it fails.

    HTTP comes before the server, whose store may take long to open: ``/readyz`` says
    so. And the store is opened with the rights of its owner, which may not be enough
    for a port.

    Args:
        options: where to listen, and for whom.
        server: the job server that HTTP is a client of.
        handed: listening sockets that are used in place of the options' addresses.
        is_wanted: HTTP was asked for; else the server does without if it has to.

    Raises:
        GeartrainError: HTTP was asked for and cannot start.
    """
    http = None
    if options.http_addresses or handed:
        http = await _started(options, server, handed, is_wanted)
    try:
        yield http
        if http is not None:
            await http.wait_closed()
    except BaseException:
        # The store's thread would keep the process, which serves nobody.
        server.abort()
        raise
    finally:
        if http is not None:
            http.stop_listening()


async def _started(
    options: Options, server: Server, handed: Sequence[socket.socket], is_wanted: bool
) -> HttpServer | None:
    """Start HTTP; return None if that fails and nobody asked for it.

    Raises:
        GeartrainError: it was asked for and cannot start.
    """
    try:
        http = _bound(options, server, handed)
    except GeartrainError as error:
        if is_wanted and is_in_use(error):
            raise ListenError(f"{error}{other_address('--http')}") from error
        if is_wanted:
            raise
        _log.warning(
            "there is no HTTP: %s; --no-http does without, --http names another"
            " address",
            error,
            extra={"action": "no_http"},
        )
        return None
    server.when_stopping.append(http.stop_listening)
    server.when_reloading.append(http.reload)
    await http.start()
    return http


def _bound(
    options: Options, server: Server, handed: Sequence[socket.socket]
) -> HttpServer:
    """Return an HTTP face that has its addresses.

    Raises:
        GeartrainError: it cannot have them, or its libraries are missing.
    """
    # It takes 0.1 s to load, which a server without it need not wait for.
    try:
        from geartrain.dashboard.mount import Dashboard
        from geartrain.dashboard.redaction import load_redaction
        from geartrain.http.server import HttpServer
    except ImportError as error:
        raise StartError(
            f"HTTP needs the package {error.name}: pip install starlette uvicorn"
        ) from None
    redaction = load_redaction(options.dashboard_redact)
    http = HttpServer(options, server, partial(Dashboard, redaction=redaction))
    http.bind(handed)
    return http
