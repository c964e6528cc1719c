"""Pid file, daemon, user and limits, each on the real system."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from geartrain.errors import OptionError, StartError
from geartrain.server.process import PidFile, find_user
from tests.support.waiting import wait_until


def python(code: str) -> subprocess.CompletedProcess[str]:
    """Run Python code that uses ``geartrain.server.process`` in its own process."""
    return subprocess.run(
        [sys.executable, "-c", "from geartrain.server.process import *\n" + code],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_a_pid_file_holds_the_number_until_it_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    pid_file = PidFile(str(path))
    pid_file.claim()
    assert path.read_bytes() == b"%d\n" % os.getpid()
    assert path.stat().st_mode & 0o022 == 0
    pid_file.remove()
    assert not path.exists()
    pid_file.remove()


@pytest.mark.parametrize("left", [b"", b" \n", b"\0" * 6])
def test_what_a_power_cut_leaves_is_no_pid_file_in_use(
    tmp_path: Path, left: bytes
) -> None:
    path = tmp_path / "pid"
    path.write_bytes(left)
    pid_file = PidFile(str(path))
    pid_file.claim()
    assert path.read_bytes() == b"%d\n" % os.getpid()
    pid_file.remove()


def test_a_second_claim_is_refused_with_the_holder(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    first = PidFile(str(path))
    first.claim()
    with pytest.raises(StartError, match=f"already running as process {os.getpid()},"):
        PidFile(str(path)).claim()
    assert path.read_bytes() == b"%d\n" % os.getpid()
    first.remove()
    second = PidFile(str(path))
    second.claim()
    second.remove()


@contextlib.contextmanager
def running(*command: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program; a moment after its start its command line can be read."""
    process = subprocess.Popen(command)
    try:
        told = Path(f"/proc/{process.pid}/cmdline")
        wait_until(told.read_bytes, "the process has a command line")
        yield process
    finally:
        process.kill()
        process.wait()


