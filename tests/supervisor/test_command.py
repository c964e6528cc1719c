"""One run of a command."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

import pytest

from geartrain.supervisor.command import Stops, exit_text, run_command

# Far more than any of these takes, far less than what is not waited for.
SOON = 60.0


def ran(command: str, workload: bytes = b"") -> tuple[int, bytes, bytes]:
    """Run a command; return its status, output and errors; nothing is left of it."""
    output: list[bytes] = []
    errors: list[bytes] = []
    with tempfile.NamedTemporaryFile() as group:
        status = run_command(
            f"echo $$ > {group.name}; {command}",
            workload,
            output.append,
            errors.append,
            own_group=True,
        )
        with contextlib.suppress(ProcessLookupError):
            os.killpg(int(group.read()), signal.SIGKILL)
    return status, b"".join(output), b"".join(errors)


@pytest.mark.parametrize(
    "background", ["sleep 600", "sleep 600 2>&1", "sleep 600 | sleep 600", "yes"]
)
def test_what_goes_on_in_the_background_is_not_waited_for(background: str) -> None:
    begun = time.monotonic()
    status, output, _ = ran(f"{background} & echo done; exit 3")
    assert time.monotonic() - begun < SOON
    assert status == 3
    assert b"done" in output.splitlines()


def test_all_that_was_written_before_the_end_is_taken() -> None:
    line = "x" * 60_000
    status, output, errors = ran(f"printf {line}; printf {line} >&2; sleep 600 &")
    assert (status, len(output), len(errors)) == (0, 60_000, 60_000)


def test_a_command_that_closes_its_pipes_runs_to_its_end() -> None:
    assert ran("exec <&- >&- 2>&-; sleep 0.1; exit 4", b"x" * 1_000_000)[0] == 4


def test_input_output_and_errors_larger_than_pipes_go_through_at_once() -> None:
    status, output, errors = ran("tee /dev/stderr", bytes(range(256)) * 8192)
    assert status == 0
    assert output == errors == bytes(range(256)) * 8192


def test_a_command_whose_output_cannot_be_taken_is_killed() -> None:
    def refuse(data: bytes) -> None:
        raise RuntimeError("no room")

    with pytest.raises(RuntimeError, match="no room"):
        run_command("echo $$; exec sleep 600", b"", refuse)


def test_a_command_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        run_command(["/no/such/program"], b"", print)


def test_its_end_is_seen_where_the_system_has_no_descriptor_for_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    assert ran("sleep 600 & echo done")[:2] == (0, b"done\n")


IGNORING = """
import signal, subprocess, sys
from geartrain.supervisor.command import default_signals, run_command
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGCHLD, signal.SIGUSR1):
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))
assert default_signals()
show = "grep -E '^Sig(Ign|Blk)' /proc/self/status; exit 5"
print(run_command(show, b"", lambda data: print(data.decode())))
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc")
def test_commands_start_with_no_signal_ignored_or_blocked() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", IGNORING],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout.split()
    # Without those that are the C library's own.
    assert [int(shown[at], 16) & 0x7FFFFFFF for at in (1, 3)] == [0, 0]
    assert shown[4] == "5"


def test_a_stop_explains_a_command_that_ends_by_the_same_signal() -> None:
    stops = Stops()
    assert not any(map(stops.explain, (-15, 1)))
    stops.is_stopping = True
    assert all(map(stops.explain, (-15, 143, -2, 130, -1)))
    assert not any(map(stops.explain, (-9, 137, 255)))
    stops.is_signalled = True
    assert all(map(stops.explain, (-15, 1, 255)))


def test_a_stop_may_come_to_be_known_after_the_end_of_the_command() -> None:
    stops = Stops()
    later = threading.Timer(0.2, setattr, (stops, "is_stopping", True))
    later.start()
    assert stops.explain(-15)
    later.join()


def test_how_a_process_ended_is_put_in_words() -> None:
    assert exit_text(3) == "exited with status 3"
    assert exit_text(137) == "exited with status 137 (128 + SIGKILL)"
    assert exit_text(255) == "exited with status 255"
    assert exit_text(-9) == "killed by signal 9 (SIGKILL)"
    assert exit_text(-99) == "killed by signal 99"
