"""A job server with rules, and jobs of functions that some may not touch."""

from __future__ import annotations

from typing import Final

from geartrain.protocol.constants import PacketType
from tests.support.access import TOKENS
from tests.support.http_client import HttpServer, Reply
from tests.support.wire import Wire

__all__ = [
    "FUNCTIONS",
    "ask",
    "bearer",
    "dead",
    "delayed",
    "filled",
    "recurring",
    "running",
    "submitted",
    "wire_of",
]

FUNCTIONS: Final = ("mail.send", "pay.card")
"""One that each principal of ``SHOP`` has its right on, and one that only one has."""

# Workers that are kept connected, for their jobs to run on.
_WORKERS: Final[list[Wire]] = []


def bearer(principal: str) -> dict[str, str]:
    """Return the header that shows the token of a principal."""
    if principal == "nobody":
        return {}
    return {"Authorization": f"Bearer {TOKENS[principal].decode()}"}


def wire_of(server: HttpServer, principal: str) -> Wire:
    """Open a connection on the job port, and show the token of a principal."""
    wire = Wire(server.jobs.connect())
    if principal != "nobody":
        wire.send(PacketType.OPTION_REQ, b"token:" + TOKENS[principal])
        assert wire.expect(PacketType.OPTION_RES) == [b"token"]
    return wire


def ask(
    server: HttpServer, principal: str, method: str, path: str, body: str = ""
) -> Reply:
    """Send a request of the API as a principal."""
    headers = {"Content-Type": "application/json"} if body else {}
    return server.ask(method, path, body or None, headers | bearer(principal))


def submitted(server: HttpServer, function: str) -> str:
    """Return the handle of a new job that waits."""
    with wire_of(server, "all") as wire:
        wire.send(PacketType.SUBMIT_JOB_BG, function.encode(), b"", b"w")
        return wire.expect(PacketType.JOB_CREATED)[0].decode()


def recurring(server: HttpServer, function: str) -> str:
    """Return the handle of a recurring job."""
    ask(server, "all", "POST", f"/v1/functions/{function}/resume")
    fields = (b"0", b"0", b"", b"", b"")
    with wire_of(server, "all") as wire:
        wire.send(
            PacketType.SUBMIT_JOB_SCHED, function.encode(), b"daily", *fields, b"w"
        )
        return wire.expect(PacketType.JOB_CREATED)[0].decode()


def running(server: HttpServer, function: str) -> str:
    """Return the handle of a new job that runs."""
    ask(server, "all", "POST", f"/v1/functions/{function}/resume")
    ask(server, "all", "DELETE", f"/v1/jobs?function={function}")
    submitted(server, function)
    worker = wire_of(server, "all")
    _WORKERS.append(worker)
    worker.register(function.encode())
    return worker.grab()[0].decode()


def dead(server: HttpServer, function: str) -> str:
    """Return the handle of a new dead letter."""
    handle = running(server, function)
    _WORKERS[-1].send(PacketType.WORK_FAIL, handle.encode())
    assert _WORKERS[-1].echoes()
    return handle


def filled(server: HttpServer, path: str, function: str) -> str:
    """Return a path with a function and new jobs in it."""
    for part, make in (
        ("/H", submitted),
        ("/R", running),
        ("/D", dead),
        ("/S", recurring),
    ):
        if part in path:
            path = path.replace(part, f"/{make(server, function)}")
    return path.replace("F", function)


def delayed(server: HttpServer, function: str) -> str:
    """Return the handle of a new job that waits for its time."""
    ask(server, "all", "POST", f"/v1/functions/{function}/resume")
    path = f"/v1/functions/{function}/jobs?delay=3600"
    handle: str = ask(server, "all", "POST", path, "{}").json["handle"]
    return handle
