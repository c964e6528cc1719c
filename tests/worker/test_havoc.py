"""Handlers that harm the process they run in: the worker goes on all the same."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest

from geartrain.protocol.constants import PacketType as P
from tests.support.servers import RunningServer
from tests.support.waiting import wait_until
from tests.support.worker_faces import client, complete, outcome
from tests.support.worker_programs import Program, program

HANDLERS = """
class Odd(BaseException): pass

def recursion_limit(job):
    frame, depth = sys._getframe(), 0
    while frame is not None:
        frame, depth = frame.f_back, depth + 1
    sys.setrecursionlimit(depth + 5)
    raise Odd

def defaults(job):
    socket.setdefaulttimeout(0.001)
    os.chdir("/")
    sys.stdout.close()
    sys.stderr = None
    raise Odd

class Broken(logging.Handler):
    def emit(self, record):
        raise ValueError("closed")

def log(job):
    logging.getLogger("geartrain.worker").addHandler(Broken())
    raise Odd

def unclosed(job):
    try:
        yield b"one"
        raise Odd
    finally:
        yield b"two"

def swapped_signals(job):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])

HANDLERS = [recursion_limit, defaults, log, unclosed, swapped_signals]
"""
BLOCKING = """
worker = Worker()
for each in HANDLERS:
    worker.register(each.__name__, each)
worker.register("fine", lambda job: b"fine")
worker.run()
"""
ASYNCIO = """
worker = AsyncWorker()
def coroutine(plain):
    async def handler(job):
        return plain(job)
    async def pieces(job):
        for piece in plain(job):
            yield piece
    return pieces if plain is unclosed else handler
for each in HANDLERS:
    worker.register(each.__name__, coroutine(each))
async def fine(job):
    return b"fine"
worker.register("fine", fine)
asyncio.run(worker.run())
"""


def ignores_or_blocks(found: Program, number: int) -> bool:
    """Tell whether a process, or its first thread, does nothing at a signal."""
    lines = Path(f"/proc/{found.process.pid}/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines)
    masks = int(status["SigIgn"], 16) | int(status["SigBlk"], 16)
    return bool(masks & 1 << number - 1)


@pytest.mark.parametrize("text", [BLOCKING, ASYNCIO], ids=["blocking", "asyncio"])
def test_what_a_handler_may_break(geartrain: RunningServer, text: str) -> None:
    with (
        program(HANDLERS + text, geartrain) as found,
        client(geartrain, exceptions=True) as wire,
    ):
        for name in (b"recursion_limit", b"defaults", b"log", b"unclosed"):
            assert outcome(wire, name)[-1].type == P.WORK_EXCEPTION, name
            assert outcome(wire, b"fine") == complete(b"fine"), name
        assert outcome(wire, b"swapped_signals") == complete(b"")
        wait_until(lambda: not ignores_or_blocks(found, signal.SIGTERM))
        found.process.send_signal(signal.SIGTERM)
        assert found.process.wait(15) == 0


SWALLOWING = """
import geartrain.worker.session, geartrain.worker.aio_tasks
geartrain.worker.session.GRACE = 0.1
geartrain.worker.aio_tasks._PATIENCE = 0.1
worker = AsyncWorker(concurrency=1)
async def swallow(job):
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass
worker.register("stubborn", swallow, timeout=1)
worker.register("swallow", swallow)
async def fine(job):
    return b"fine"
worker.register("fine", fine)
asyncio.run(worker.run())
print("the end")
"""


def test_a_cancellation_that_is_swallowed_holds_nobody_up(
    geartrain: RunningServer,
) -> None:
    with (
        program(SWALLOWING, geartrain) as found,
        client(geartrain, exceptions=True) as wire,
    ):
        (end,) = outcome(wire, b"stubborn")
        assert (end.type, end.payload) == (P.WORK_EXCEPTION, b"timed out after 1 s")
        assert outcome(wire, b"fine") == complete(b"fine")
        wire.submit(b"swallow")
        wait_until(lambda: b"swallow\t1\t1\t1" in wire.listing(b"status"))
        for _ in range(2):
            found.process.send_signal(signal.SIGTERM)
            threading.Event().wait(0.3)
        assert found.process.wait(20) == 0
        assert "the end" in found.said()
        wait_until(lambda: b"swallow\t1\t0\t0" in wire.listing(b"status"))


HOLDING = """
import ctypes
worker = Worker(heartbeat=0.2)
def hold(job):
    # The job server is probed meanwhile.
    time.sleep(1.3)
    # PyDLL keeps the interpreter's lock: no other thread runs.
    ctypes.PyDLL(None).usleep(800_000)
    return b"held"
worker.register("hold-all", hold)
worker.register("again", lambda job: b"again")
import geartrain.worker.keepalive as keepalive
keepalive.PATIENCE = 0.3
worker.run()
"""


def test_a_handler_that_holds_all_threads_loses_no_connection(
    geartrain: RunningServer,
) -> None:
    with program(HOLDING, geartrain) as found, client(geartrain) as wire:
        assert outcome(wire, b"hold-all") == complete(b"held")
        assert outcome(wire, b"again") == complete(b"again")
        assert "is lost" not in found.said()
