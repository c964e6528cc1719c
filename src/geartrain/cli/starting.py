"""Starts of a job server that wait for what another process is just leaving."""

from __future__ import annotations

import asyncio
import errno
import logging
import sqlite3
from typing import Final

from geartrain.errors import GeartrainError, ListenError, StoreError, StoreInUseError
from geartrain.server.server import Server

__all__ = ["is_in_use", "other_address", "start_again", "start_with_patience"]

# Seconds from one attempt to the next, while an address or the store is in use.
_PAUSE: Final = 0.1
# Seconds from one attempt to begin anew to the next.
_PAUSE_ANEW: Final = 0.5

_log = logging.getLogger("geartrain.server")


async def start_with_patience(server: Server, patience: float) -> None:
    """Start a server; try for ``patience`` seconds while something is in use.

    Raises:
        ListenError: it cannot listen.
        StoreError: it cannot open its store.
    """
    clock = asyncio.get_running_loop().time
    deadline = clock() + patience
    while True:
        try:
            await server.start()
        except (ListenError, StoreError) as error:
            if clock() >= deadline or not is_in_use(error):
                raise
            await asyncio.sleep(_PAUSE)
        else:
            return


async def start_again(server: Server) -> None:
    """Start a server in place of one that has run, whenever its store is there again.

    The log tells each reason for which it has to wait, once.
    """
    told = ""
    while True:
        try:
            await server.start()
        except (ListenError, StoreError) as error:
            if str(error) != told:
                told = str(error)
                _log.error("cannot begin anew yet: %s", told, extra={"action": "anew"})
            await asyncio.sleep(_PAUSE_ANEW)
        else:
            return


def is_in_use(error: GeartrainError) -> bool:
    """Tell whether another process has the address or the store."""
    if isinstance(error, StoreInUseError):
        return True
    cause = error.__cause__
    if isinstance(cause, sqlite3.OperationalError):
        return cause.sqlite_errorcode == sqlite3.SQLITE_BUSY
    return isinstance(cause, OSError) and cause.errno == errno.EADDRINUSE


def other_address(flags: str) -> str:
    """Return what to do about an address in use; ``flags`` name another."""
    return (
        ": stop the program that listens there, which may be another job server"
        f" ('ss -ltnxp' shows it), or name another address with {flags}"
    )
