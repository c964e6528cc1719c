"""Run a worker of either face in a thread, and talk to it as a client does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from geartrain.protocol.constants import PacketType as P
from geartrain.worker import AsyncWorker, Worker
from tests.support.servers import RunningServer
from tests.support.wire import Received, Wire

AnyWorker = Worker | AsyncWorker
FACES: dict[str, type[Worker] | type[AsyncWorker]] = {
    "blocking": Worker,
    "asyncio": AsyncWorker,
}
ENDS = {P.WORK_COMPLETE, P.WORK_FAIL, P.WORK_EXCEPTION}


class Script:
    """A face, and how handlers and calls are written in it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.make: Any = FACES[name]

    def handler(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        """Return a handler of this face that does what a plain one does."""
        if self.name == "blocking":
            return plain

        async def handler(job: Any) -> Any:
            return plain(job)

        return handler

    def run(self, worker: AnyWorker) -> None:
        """Run a worker until it is stopped."""
        if isinstance(worker, Worker):
            worker.run()
        else:
            asyncio.run(worker.run())


@contextmanager
def running(script: Script, worker: AnyWorker) -> Iterator[threading.Thread]:
    """Run a worker in a thread for the length of the block."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            script.run(worker)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield thread
    finally:
        worker.stop()
        thread.join(15)
        assert not thread.is_alive(), "the worker has not stopped"
        assert failures == []


@contextmanager
def client(server: RunningServer, exceptions: bool = False) -> Iterator[Wire]:
    """Connect a client, which may ask for exceptions."""
    with Wire(server.connect(15.0)) as wire:
        if exceptions:
            wire.send(P.OPTION_REQ, b"exceptions")
            wire.expect(P.OPTION_RES)
            wire.send(P.OPTION_REQ, b"reasons")
            # gearmand knows no such thing, and says so.
            assert wire.read().type in {P.OPTION_RES, P.ERROR}
        yield wire


def outcome(wire: Wire, function: bytes, workload: bytes = b"") -> list[Received]:
    """Submit a foreground job; return all that came of it, without the handle."""
    wire.submit(function, workload)
    return rest(wire)


def rest(wire: Wire) -> list[Received]:
    """Return what comes of a job that was submitted, without its handle."""
    found: list[Received] = []
    while not found or found[-1].type not in ENDS:
        received = wire.read()
        _, _, data = received.payload.partition(b"\0")
        found.append(Received(received.type, data))
    return found


def complete(data: bytes) -> list[Received]:
    """Return what comes of a job that has only a result."""
    return [Received(P.WORK_COMPLETE, data)]
