"""``geartrain status``, ``workers`` and ``functions``."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from geartrain.protocol.constants import PacketType
from tests.support.commands import ask, complaint, objects, on_terminal
from tests.support.jobs_in_states import bury, submit, submit_later
from tests.support.servers import (
    RunningServer,
    free_port,
    running_gearmand,
)
from tests.support.wire import Wire

COVERS = (
    "admin/cluster",
    "cli/functions",
    "cli/processes",
    "cli/workers",
)


@pytest.fixture
def worker(fresh: RunningServer) -> Iterator[Wire]:
    """Connect ``ann``, who serves ``mail`` and ``zip`` and runs a job."""
    submit(fresh, b"mail")
    with Wire(fresh.connect()) as connection:
        connection.send(PacketType.SET_CLIENT_ID, b"ann")
        connection.register(b"mail")
        connection.register(b"zip")
        connection.grab()
        yield connection


def test_jobs_are_told_by_priority(fresh: RunningServer, worker: Wire) -> None:
    for kind in (PacketType.SUBMIT_JOB_HIGH_BG, PacketType.SUBMIT_JOB_LOW_BG):
        submit(fresh, b"mail", kind=kind)
    submit(fresh, b"mail")
    submit_later(fresh, b"mail", 3600)
    bury(fresh, b"two words", [b"1"])
    status, out, err = ask(fresh, "status")
    assert (status, err) == (0, "")
    first, empty, title, *rows = out.splitlines()
    assert first.startswith("job server ")
    assert first.endswith(f" on {fresh.address}")
    assert empty == ""
    assert title.split() == [
        *(
            "FUNCTION",
            "HIGH",
            "NORMAL",
            "LOW",
            "RUNNING",
            "WORKERS",
            "DIED",
            "OLDEST",
            "STATE",
        )
    ]
    found = {row[:9].strip(): row[9:].split()[:6] for row in rows}
    assert all(re.fullmatch(r".* (\d+s|-) +-", row) for row in rows)
    assert found == {
        "mail": ["1", "2", "1", "1", "1", "0"],
        "zip": ["0", "0", "0", "0", "1", "0"],
        "two words": ["0", "0", "0", "0", "0", "1"],
        "TOTAL": ["1", "2", "1", "1", "-", "1"],
    }


def test_status_as_json(fresh: RunningServer, worker: Wire) -> None:
    rows = {row.pop("function"): row for row in objects(fresh, "status")}
    counts = {"high": 0, "normal": 0, "low": 0, "running": 1, "workers": 1, "died": 0}
    assert rows["mail"] == {**counts, "oldest": None, "state": None}


def test_workers(fresh: RunningServer, worker: Wire) -> None:
    with Wire(fresh.connect()) as other:
        other.register(b"other")
        assert other.echoes()
        rows = objects(fresh, "workers")
        assert [(row["id"], row["address"]) for row in rows] == [
            ("ann", "127.0.0.1"),
            ("-", "127.0.0.1"),
        ]
        assert rows[0]["functions"] == ["zip", "mail"]
        only = objects(fresh, "workers", "--function", "other")
        assert [row["functions"] for row in only] == [["other"]]
    _, out, _ = ask(fresh, "workers", "--function", "mail")
    title, row = out.splitlines()
    assert title.split()[:5] == ["ID", "ADDRESS", "CONNECTION", "RUNNING", "DONE"]
    assert title.split()[5:] == ["FAILED", "SINCE", "SILENT", "FUNCTIONS"]
    assert row.split()[:2] + row.split()[3:6] == ["ann", "127.0.0.1", "1", "0", "0"]
    assert row.split()[-2:] == ["zip", "mail"]


def test_processes(fresh: RunningServer) -> None:
    _, out, _ = ask(fresh, "processes")
    assert out == "no geartrain worker tells of its processes\n"
    with Wire(fresh.connect()) as supervisor:
        assert supervisor.command(b"announce supervisor host=web%1B1") == b"OK\r\n"
        line = b"announce process place=0 target=t state=working pid=9 age=61"
        assert supervisor.command(line + b" memory=52428800 restarts=2").startswith(
            b"OK"
        )
        (row,) = objects(fresh, "processes")
        assert (row["host"], row["pid"], row["restarts"]) == ("web\x1b1", 9, 2)
        _, out, _ = ask(fresh, "processes")
    title, line_shown = out.splitlines()
    assert title.split()[:4] == ["HOST", "TARGET", "PID", "STATE"]
    assert line_shown.split()[:4] == ["web\\x1b1", "t", "9", "working"]
    assert "50 MiB" in line_shown


def test_cluster(fresh: RunningServer) -> None:
    with Wire(fresh.connect()) as node:
        node.send(PacketType.SET_CLIENT_ID, b"node:east")
        node.send(PacketType.OPTION_REQ, b"node\0abcd\0east")
        assert node.read().type == PacketType.OPTION_RES
        node.register(b"mail")
        own, helper = objects(fresh, "cluster")
        assert (own["role"], own["state"]) == ("self", "")
        assert (helper["role"], helper["node"]) == ("helper", "east")
        assert helper["functions"] == ["mail"]
        _, out, _ = ask(fresh, "cluster")
    title, _, line = out.splitlines()
    assert title.split()[:4] == ["ROLE", "NODE", "ADDRESS", "STATE"]
    assert line.split()[:4] == ["helper", "east", "127.0.0.1", "connected"]


def test_functions(fresh: RunningServer, worker: Wire) -> None:
    submit(fresh, b"mail")
    submit(fresh, b"alone")
    _, out, _ = ask(fresh, "functions")
    title, *rows = out.splitlines()
    assert title.split() == [
        "FUNCTION",
        "WORKERS",
        "JOBS",
        "HELD",
        "OLDEST",
        "NEXT",
        "STATE",
        "SERVED",
        "BY",
    ]
    assert [re.sub(r"\d+s", "0s", " ".join(row.split())) for row in rows] == [
        "alone 0 1 0 0s - - -",
        "mail 1 2 0 0s - - ann 127.0.0.1",
        "zip 1 0 0 - - - ann 127.0.0.1",
    ]
    assert objects(fresh, "functions")[0]["served_by"] == []


def test_gearmand_is_asked_too() -> None:
    with running_gearmand() as other:
        submit(other, b"mail")
        _, out, err = ask(other, "status")
        assert (out.splitlines()[3].split(), err) == (
            ["mail", "0", "1", "0", "0", "0", "0", "-", "-"],
            "",
        )
        assert objects(other, "workers") == []


def test_a_terminal_is_not_cleared_to_show_it_once(fresh: RunningServer) -> None:
    status, lines = on_terminal(fresh, "status")
    assert (status, lines[0].startswith("job server ")) == (0, True)
    assert not any("\x1b[2J" in line for line in lines)


def test_no_job_server_is_told(fresh: RunningServer) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    said = complaint(1, ask(fresh, "status", "--server", nowhere))
    assert said.startswith(f"no job server answers on {nowhere}")
