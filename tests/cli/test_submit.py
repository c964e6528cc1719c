"""``geartrain submit``."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from geartrain.admin import Admin
from geartrain.worker import Worker, WorkerJob
from tests.support.commands import ask, complaint, objects, on_terminal
from tests.support.servers import RunningServer, free_port, geartrain_command


def tell(job: WorkerJob) -> bytes:
    """Say all that a worker can say, and what the workload wants."""
    if job.workload == b"fail":
        job.send_fail()
        return b""
    if job.workload == b"raise":
        job.send_exception("it broke\nhere")
        return b""
    if job.workload == b"steer":
        job.send_warning(b"\x1b[2Jcareful\n\xff\xe2\x80\xae")
        job.send_data(b"\x1b[2Jraw\xff")
        job.send_exception(b"\x1b]0;title\x07\nbroken")
        return b""
    job.send_status(1, 4)
    job.send_warning("careful\n")
    job.send_data("a piece, ")
    return job.workload.upper()


@pytest.fixture
def worker(server: RunningServer) -> Iterator[Worker]:
    """Run a worker that serves ``tell``."""
    serving = Worker(server.address)
    serving.register("tell", tell)
    thread = threading.Thread(target=serving.run, kwargs={"signals": False})
    thread.start()
    yield serving
    serving.stop()
    thread.join(20)
    assert not thread.is_alive()


def test_the_result_is_printed(server: RunningServer, worker: Worker) -> None:
    assert ask(server, "submit", "tell", "hello") == (0, "a piece, HELLO", "careful\n")


def test_headers_are_given_and_shown(server: RunningServer) -> None:
    options = ("--background", "--header", "tenant=a=b", "--header", "x=\x1b[2J")
    code, handle, said = ask(server, "submit", "headed", "w", *options)
    assert (code, said) == (0, "")
    shown = ask(server, "job", handle.strip())[1]
    assert "\nheaders\n  tenant=a=b\n  x=\\x1b[2J\n" in shown
    (row,) = objects(server, "job", handle.strip(), "--json")
    assert row["headers"] == {"tenant": "a=b", "x": "\x1b[2J"}


@pytest.mark.parametrize("given", [["a"], ["a=1", "--header", "a=2"], ["a b=c"]])
def test_what_is_no_header_is_refused(server: RunningServer, given: list[str]) -> None:
    said = complaint(2, ask(server, "submit", "f", "w", "--header", *given))
    assert "header" in said


def test_warnings_and_exceptions_cannot_steer_a_terminal(
    server: RunningServer, worker: Worker
) -> None:
    command = [*geartrain_command("geartrain"), "submit", "--server", server.address]
    done = subprocess.run(
        [*command, "tell", "steer"], capture_output=True, timeout=30, check=False
    )
    assert done.returncode == 1
    # Data is what it is.
    assert done.stdout == b"\x1b[2Jraw\xff"
    warning, rest, *error = done.stderr.decode().splitlines()
    assert warning == "\\x1b[2Jcareful"
    assert rest == "\\xff\\u202e"
    assert error[0].endswith("\\x1b]0;title\\x07")
    assert error[1] == "broken"


@pytest.mark.parametrize(
    ("workload", "error"), [("fail", "failed"), ("raise", "it broke\nhere")]
)
def test_a_job_that_fails(
    server: RunningServer, worker: Worker, workload: str, error: str
) -> None:
    status, out, err = ask(server, "submit", "tell", workload)
    assert (status, out) == (1, "")
    assert err.startswith("geartrain submit: tell: job ")
    assert err.endswith(f"{error}\n")


def test_a_result_as_json(server: RunningServer, worker: Worker) -> None:
    status, out, _ = ask(server, "submit", "tell", "hello", "--json")
    found = json.loads(out)
    assert found.pop("handle").startswith("H:")
    assert (status, found) == (0, {"result": "a piece, HELLO", "error": None})
    status, out, _ = ask(server, "submit", "tell", "fail", "--json")
    assert (status, "failed" in json.loads(out)["error"]) == (1, True)


def piped(server: RunningServer, *words: str, stdin: bytes) -> bytes:
    """Run ``geartrain submit`` with something on stdin; return what it prints."""
    done = subprocess.run(
        [*geartrain_command("geartrain"), "submit", "--server", server.address, *words],
        input=stdin,
        capture_output=True,
        timeout=30,
        check=True,
    )
    return done.stdout


def test_the_workload_comes_from_stdin_or_a_file(
    server: RunningServer, worker: Worker, tmp_path: Path
) -> None:
    file = tmp_path / "workload"
    file.write_bytes(b"a\nb\n")
    assert piped(server, "tell", stdin=b"from stdin") == b"a piece, FROM STDIN"
    assert piped(server, "tell", "-", stdin=b"\xff") == b"a piece, \xff"
    assert piped(server, "tell", f"@{file}", stdin=b"") == b"a piece, A\nB\n"
    assert piped(server, "tell", f"@{file}", "--lines", stdin=b"") == (
        b"a piece, Aa piece, B"
    )


@pytest.mark.parametrize(
    ("flag", "priority"),
    [("--high", "high"), ("--low", "low"), ("--background", "normal")],
)
def test_a_background_job_prints_its_handle(
    server: RunningServer, flag: str, priority: str
) -> None:
    words = ("submit", "later", "work", "--background", "--unique", "mine", flag)
    status, out, err = ask(server, *words)
    assert (status, err) == (0, "")
    with Admin(server.address) as admin:
        (row,) = admin.job(out.strip())
    assert (row.priority, row.unique, row.background) == (priority, "mine", True)
    assert (row.state, row.workload) == ("ready", b"work")


def test_a_delayed_job(server: RunningServer) -> None:
    now = time.time()
    for words in (("--delay", "2h"), ("--at", str(int(now) + 7200))):
        (created,) = objects(server, "submit", "later", "work", *words)
        with Admin(server.address) as admin:
            (row,) = admin.job(created["handle"])
        assert row.state == "scheduled"
        assert row.due is not None
        assert 7190 < row.due - now < 7300


def test_a_result_that_takes_too_long(server: RunningServer) -> None:
    status, out, err = ask(server, "submit", "nobody", "x", "--timeout", "0.2")
    assert (status, out) == (1, "")
    warned, said = err.splitlines()
    assert warned.startswith("geartrain submit: nobody: job H:")
    assert warned.endswith(" waits: no worker has the function 'nobody'")
    assert "no answer in time" in said


def test_a_function_that_no_worker_has_fails_if_that_is_wanted(
    server: RunningServer,
) -> None:
    flags = ("--fail-without-worker", "--timeout", "20")
    said = complaint(1, ask(server, "submit", "nobody", "x", *flags))
    assert said == "nobody: no worker has the function 'nobody'"


def test_wrong_times_and_flags(server: RunningServer) -> None:
    said = complaint(2, ask(server, "submit", "f", "x", "--at", "tomorrow"))
    assert said.startswith("--at: 'tomorrow' is not a time")
    said = complaint(2, ask(server, "submit", "f", "x", "--delay", "1m", "--at", "5"))
    assert "not by both" in said
    said = complaint(2, ask(server, "submit", "f", "x", "--delay", "1m", "--high"))
    assert "normal priority" in said


def test_no_job_server_is_told(server: RunningServer) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    said = complaint(1, ask(server, "submit", "f", "x", "--server", nowhere))
    assert nowhere in said


def test_progress_is_shown_on_a_terminal_and_cleared(
    server: RunningServer, worker: Worker
) -> None:
    status, lines = on_terminal(server, "submit", "tell", "hello")
    assert status == 0
    shown = "".join(lines)
    assert " 25% (1/4)" in shown
    assert shown.endswith("HELLO")
