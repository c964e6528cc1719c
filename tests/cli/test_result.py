"""``geartrain result``."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from geartrain.admin import Admin
from tests.support.commands import ask, complaint, objects
from tests.support.jobs_in_states import bury, submit
from tests.support.raw_workers import reverse, worker
from tests.support.servers import RunningServer, geartrain_command

NAME = "geartrain result"


@pytest.fixture
def keeping(server: RunningServer) -> RunningServer:
    with Admin(server.address) as admin:
        admin.set_policy("kept", {"result_ttl": 60})
    return server


def ended(server: RunningServer, workload: bytes) -> str:
    """Return the handle of a job that has succeeded."""
    handle = submit(server, b"kept", workload)
    with worker(server.connect, "kept", reverse), Admin(server.address) as admin:
        assert admin.result(handle, timeout=20).state == "succeeded"
    return handle


def test_a_result_is_written_as_it_is(keeping: RunningServer, tmp_path: Path) -> None:
    data = bytes(range(256)) * 100
    handle = ended(keeping, data[::-1])
    command = [*geartrain_command("geartrain"), "result", handle]
    command += ["--server", keeping.address]
    done = subprocess.run(command, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (data, b"")
    file = tmp_path / "out"
    assert ask(keeping, "result", handle, "--output", str(file)) == (0, "", "")
    assert file.read_bytes() == data
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_json_has_all_that_is_known(keeping: RunningServer) -> None:
    handle = ended(keeping, "äbc".encode())
    (row,) = objects(keeping, "result", handle, "--json")
    assert (row["handle"], row["state"], row["kept"]) == (handle, "succeeded", "whole")
    assert row["encoding"] == "base64"
    (row,) = objects(keeping, "result", ended(keeping, b"cba"), "--json")
    assert (row["result"], row["encoding"]) == ("abc", "utf-8")


def test_why_there_is_no_result(keeping: RunningServer) -> None:
    waits = submit(keeping, b"kept", b"abc")
    found = complaint(3, ask(keeping, "result", waits, "--timeout", "0.1"), NAME)
    assert f"{waits} has not ended: it is waiting" in found
    unknown = complaint(3, ask(keeping, "result", "H:no:9"), NAME)
    assert "there is no job H:no:9, or its result is no longer kept" in unknown
    (dead,) = bury(keeping, b"mail", [b"x"], b"Traceback:\n  line\nno route\n")
    said = complaint(1, ask(keeping, "result", dead), NAME)
    assert f"{dead} failed and is a dead letter: no route" in said


def test_a_result_that_is_not_kept(keeping: RunningServer) -> None:
    handle = submit(keeping, b"forgotten", b"abc")
    with worker(keeping.connect, "forgotten", reverse), Admin(keeping.address) as admin:
        admin.result(handle, timeout=20)
    found = complaint(3, ask(keeping, "result", handle), NAME)
    assert f"{handle} succeeded, and its result is not kept: see result_ttl" in found
