"""Exceptions of signal handlers, at any moment: the worker can be used again."""

from __future__ import annotations

import itertools
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from geartrain.worker import Worker
from tests.support.interruptions import Interrupted, interrupted
from tests.support.servers import RunningServer
from tests.support.waiting import wait_until
from tests.support.wire import Wire
from tests.support.worker_faces import client, rest

# Every so many moments: all of them take half a minute.
STEP = 7
# The protocol is compiled: no signal handler is called amid it.
WHERE = ("geartrain.worker", "geartrain.transport")
IN_TIME = 15.0
pytestmark = [
    # Of sockets that were made a step before the exception.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.usefixtures("_collected"),
]


@contextmanager
def job(wire: Wire, workload: bytes, *others: bytes) -> Iterator[threading.Thread]:
    """Submit a job; the thread ends when it has, reversed or as one of others."""
    wire.submit(b"reverse", workload)
    ends: list[bytes] = []
    thread = threading.Thread(target=lambda: ends.append(rest(wire)[-1].payload))
    thread.start()
    yield thread
    thread.join(IN_TIME)
    (end,) = ends
    assert end in (workload[::-1], *others)


def work(worker: Worker, waiting: threading.Thread) -> None:
    while waiting.is_alive():
        worker.work(timeout=0.05)


def run(worker: Worker, waiting: threading.Thread, signals: bool = False) -> None:
    def stop() -> None:
        waiting.join(IN_TIME)
        worker.stop()

    stopper = threading.Thread(target=stop)
    stopper.start()
    try:
        worker.run(signals=signals)
    except Interrupted:
        # What it was to do is to be done by another call.
        work(worker, waiting)
        stopper.join(IN_TIME)
        worker.close()
        raise


def handled(worker: Worker, waiting: threading.Thread) -> None:
    run(worker, waiting, signals=True)


def interrupt(
    server: RunningServer, use: Callable[[Worker, threading.Thread], None], moment: int
) -> bool:
    """Interrupt a worker, which is to do its jobs afterwards; tell if it was."""
    worker = Worker(server.address, concurrency=2 if use is run else 1)
    worker.register("reverse", lambda job: job.workload[::-1])
    with client(server) as wire:
        # An exception amid the handler's call is the handler's.
        with job(wire, b"%d first" % moment, b"") as waiting:
            was = interrupted(lambda: use(worker, waiting), moment, WHERE)
            work(worker, waiting)
        assert worker.jobs_at_hand == []
        with job(wire, b"%d second" % moment) as waiting:
            use(worker, waiting)
        worker.close()
    return was


@pytest.mark.parametrize("use", [work, run, handled])
def test_it_does_its_jobs_afterwards(geartrain: RunningServer, use: Any) -> None:
    before = threading.active_count()
    signals = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    moments = itertools.count(1, STEP)
    while interrupt(geartrain, use, moment := next(moments)):
        pass
    assert moment > 200
    wait_until(lambda: threading.active_count() <= before)
    assert signals == [
        signal.getsignal(signal.SIGINT),
        signal.getsignal(signal.SIGTERM),
    ]
