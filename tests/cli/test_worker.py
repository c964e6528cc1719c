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
        (
            ["--exec", "upper"],
            "Invalid value for '--exec': 'upper' is not NAME=COMMAND",
        ),
        (["--exec", "=cat"], "Invalid value for '--exec': '=cat' is not NAME=COMMAND"),
        (["--exec", "a= "], "Invalid value for '--exec': 'a= ' is not NAME=COMMAND"),
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


def test_the_file_can_say_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "geartrain.toml"
    path.write_text(
        '[worker]\nmodules = ["tasks:mail", "reports"]\nexec = ["a=tr a-z A-Z"]\n'
        'server = "127.0.0.1:1"\nliveness_port = 8080\n[server]\nport = "nonsense"\n'
    )
    flags = ("worker", "--show-config", "--processes", "3")
    status, out, err = run("geartrain", *flags, GEARTRAIN_CONFIG=str(path))
    assert (status, err) == (0, "")
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()}
    assert rows["modules"] == ["tasks:mail,", "reports", f"{path}:2"]
    assert rows["exec"] == ["a=tr", "a-z", "A-Z", f"{path}:3"]
    assert rows["server"] == ["127.0.0.1:1", f"{path}:4"]
    assert rows["processes"] == ["3", "--processes"]
    assert rows["liveness_port"] == ["*:8080", f"{path}:5"]
    assert rows["grace"] == ["25", "default"]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("[worker]\nprocesses = 0", ":2: processes: 0 is not in the range 1<=x<=1024"),
        ("[worker]\nproceses = 2", ":2: 'proceses' is no option of [worker]: did you"),
        ('[worker]\nexec = ["a=b", "a=c"]', ":2) has two commands for 'a'"),
        ('[worker]\nmodules = ["a.py"]', ":2: modules: 'a.py' is a file: name the"),
        ('[worker]\nserver = "a:b:c"', ":2: server: "),
        ("[worker]\nmodules = []", ":2: modules: is an empty list"),
    ],
)
def test_a_wrong_file_is_one_line_of_error(
    content: str, line: str, tmp_path: Path
) -> None:
    path = tmp_path / "geartrain.toml"
    path.write_text(content)
    status, out, err = run("geartrain", "worker", "--config", str(path))
    assert (status, out) == (2, "")
    assert err.startswith("geartrain worker: ")
    assert f"{path}{line}" in err
    assert err.count("\n") == 1


def test_no_two_commands_of_one_variable_are_mixed_up() -> None:
    commands = "upper=tr a-z, A-Z\nlines=wc -l"
    status, out, err = run(
        "geartrain", "worker", "--show-config", GEARTRAIN_WORKER_EXEC=commands
    )
    assert (status, err) == (0, "")
    assert "upper=tr a-z, A-Z, lines=wc -l" in out
