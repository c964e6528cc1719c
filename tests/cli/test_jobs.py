"""``geartrain jobs``, and what all commands share that ask a job server."""

from __future__ import annotations

import json
import re
import subprocess
import time

import pytest

from tests.support.commands import ask, complaint, objects, on_terminal
from tests.support.jobs_in_states import run_next, submit, submit_later, submit_many
from tests.support.programs import run
from tests.support.servers import (
    RunningServer,
    free_port,
    geartrain_command,
    running_gearmand,
)
from tests.support.wire import Wire

COVERS = ("cli/common",)


def test_jobs_are_a_table(server: RunningServer) -> None:
    busy = submit(server, b"mail", b"12345")
    ready = submit(server, b"resize", unique=b"order-17")
    later = submit_later(server, b"resize", 900)
    with Wire(server.connect()) as worker:
        assert run_next(worker, b"mail")[0] == busy
        status, out, err = ask(server, "jobs")
    assert (status, err) == (0, "")
    title, *lines = out.splitlines()
    assert title.split() == [
        *("HANDLE", "FUNCTION", "STATE", "PRIORITY", "UNIQUE", "AGE", "WHEN"),
        *("FAILED", "SIZE", "WORKER"),
    ]
    rows = {line.split()[0]: line for line in lines}
    assert set(rows) == {busy, ready, later}
    running = rf"{busy} +mail +running +normal +\d+s +\d+s +0 +5 +127.*"
    assert re.fullmatch(running, rows[busy]), rows[busy]
    waiting = rf"{ready} +resize +ready +normal +order-17 +\d+s +- +0 +4 +-"
    assert re.fullmatch(waiting, rows[ready]), rows[ready]
    delayed = rf"{later} +resize +scheduled +normal +\d+s +in 14m \d+s +0 +5 +-"
    assert re.fullmatch(delayed, rows[later]), rows[later]
    starts = [re.search(r"(ready|running|scheduled)", line) for line in lines]
    assert {found and found.start() for found in starts} == {title.index("STATE")}


def test_no_jobs_are_one_line_and_no_object(shared: RunningServer) -> None:
    assert ask(shared, "jobs") == (0, "no jobs wait or run\n", "")
    assert ask(shared, "jobs", "--json") == (0, "", "")


def test_jobs_are_filtered(server: RunningServer) -> None:
    first = submit(server, b"mail", unique=b"one")
    second = submit(server, b"resize", unique=b"one")
    later = submit_later(server, b"mail", 900, unique=b"two")

    def found(*flags: str) -> set[str]:
        return {row["handle"] for row in objects(server, "jobs", *flags)}

    assert found() == {first, second, later}
    assert found("--function", "mail") == {first, later}
    assert found("--state", "scheduled") == {later}
    assert found("--unique", "one") == {first, second}
    assert found("--unique", "one", "--function", "mail", "--state", "ready") == {first}
    assert len(found("--limit", "2")) == 2


def test_json_tells_all_of_a_job(server: RunningServer) -> None:
    handle = submit(server, b"caf\xe9", unique="größe 100%".encode())
    (row,) = objects(server, "jobs", "--function", "caf\udce9")
    assert time.time() - 60 < row.pop("submitted") <= time.time()
    assert row == {
        "handle": handle,
        "function": "caf\udce9",
        "unique": "größe 100%",
        "priority": "normal",
        "state": "ready",
        "background": True,
        "due": None,
        "started": None,
        "died": None,
        "worker": None,
        "attempts": 0,
        "crashes": 0,
        "reason": None,
        "error": None,
        "size": 4,
        "status": "waiting",
        "story": [],
        "headers": {},
        "options": {},
    }


def test_thousands_of_jobs_are_all_listed(fresh: RunningServer) -> None:
    handles = submit_many(fresh, b"f", (b"%d" % number for number in range(2600)))
    rows = objects(fresh, "jobs")
    assert [row["handle"] for row in rows] == handles
    _, out, _ = ask(fresh, "jobs")
    assert out.count("\n") == 2601


def test_odd_names_are_escaped_in_the_table(server: RunningServer) -> None:
    submit(server, b"two\nlines \x1b[2J \xff")
    _, out, _ = ask(server, "jobs")
    assert "two\\nlines \\x1b[2J \\xff" in out
    assert out.count("\n") == 2


def test_the_table_fits_the_terminal(server: RunningServer) -> None:
    submit(server, b"a-function-with-quite-a-long-name", unique=b"u" * 64)
    status, lines = on_terminal(server, "jobs", columns=110)
    assert status == 0
    assert len(lines) == 2
    # The titles are bold.
    assert all(len(re.sub("\x1b\\[[01]m", "", line)) <= 110 for line in lines)
    assert "…" in lines[1]
    assert lines[1].split()[2:4] == ["ready", "normal"]
    _, out, _ = ask(server, "jobs")
    assert "a-function-with-quite-a-long-name" in out
    assert "u" * 64 in out


@pytest.mark.parametrize("command", ["jobs", "counters"])
def test_eighty_columns_have_the_functions(server: RunningServer, command: str) -> None:
    submit(server, b"resize-a-picture-of-the-shop", unique=b"u" * 64)
    _, lines = on_terminal(server, command, columns=80)
    assert "FUNCTION" in lines[0]
    assert any("resize" in line for line in lines[1:])


@pytest.mark.parametrize("flags", ["", "--json"])
def test_a_reader_that_leaves_is_no_error(fresh: RunningServer, flags: str) -> None:
    submit_many(fresh, b"f", (b"%d" % number for number in range(3000)))
    command = " ".join([*geartrain_command("geartrain"), "jobs", flags])
    done = subprocess.run(
        ["bash", "-c", f"{command} --server {fresh.address} | head -n 1"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_the_address_goes_before_the_environment(shared: RunningServer) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    status, _, err = ask(
        shared, "jobs", "--server", shared.address, GEARTRAIN_SERVER=nobody
    )
    assert (status, err) == (0, "")


def test_the_librarys_environment_names_the_job_server(shared: RunningServer) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    servers = f"{shared.address},{nobody}"
    status, _, err = run("geartrain", "jobs", GEARMAN_SERVERS=servers)
    assert (status, err) == (0, "")
    status, _, err = ask(shared, "jobs", GEARMAN_SERVERS=nobody)
    assert (status, err) == (0, "")


def test_a_job_server_that_is_not_there(shared: RunningServer) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    assert complaint(1, ask(shared, "jobs", "--server", nobody)) == (
        f"no job server answers on {nobody} (Connection refused): start it, or name"
        " another address"
    )


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--server", "host:gear"], "'gear' is not a port"),
        (["--state", "asleep"], "'asleep' is not one of 'ready', 'running', 'sch"),
        (["--limit", "0"], "0 is not in the range"),
        (["H:1"], "Got unexpected extra argument"),
    ],
)
def test_wrong_flags_are_explained(
    shared: RunningServer, flags: list[str], words: str
) -> None:
    status, out, err = ask(shared, "jobs", *flags)
    assert (status, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


@pytest.mark.interop
def test_gearmand_cannot_be_asked() -> None:
    with running_gearmand() as server:
        found = complaint(1, ask(server, "jobs"))
    assert "does not know this command" in found
    assert server.address in found


def test_json_lines_are_ascii(server: RunningServer) -> None:
    submit(server, "größe".encode())
    _, out, _ = ask(server, "jobs", "--json", LC_ALL="C", PYTHONCOERCECLOCALE="0")
    assert out.isascii()
    assert json.loads(out)["function"] == "größe"
