"""``geartrain job``."""

from __future__ import annotations

import subprocess

from tests.support.commands import ask, complaint, objects, on_terminal
from tests.support.jobs_in_states import bury, submit
from tests.support.servers import RunningServer, geartrain_command


def test_all_about_a_job(server: RunningServer) -> None:
    handle = submit(server, b"resize", "Größe 7\nqueer".encode(), b"order 17")
    for name in (handle, "order 17"):
        status, out, err = ask(server, "job", name)
        assert (status, err) == (0, "")
        lines = out.splitlines()
        assert lines[:3] == [
            f"handle      {handle}",
            "function    resize",
            "unique      order 17",
        ]
        assert lines[-3:] == ["workload", "  Größe 7", "  queer"]


def test_all_about_the_jobs_of_several_functions(server: RunningServer) -> None:
    first = submit(server, b"resize", b"\xff\0", b"order-17")
    second = submit(server, b"mail", b"text", b"order-17")
    rows = {row["handle"]: row for row in objects(server, "job", "order-17")}
    assert set(rows) == {first, second}
    assert (rows[first]["workload"], rows[first]["encoding"]) == ("/wA=", "base64")
    assert (rows[second]["workload"], rows[second]["encoding"]) == ("text", "utf-8")
    _, out, _ = ask(server, "job", "order-17")
    assert out.count("handle  ") == 2
    assert "  0000  ff 00" in out


def test_a_workload_alone(server: RunningServer) -> None:
    workload = bytes(range(256)) * 1000
    handle = submit(server, b"f", workload)
    command = [*geartrain_command("geartrain"), "job", handle, "--workload"]
    done = subprocess.run(
        [*command, "--server", server.address], capture_output=True, check=True
    )
    assert (done.stdout, done.stderr) == (workload, b"")


def test_of_several_workloads_none_is_written(server: RunningServer) -> None:
    handles = [submit(server, name, unique=b"same") for name in (b"f", b"g")]
    found = complaint(1, ask(server, "job", "same", "--workload"))
    assert "that is the unique of 2 jobs: " in found
    assert all(handle in found for handle in handles)


def test_a_dead_letter_is_shown_too(server: RunningServer) -> None:
    (handle,) = bury(server, b"mail", [b"to: me"], b"no route\n  to host")
    _, out, _ = ask(server, "job", handle)
    assert "state       dead\n" in out
    assert "reason      exception\n" in out
    assert "error\n  no route\n    to host\nworkload\n  to: me\n" in out


def test_a_long_text_is_cut_on_a_terminal(server: RunningServer) -> None:
    handle = submit(server, b"f", b"line\n" * 5000)
    status, lines = on_terminal(server, "job", handle)
    assert status == 0
    assert lines[-1] == "  … 25000 bytes in all: --workload writes them"
    assert len(lines) < 1000
    _, out, _ = ask(server, "job", handle)
    assert out.count("  line\n") == 5000


def test_an_unknown_job(server: RunningServer) -> None:
    for name in ("H:nowhere:1", "no such", "", "caf\udce9"):
        assert complaint(1, ask(server, "job", name)).startswith("there is no job '")


def test_workload_and_json_exclude_each_other(server: RunningServer) -> None:
    handle = submit(server, b"f")
    found = complaint(2, ask(server, "job", handle, "--workload", "--json"))
    assert found == "--workload and --json exclude each other"
