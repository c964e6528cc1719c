"""The programs of docs/worker.md, run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from geartrain.protocol.constants import PacketType as P
from tests.support.documents import snippets
from tests.support.servers import RunningServer, running_geartrain, stop
from tests.support.wire import Received
from tests.support.worker_faces import client, complete, outcome

PROGRAMS = snippets("docs/worker.md", "python")


@pytest.fixture(scope="module")
def geartrain() -> Iterator[RunningServer]:
    with running_geartrain() as server:
        yield server


@contextmanager
def program(number: int, server: RunningServer) -> Iterator[subprocess.Popen[bytes]]:
    """Run one of the programs; it has to end in order."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAMS[number]],
        env=os.environ | {"GEARMAN_SERVERS": server.address},
        stdout=subprocess.PIPE,
    )
    with process:
        try:
            yield process
        finally:
            code = stop(process)
    assert code == 0


def test_there_are_as_many_as_are_run_here() -> None:
    assert len(PROGRAMS) == 4


def test_the_first_worker(geartrain: RunningServer) -> None:
    with program(0, geartrain), client(geartrain) as wire:
        assert outcome(wire, b"reverse", b"abc") == complete(b"cba")
        assert outcome(wire, b"words", b"a b") == [
            Received(P.WORK_STATUS, b"1\x002"),
            Received(P.WORK_DATA, b"a\n"),
            Received(P.WORK_STATUS, b"2\x002"),
            Received(P.WORK_DATA, b"b\n"),
            Received(P.WORK_COMPLETE, b""),
        ]
        assert outcome(wire, b"fetch") == complete(b"fetched")
        assert outcome(wire, b"add", b"[1,2]") == complete(b'{"sum":3}')


def test_one_job_at_a_time(geartrain: RunningServer) -> None:
    with program(1, geartrain) as process, client(geartrain) as wire:
        assert outcome(wire, b"reverse", b"abc") == complete(b"cba")
        assert process.stdout is not None
        assert process.stdout.read() == b"done: 1\n"
        assert process.wait(10) == 0


def test_asyncio(geartrain: RunningServer) -> None:
    with program(2, geartrain), client(geartrain) as wire:
        assert outcome(wire, b"nap", b"0.01") == complete(b"rested")


def test_map_and_reduce(geartrain: RunningServer) -> None:
    with program(3, geartrain), client(geartrain) as wire:
        told = outcome(wire, b"count", b"one two\nthree\n")
        assert told[-1:] == complete(b"3")


def test_those_that_work_do_so_only_as_programs() -> None:
    """``geartrain worker`` imports them, too."""
    for text in PROGRAMS:
        before, _, main = text.partition('if __name__ == "__main__":')
        assert main
        assert not re.search(r"\.(run|work)\b", before)
