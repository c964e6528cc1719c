"""A worker in Python, of either face, for clients in PHP, C and Perl."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.interop.test_libgearman import c, programs
from tests.interop.test_perl import perl, perl_is_here
from tests.support.peers import HERE, Peers
from tests.support.php_scripts import lines, php

__all__ = ["perl_is_here", "programs"]

pytestmark = [pytest.mark.interop, pytest.mark.usefixtures("php_is_here")]

WORKER = HERE / "python" / "worker.py"


@pytest.fixture(params=["asyncio", "blocking"])
def face(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture(autouse=True)
def worker(peers: Peers, face: str) -> None:
    start_worker(peers, face)


def start_worker(peers: Peers, face: str) -> None:
    command = (sys.executable, WORKER, face, peers.server.address)
    peers.worker(*command, function="names")


@pytest.mark.parametrize("do", ["doNormal", "doHigh", "doLow"])
def test_a_php_client_of_every_priority(peers: Peers, do: str) -> None:
    workload = bytes(range(256)) * 4096
    done = php(peers, "do_client.php", do, "reverse", stdin=workload)
    assert done == workload[::-1]


@pytest.mark.parametrize(
    ("function", "told"),
    [
        ("raises", ["exception no such thing"]),
        ("fails", ["fail"]),
        ("stream", ["data <it>", "warning no more words", "complete ."]),
    ],
)
def test_every_outcome_reaches_a_php_callback(
    peers: Peers, function: str, told: list[str]
) -> None:
    assert lines(php(peers, "outcome_client.php", function, "it")) == [*told, "code 0"]
    assert php(peers, "reverse_client.php", "still here") == b"Success: ereh llits\n"


def test_a_traceback_reaches_a_php_callback(peers: Peers) -> None:
    told = lines(php(peers, "outcome_client.php", "dies", "it"))
    assert told[0] == "exception Traceback (most recent call last):"
    assert told[-2:] == ["ValueError: no such thing", "code 0"]


def test_progress_reaches_a_php_callback(peers: Peers) -> None:
    assert lines(php(peers, "status_callback.php")) == ["1/3", "2/3", "3/3", ""]


def test_a_c_client(peers: Peers, programs: Path) -> None:
    told = c(peers, programs / "do", "reverse", "a text")
    assert told == ["GEARMAN_SUCCESS txet a"] * 3
    told = c(peers, programs / "do", "fails", "x")
    assert told == ["GEARMAN_WORK_FAIL "] * 3
    told = c(peers, programs / "do", "names", "hello", "my own")
    assert told == ["GEARMAN_SUCCESS names my own"] * 3


def test_every_callback_of_a_c_client(peers: Peers, programs: Path) -> None:
    assert c(peers, programs / "tasks", "steps") == [
        "steps created",
        *(
            line
            for step in (1, 2, 3)
            for line in (f"steps status {step}/3", f"steps data step {step},")
        ),
        "steps warning tired",
        "steps complete  for the caller",
    ]
    told = c(peers, programs / "tasks", "raises", "shout")
    assert "raises exception no such thing" in told
    assert "shout complete WORK for the caller" in told


def test_map_and_reduce_for_a_c_client(peers: Peers, programs: Path, face: str) -> None:
    # The partitioner holds its worker until the reducers are done, so there are two.
    start_worker(peers, face)
    text = "every word of this text is a job"
    told = c(peers, programs / "partition", "split", "reverse", text)
    assert told == [str(len(text.replace(" ", "")))]


def test_a_perl_client(peers: Peers) -> None:
    workload = b"\0a\0\0"
    done = perl(peers, "do_task.pl", "reverse", stdin=workload)
    assert done == b"result: " + workload[::-1]
    told = perl(peers, "task_set.pl", "steps", "fails", "raises").decode().splitlines()
    assert "steps status 3 3" in told
    assert "fails fail jshandle fail" in told
    assert "raises exception no such thing" in told
