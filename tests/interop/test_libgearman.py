"""Programs in C on libgearman, compiled here and run against the job server."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.peers import (
    HERE,
    Peer,
    Peers,
    function_status,
    need,
    need_success,
    text_command,
)
from tests.support.waiting import wait_until

pytestmark = pytest.mark.interop

PACKAGES = "build-essential pkg-config libgearman-dev"
C = HERE / "c"


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile every program of ``tests/interop/c`` and return their folder."""
    for program in ("cc", "pkg-config"):
        need(program, PACKAGES)
    need_success(["pkg-config", "--exists", "gearmand"], PACKAGES)
    flags = ["pkg-config", "--cflags", "--libs", "gearmand"]
    library = subprocess.check_output(flags, text=True).split()
    folder = tmp_path_factory.mktemp("c")
    for source in C.glob("*.c"):
        options = ["-Wall", "-Wextra", "-o", str(folder / source.stem)]
        need_success(["cc", *options, str(source), *library], PACKAGES)
    return folder


def c(peers: Peers, program: Path, *arguments: str) -> list[str]:
    """Run a client to its end; return the lines it printed."""
    host, port = peers.server.host, str(peers.server.port)
    return peers.run(program, host, port, *arguments).decode().splitlines()


def c_worker(peers: Peers, programs: Path, space: str = "") -> Peer:
    """Start the worker, perhaps in a namespace."""
    host, port = peers.server.host, str(peers.server.port)
    arguments = [host, port, space] if space else [host, port]
    # The library announces the function that was added first as the last one.
    return peers.worker(programs / "worker", *arguments, function=f"{space}shout")


def test_jobs_of_every_priority(peers: Peers, programs: Path) -> None:
    c_worker(peers, programs)
    told = c(peers, programs / "do", "reverse", "a text")
    assert told == ["GEARMAN_SUCCESS txet a"] * 3


def test_a_function_of_the_older_form(peers: Peers, programs: Path) -> None:
    c_worker(peers, programs)
    told = c(peers, programs / "do", "shout", "hello")
    assert told == ["GEARMAN_SUCCESS HELLO"] * 3


def test_a_failed_job(peers: Peers, programs: Path) -> None:
    c_worker(peers, programs)
    told = c(peers, programs / "do", "fails", "x")
    assert told == ["GEARMAN_WORK_FAIL "] * 3


def test_every_callback_of_a_task(peers: Peers, programs: Path) -> None:
    c_worker(peers, programs)
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


def test_tasks_side_by_side_in_two_workers(peers: Peers, programs: Path) -> None:
    c_worker(peers, programs)
    c_worker(peers, programs)
    told = c(peers, programs / "tasks", "reverse", "fails", "raises", "shout")
    functions = ("reverse", "fails", "raises", "shout")
    assert sorted(line for line in told if not line.endswith(" created")) == [
        "fails fail",
        "raises exception no such thing",
        "reverse complete krow for the caller",
        "shout complete WORK for the caller",
    ]
    assert {f"{function} created" for function in functions} < set(told)


def test_background_jobs_and_their_status(peers: Peers, programs: Path) -> None:
    assert c(peers, programs / "background") == [
        "same handle 1, different 1",
        "handle: known 1 running 0 0/0",
        "handle: known 0 running 0 0/0",
        "unique three: GEARMAN_SUCCESS known 1 running 0 0/0",
        "unique four: GEARMAN_SUCCESS known 0 running 0 0/0",
    ]
    assert function_status(peers.server, "reverse").total == 3
    c_worker(peers, programs)
    wait_until(
        lambda: not function_status(peers.server, "reverse").total, "3 jobs done"
    )


def test_execute(peers: Peers, programs: Path) -> None:
    c_worker(peers, programs)
    result, handle = c(peers, programs / "execute", "reverse")
    assert result == "daolkrow"
    assert re.fullmatch(r"H:.+:\d+", handle)
    wait_until(lambda: not function_status(peers.server, "reverse").total, "both done")


def test_a_job_for_a_later_second(
    peers: Peers, programs: Path, server_kind: str
) -> None:
    record = peers.folder / "record"
    worker = ("gearman", "-w", "-h", peers.server.host, "-p", str(peers.server.port))
    need(worker[0], "gearman-tools")
    peers.worker(*worker, "-f", "later", "--", "tee", record, function="later")
    (told,) = c(peers, programs / "epoch", "later", "now", "1")
    when = int(told.split()[0])
    assert told == f"{when} known 1 running 0"
    if server_kind == "gearmand":
        # It wakes no sleeping worker for a job whose time has come.
        wait_until(lambda: time.time() > when + 0.5, "the second is past")
        assert function_status(peers.server, "later") == (1, 0, 1)
        return
    wait_until(
        lambda: record.exists() and record.read_text() == "now", "the job is run"
    )
    assert when <= time.time() < when + 1
    # Its worker has yet to say so, and is ended with this test.
    wait_until(lambda: not function_status(peers.server, "later").total, "it is done")


def test_map_and_reduce(peers: Peers, programs: Path) -> None:
    # The partitioner holds its worker until the reducers are done, so there are two.
    c_worker(peers, programs)
    c_worker(peers, programs)
    text = "every word of this text is a job"
    told = c(peers, programs / "partition", "split", "reverse", text)
    assert told == [str(len(text.replace(" ", "")))]


def test_echo_and_options(peers: Peers, programs: Path) -> None:
    assert c(peers, programs / "questions") == ["exceptions 1", "unheard of 0"]


def test_a_namespace(peers: Peers, programs: Path) -> None:
    c_worker(peers, programs, "shop:")
    assert c(peers, programs / "spaces", "shop:") == ["shop:names u"]
    assert function_status(peers.server, "shop:names").workers == 1
    assert function_status(peers.server, "names").workers == 0


@pytest.mark.parametrize(
    ("unique", "seen"),
    [
        ("", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
        ("#", "1067880409"),
        ("-", "-"),
        ("my own", "my own"),
        ("x" * 63, "x" * 63),
    ],
)
def test_uniques_as_the_worker_sees_them(
    peers: Peers, programs: Path, unique: str, seen: str
) -> None:
    c_worker(peers, programs)
    given = [unique] if unique else []
    told = c(peers, programs / "do", "names", "hello", *given)
    assert len(told) == 3
    for line in told:
        assert re.fullmatch(f"GEARMAN_SUCCESS names {seen}", line)


def test_workers_are_listed_by_their_identifier(peers: Peers, programs: Path) -> None:
    c_worker(peers, programs)
    rows = [row for row in text_command(peers.server, "workers") if "c-worker" in row]
    assert len(rows) == 1
    functions = rows[0].partition(" : ")[2].split()
    expected = ["fails", "names", "raises", "reverse", "shout", "split", "steps"]
    assert sorted(functions) == expected