def dead_process() -> int:
    """Return the number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_file_of_a_dead_process_is_replaced(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "pid"
    pid = dead_process()
    path.write_text(f"{pid}\n")
    pid_file = PidFile(str(path))
    pid_file.claim()
    assert path.read_bytes() == b"%d\n" % os.getpid()
    assert f"replacing the stale pid file {path} of process {pid}" in caplog.text
    pid_file.remove()


def test_the_file_of_a_process_that_is_no_server_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    with running("sleep", "30") as other:
        path.write_text(f"{other.pid}\n")
        pid_file = PidFile(str(path))
        pid_file.claim()
    assert path.read_bytes() == b"%d\n" % os.getpid()
    pid_file.remove()


def test_the_same_number_after_a_restart_of_a_container_is_stale(
    tmp_path: Path,
) -> None:
    path = tmp_path / "pid"
    path.write_text(f"{os.getpid()}\n")
    pid_file = PidFile(str(path))
    pid_file.claim()
    pid_file.remove()
    assert not path.exists()


def test_a_running_gearmand_without_a_lock_is_respected(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    program = tmp_path / "gearmand"
    program.symlink_to("/bin/sleep")
    with running(program, "30") as other:
        path.write_text(f"{other.pid}\n")
        with pytest.raises(StartError, match=f"running as process {other.pid}"):
            PidFile(str(path)).claim()
    assert path.read_text() == f"{other.pid}\n"


@pytest.mark.parametrize("text", ["root:x:0:0:root", "12 13", "-1", "1" * 40])
def test_a_file_that_is_no_pid_file_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "passwd"
    path.write_text(text)
    with pytest.raises(StartError, match="something else than a process number"):
        PidFile(str(path)).claim()
    assert path.read_text() == text


def test_a_number_no_process_can_have_is_stale(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    path.write_text("9999999999999\n")
    pid_file = PidFile(str(path))
    pid_file.claim()
    pid_file.remove()


def test_an_empty_file_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    path.touch()
    pid_file = PidFile(str(path))
    pid_file.claim()
    assert path.read_bytes() == b"%d\n" % os.getpid()
    pid_file.remove()


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.touch()
    (tmp_path / "pid").symlink_to(target)
    with pytest.raises(StartError, match="it is a symbolic link"):
        PidFile(str(tmp_path / "pid")).claim()
    assert target.read_text() == ""


def test_an_unwritable_place_is_named(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "pid"
    with pytest.raises(StartError) as caught:
        PidFile(str(path)).claim()
    assert str(caught.value) == (
        f"Could not open pid file for writing: {path} (No such file or directory)"
    )


def test_another_ones_file_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    pid_file = PidFile(str(path))
    pid_file.claim()
    path.unlink()
    path.write_text("1\n")
    pid_file.remove()
    assert path.read_text() == "1\n"


def test_the_parent_ends_when_the_daemon_is_ready(tmp_path: Path) -> None:
    report = tmp_path / "report"
    done = python(
        "import os, pathlib, time\n"
        "parent = os.getpid()\n"
        "launch = daemonize()\n"
        f"report = pathlib.Path({str(tmp_path / 'partial')!r})\n"
        "print('before', flush=True)\n"
        "launch.ready()\n"
        "print('after', flush=True)\n"
        "links = [os.readlink(f'/proc/self/fd/{n}') for n in (0, 1, 2)]\n"
        "own = os.getsid(0) == os.getpid() != parent\n"
        "report.write_text(f'{links} {own} {os.getcwd()}')\n"
        f"report.rename({str(report)!r})\n",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "before\n"
    wait_until(report.exists, "the daemon's report")
    null = ["/dev/null"] * 3
    assert report.read_text() == f"{null} True {os.getcwd()}"


def test_the_parent_fails_with_the_daemon() -> None:
    done = python(
        "import sys\ndaemonize()\nprint('no room', file=sys.stderr)\nsys.exit(7)\n"
    )
    assert (done.returncode, done.stderr) == (1, "no room\n")


def test_the_parent_names_the_signal_that_ended_the_daemon() -> None:
    done = python(
        f"import os, signal\ndaemonize()\nos.kill(os.getpid(), {int(signal.SIGKILL)})\n"
    )
    assert done.returncode == 1
    assert done.stderr == "the daemon was ended by SIGKILL before it listened\n"


def test_a_daemon_starts_with_every_standard_file_closed(tmp_path: Path) -> None:
    report = tmp_path / "report"
    code = (
        "from geartrain.server.process import *\n"
        "from geartrain.transport.standard import fill_standard_files\n"
        "import os\n"
        "fill_standard_files()\n"
        "daemonize().ready()\n"
        f"os.mkdir({str(report)!r})\n"
    )
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, code],
        timeout=20,
        check=False,
    )
    assert done.returncode == 0
    wait_until(report.exists, "the daemon's report")


def test_an_unknown_user_is_named() -> None:
    with pytest.raises(OptionError, match="Could not find user: no-such-user"):
        find_user("no-such-user")


def test_the_user_is_switched_for_good() -> None:
    nobody = pwd.getpwnam("nobody")
    done = python(
        "import os\n"
        "switch_user(find_user('nobody'))\n"
        "print(os.getresuid(), os.getresgid(), os.getgroups())\n"
        "try:\n"
        "    os.setuid(0)\n"
        "except PermissionError:\n"
        "    print('for good')\n"
    )
    if os.geteuid() == 0:
        uids, gids = (nobody.pw_uid,) * 3, (nobody.pw_gid,) * 3
        groups = os.getgrouplist("nobody", nobody.pw_gid)
        assert done.stdout == f"{uids} {gids} {groups}\nfor good\n"
    else:
        assert "Must be root to switch users" in done.stderr


def test_only_root_can_switch() -> None:
    done = python(
        "import os\n"
        "os.geteuid() or os.setuid(65534)\n"
        "try:\n"
        "    find_user('nobody')\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    assert done.stdout == (
        "OptionError Must be root to switch users:"
        " start as root or without --user=nobody\n"
    )


def test_descriptors_are_raised_to_all_there_are() -> None:
    done = python(
        "import resource\n"
        "hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))\n"
        "print(raise_descriptors(None), resource.getrlimit(resource.RLIMIT_NOFILE))\n"
    )
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert done.stdout == f"{hard} ({hard}, {hard})\n"


def test_descriptors_are_limited_to_what_was_asked_for() -> None:
    done = python(
        "import resource\n"
        "print(raise_descriptors(50))\n"
        "print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])\n"
    )
    assert done.stdout == "50\n50\n"


def test_more_descriptors_than_there_can_be_are_refused() -> None:
    done = python(
        "try:\n"
        "    raise_descriptors(2 ** 62)\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    assert re.match(
        rf"StartError Failed to set limit .* to {2**62}: try running as root",
        done.stdout,
    )


def test_core_dumps_are_allowed() -> None:
    done = python(
        "import resource\n"
        "resource.setrlimit(\n"
        "    resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1])\n"
        ")\n"
        "allow_core_dumps()\n"
        "soft, hard = resource.getrlimit(resource.RLIMIT_CORE)\n"
        "print(soft == hard)\n"
    )
    assert done.stdout == "True\n"
