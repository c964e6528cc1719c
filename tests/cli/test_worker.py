"""The command line of ``geartrain worker``, and what it shows on a terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.programs import run
from tests.support.servers import geartrain_command, running_geartrain
from tests.support.supervised import do, write_tasks

COVERS = ("supervisor/options",)


@pytest.mark.parametrize(
    ("flags", "error"),
    [
        ([], "name a module with a worker, or give --exec"),
        (["tasks.py"], "'tasks.py' is a file: name the module, as import does"),
        (["--exec", "upper"], "--exec 'upper' is not NAME=COMMAND"),
        (["--exec", "=cat"], "--exec '=cat' is not NAME=COMMAND"),
        (["--exec", "a= "], "--exec 'a= ' is not NAME=COMMAND"),
        (["--exec", "a=cat", "--exec", "a=wc"], "--exec has two commands for 'a'"),
        (["tasks", "--processes", "0"], "0 is not in the range 1<=x<=1024"),
        (["tasks", "--job-timeout", "0"], "'0' is not a number of seconds: write 30"),
        (["tasks", "--job-timeout", "nan"], "'nan' is not a number of seconds"),
        (["tasks", "--grace", "-1"], "'-1' is not a number of seconds"),
        (["tasks", "--max-memory", "much"], "'much' is not a size"),
        (["tasks", "--server", "a:b:c"], "a:b:c"),
        (["tasks", "--tls-ca", "/no/such/file"], "/no/such/file"),
    ],
)
def test_a_wrong_command_line_is_one_line_of_error(
    flags: list[str], error: str
) -> None:
    status, out, err = run("geartrain", "worker", *flags)
    assert (status, out) == (2, "")
    assert err.startswith("geartrain")
    assert error in err
    assert err.count("\n") == 1


def test_a_liveness_file_that_cannot_be_is_one_line_of_error() -> None:
    flags = ("--exec", "a=cat", "--liveness-file", "/no/such/folder/alive")
    status, _, err = run("geartrain", "worker", *flags)
    assert status == 1
    assert err.endswith(
        "geartrain: the liveness file /no/such/folder/alive cannot be written: No such"
        " file or directory\n"
    )


def test_help_names_every_flag() -> None:
    status, out, _ = run("geartrain", "worker", "--help")
    assert status == 0
    for flag in ("--processes", "--exec", "--max-memory", "--grace", "--watch"):
        assert flag in out


def test_a_terminal_shows_one_line_that_changes_in_place(tmp_path: Path) -> None:
    write_tasks(tmp_path)
    with running_geartrain() as server:
        ours, theirs = pty.openpty()
        command = [*geartrain_command("geartrain"), "worker", "tasks", "--processes=2"]
        process = subprocess.Popen(
            [*command, "--server", server.address],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=tmp_path,
        )
        os.close(theirs)
        try:
            read_until(ours, r"\r\x1b\[K2/2 processes, 0 busy, 0 done, 0 failed")
            for _ in range(3):
                do(server, b"reverse", b"abc")
            screen = read_until(ours, r"2/2 processes, 0 busy, 3 done, 0 failed, ")
            assert "\n" not in screen.partition("3 done")[2]
            process.send_signal(signal.SIGINT)
            end = read_until(ours, "(?!)", to_the_end=True)
            assert process.wait(20) == 0
        finally:
            process.kill()
            process.wait()
            os.close(ours)
    assert "SIGINT, stopping" in end
    assert end.endswith("\r\x1b[K")


def read_until(terminal: int, pattern: str, *, to_the_end: bool = False) -> str:
    """Return what is written on a terminal up to a pattern, or until it closes."""
    deadline = time.monotonic() + 20
    found = b""
    while not re.search(pattern, found.decode("utf-8", "replace")):
        assert time.monotonic() < deadline, found
        if not select.select([terminal], [], [], 0.5)[0]:
            continue
        try:
            data = os.read(terminal, 4096)
        except OSError:
            data = b""
        if not data:
            assert to_the_end, found
            break
        found += data
    return found.decode("utf-8", "replace")
