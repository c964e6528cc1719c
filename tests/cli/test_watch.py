"""``--watch``: a listing on a terminal and in a pipe, until Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from contextlib import ExitStack

import pytest

from tests.support.commands import ask, complaint, watching
from tests.support.jobs_in_states import bury, submit, submit_many
from tests.support.servers import (
    RunningServer,
    free_port,
    geartrain_command,
    run_server,
    running_geartrain,
)

COVERS = ("cli/looks",)

SECOND_SCREEN, FIRST_SCREEN = "\x1b[?1049h", "\x1b[?1049l"


def plain(said: str) -> str:
    """Return what was said without colours and moves of the cursor."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", said)


def test_it_is_redrawn_in_place_and_the_last_look_stays(fresh: RunningServer) -> None:
    submit(fresh, b"mail")
    with watching(fresh, "jobs", "--watch", "0.2") as terminal:
        first = terminal.until("H:", "waiting 1")
        assert SECOND_SCREEN in first
        assert re.search(
            rf"geartrain jobs  {fresh.address}  \d{{4}}-\d\d-\d\dT[\d:]+  waiting 1",
            plain(first),
        )
        submit(fresh, b"resize")
        terminal.until("resize", "waiting 2")
        status, said = terminal.press_ctrl_c()
    assert status == 0
    left = plain(said.partition(FIRST_SCREEN)[2])
    titles, *rows = left.splitlines()[-3:]
    assert titles.split()[:3] == ["HANDLE", "FUNCTION", "STATE"]
    assert [row.split()[1] for row in rows] == ["mail", "resize"]


def test_rates_are_between_two_looks(fresh: RunningServer) -> None:
    submit(fresh, b"mail")
    with watching(fresh, "status", "--watch", "0.3", columns=120) as terminal:
        first = plain(terminal.until("TOTAL"))
        assert re.search(r"mail .* -  +-", first)
        assert " in " not in first
        submit_many(fresh, b"mail", [b"1"] * 50)
        said = plain(terminal.until("in 1"))
        rate = re.search(r"  in ([0-9.]+)/s", said)
        assert rate
        assert 20 < float(rate[1]) < 1000


def test_a_look_fits_the_terminal_and_says_what_it_leaves_out(
    fresh: RunningServer,
) -> None:
    for number in range(40):
        submit(fresh, b"function-%d" % number)
    with watching(fresh, "status", "--watch", "0.3", columns=60, lines=12) as terminal:
        said = plain(terminal.until("more"))
        assert "… 33 more" in said or "… 34 more" in said
        assert "function-39" not in said
        terminal.resize(60, 60)
        assert "more" not in plain(terminal.until("TOTAL"))


def test_only_the_rows_that_fit_are_asked_for(fresh: RunningServer) -> None:
    submit_many(fresh, b"mail", [b"1"] * 300)
    with watching(fresh, "jobs", "--watch", "0.3", lines=10) as terminal:
        said = plain(terminal.until("more"))
    assert "… more" in said


def test_a_restart_of_the_server_is_survived() -> None:
    port = free_port()
    flags = ["server", "--port", str(port), "--store", "memory:"]
    command = [*geartrain_command("geartrain"), *flags]
    with ExitStack() as stack:
        with run_server(command, port) as first:
            submit(first, b"mail")
            terminal = stack.enter_context(watching(first, "jobs", "--watch", "0.2"))
            terminal.until("mail")
        lost = plain(terminal.until("trying again", "no answer for 1s"))
        assert "no job server answers" in lost or "ended the connection" in lost
        assert "mail" in lost
        with run_server(command, port) as second:
            submit(second, b"resize")
            terminal.until("resize")
            status, said = terminal.press_ctrl_c()
    assert status == 0
    assert "trying again" not in said.partition(FIRST_SCREEN)[2]


def test_sigterm_leaves_the_terminal_as_it_was(fresh: RunningServer) -> None:
    with watching(fresh, "jobs", "--watch", "0.2") as terminal:
        terminal.until("no jobs wait or run")
        terminal.terminate()
        assert FIRST_SCREEN in terminal.until(FIRST_SCREEN)
        assert terminal.wait() == 128 + signal.SIGTERM


def heed_ctrl_c() -> None:
    """Have Ctrl-C end a process, as on a terminal."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def in_pipe(server: RunningServer, *words: str) -> subprocess.Popen[str]:
    """Run ``geartrain`` in a pipe."""
    return subprocess.Popen(
        [*geartrain_command("geartrain"), *words],
        env={**os.environ, "GEARTRAIN_SERVER": server.address},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that runs the tests in the background has them ignore it.
        preexec_fn=heed_ctrl_c,
    )


@pytest.mark.parametrize(
    "command",
    ["status", "functions", "jobs", "dead list", "history", "counters", "statistics"],
)
def test_in_a_pipe_json_follows_json_until_ctrl_c(
    fresh: RunningServer, command: str
) -> None:
    bury(fresh, b"mail", [b"1"])
    submit(fresh, b"mail")
    with in_pipe(fresh, *command.split(), "--json", "--watch", "0.1") as process:
        assert process.stdout is not None
        for _ in range(4):
            assert "function" in json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=15)
    assert (process.returncode, err) == (0, "")


def test_in_a_pipe_blocks_follow_blocks(fresh: RunningServer) -> None:
    submit(fresh, b"mail")
    with in_pipe(fresh, "jobs", "--watch", "0.1") as process:
        assert process.stdout is not None
        block = [process.stdout.readline() for _ in range(5)]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=15)
    assert block[0].startswith(f"geartrain jobs  {fresh.address}  ")
    assert (block[1], block[4]) == ("\n", "\n")
    assert block[2].split()[:2] == ["HANDLE", "FUNCTION"]
    assert block[3].split()[1] == "mail"
    assert process.returncode == 0


def test_in_a_pipe_a_lost_server_is_told_once_on_stderr() -> None:
    with running_geartrain() as server:
        process = in_pipe(server, "jobs", "--watch", "0.1", "--json")
        submit(server, b"mail")
        assert process.stdout is not None
        process.stdout.readline()
    try:
        assert process.stderr is not None
        told = process.stderr.readline()
        assert told.endswith("; trying again\n")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=15)[1] == ""
        assert process.returncode == 0
    finally:
        process.kill()


def test_a_server_that_is_not_there_is_an_error(fresh: RunningServer) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    told = complaint(1, ask(fresh, "jobs", "--watch", "--server", nowhere))
    assert told.startswith(f"no job server answers on {nowhere}")


def test_seconds_to_watch_are_checked(fresh: RunningServer) -> None:
    said = complaint(2, ask(fresh, "status", "--watch", "0"), "geartrain status")
    assert "0" in said
