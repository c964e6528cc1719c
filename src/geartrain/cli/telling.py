"""What the log tells of a job server that has started or stopped."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from geartrain import __version__
from geartrain.server.options import Options
from geartrain.server.server import Server
from geartrain.stores.locations import show_store
from geartrain.transport.activation import Handed

__all__ = ["tell_started", "tell_stopped"]

_log = logging.getLogger("geartrain.server")


def tell_started(options: Options, handed: Handed, addresses: Sequence[str]) -> None:
    """Log where a server listens and keeps jobs, and what it was handed over."""
    flags = ("--listen", "--http", "--admin-listen")
    for flag, sockets in zip(flags, handed, strict=True):
        if sockets:
            _log.info(
                "listening sockets were handed over: %s is not used",
                flag,
                extra={"action": "sockets_taken"},
            )
    _log.info(
        "background jobs are kept %s",
        _place(options),
        extra={"action": "store_chosen"},
    )
    _log.info(
        "geartrain %s ready on %s",
        __version__,
        ", ".join(addresses),
        extra={"action": "ready"},
    )


def _place(options: Options) -> str:
    """Say where background jobs are, and how safe they are there."""
    if options.store == "memory:":
        return "in memory: they are gone when the server stops"
    return f"in {show_store(options.store)}, durability {options.durability}"


def tell_stopped(server: Server) -> int:
    """Log what a server that has stopped leaves behind; return the exit status.

    It is 1 if jobs, or what became of them, are not in the store.
    """
    if server.unsaved:
        _log.error(
            "stopped, and what became of %d jobs is not saved in the store: they"
            " run again after a start on it",
            server.unsaved,
            extra={"action": "ends_unsaved"},
        )
    if server.unkept:
        _log.error(
            "stopped, and %d jobs that were acknowledged are lost: the store could not"
            " save them (--durability memory)",
            server.unkept,
            extra={"action": "jobs_lost"},
        )
    if server.astray:
        _log.error(
            "stopped, and %d jobs, dead letters and recurring jobs are not in the store"
            " that the next start opens",
            server.astray,
            extra={"action": "jobs_astray"},
        )
    if server.unsaved or server.unkept or server.astray:
        return 1
    _log.info("stopped", extra={"action": "stopped"})
    return 0
