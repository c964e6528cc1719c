"""The drop-in as shops run it: daemon, pid file, log, user, Debian's tools."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.support.daemons import Daemon, daemon, gearadmin, is_gone
from tests.support.programs import accepts, ask, ask_on, folder_of, gearmand_script, run
from tests.support.servers import free_port, geartrain_command, running_gearmand
from tests.support.waiting import wait_until

COVERS = ("cli/gearmand",)

pytestmark = pytest.mark.interop

# Not 127.0.0.1: port 4730 there may belong to a job server of this machine.
OTHER_LOOPBACK = "127.73.19.1"


def test_a_daemon_listens_once_its_parent_has_ended(tmp_path: Path) -> None:
    with daemon(tmp_path) as server:
        assert accepts(server.port)
        told = gearadmin(server.port, "--status", "--workers", "--getpid")
        assert re.fullmatch(rf"{server.pid()}\n\d+ 127\.0\.0\.1 - :\n\.\n\.\n", told), (
            told
        )
        server.kill(signal.SIGTERM)
        server.wait_gone()


def test_a_daemon_belongs_to_no_terminal_and_keeps_its_folder(tmp_path: Path) -> None:
    with daemon(tmp_path) as server:
        proc = Path(f"/proc/{server.pid()}")
        assert os.getsid(server.pid()) == server.pid()
        assert os.readlink(proc / "cwd") == os.getcwd()
        for number in range(3):
            assert os.readlink(proc / "fd" / str(number)) == "/dev/null"


def test_the_debian_tools_do_a_job(tmp_path: Path) -> None:
    with daemon(tmp_path) as server:
        address = ["-h", "127.0.0.1", "-p", str(server.port), "-f", "reverse"]
        with subprocess.Popen(["gearman", "-w", *address, "--", "rev"]) as worker:
            done = subprocess.run(
                ["gearman", *address],
                input="hello",
                capture_output=True,
                text=True,
                timeout=20,
                check=True,
            )
            worker.terminate()
        assert done.stdout.strip() == "olleh"
        wait_until(
            lambda: gearadmin(server.port, "--status") == "reverse\t0\t0\t0\n.\n",
            "the worker is gone",
        )


def test_the_user_is_switched_and_the_files_stay_its_own() -> None:
    if os.geteuid() != 0:
        status, _, err = run("gearmand", "-u", "nobody", "-p", "0")
        assert status == 1
        assert "Must be root to switch users" in err
        return
    account = pwd.getpwnam("nobody")
    with folder_of("nobody") as folder, daemon(folder, "-u", "nobody") as server:
        told = Path(f"/proc/{server.pid()}/status").read_text()
        uid, gid = account.pw_uid, account.pw_gid
        assert f"Uid:\t{uid}\t{uid}\t{uid}\t{uid}\n" in told
        assert f"Gid:\t{gid}\t{gid}\t{gid}\t{gid}\n" in told
        assert server.pid_file.stat().st_uid == 0
        assert server.log.stat().st_uid == uid
        assert ask(server.port, "getpid") == f"OK {server.pid()}"
        server.log.rename(folder / "rotated")
        server.kill(signal.SIGHUP)
        wait_until(server.log.exists, "the log file is made anew")
        server.kill(signal.SIGTERM)
        server.wait_gone()


def test_a_pid_file_that_may_not_be_removed_is_replaced_by_the_next() -> None:
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with daemon(folder, *user) as server:
            folder.chmod(0o555)
            pid = server.pid()
            server.kill(signal.SIGTERM)
            wait_until(
                lambda: "Could not remove the pid file" in server.log.read_text(),
                "the server says that its pid file stays",
            )
            wait_until(lambda: not accepts(server.port), "it has stopped")
            wait_until(lambda: is_gone(pid), "its process is gone")
        with daemon(folder, *user) as server:
            assert f"stale pid file {server.pid_file} of process {pid}" in (
                server.log.read_text()
            )
        folder.chmod(0o755)


def test_start_stop_daemon_starts_and_stops_it(tmp_path: Path) -> None:
    server = Daemon(tmp_path)
    script = gearmand_script(tmp_path)
    tool = "/usr/sbin/start-stop-daemon"
    start = [tool, "--start", "--exec", str(script), "--", *server.flags]
    subprocess.run(start, check=True)
    pid = server.pid()
    try:
        assert ask(server.port, "getpid") == f"OK {pid}"
        stop = [tool, "--stop", "--retry", "10", "--pidfile", str(server.pid_file)]
        subprocess.run([*stop, "--name", "gearmand"], check=True)
        assert not server.pid_file.exists()
        assert not accepts(server.port)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_hup_reopens_the_log_and_says_so(tmp_path: Path) -> None:
    with daemon(tmp_path, "--verbose", "NOTICE") as server:
        rotated = tmp_path / "gearmand.log.1"
        server.log.rename(rotated)
        server.kill(signal.SIGHUP)
        wait_until(server.log.exists, "the log file is made anew")
        when = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}"
        assert re.search(
            rf"(?m)^ NOTICE {when} \[  main \] SIGHUP, reopening log file$",
            rotated.read_text(),
        )
        assert accepts(server.port)


def test_usr1_lets_the_connected_finish(tmp_path: Path) -> None:
    with daemon(tmp_path) as server:
        connection = socket.create_connection(("127.0.0.1", server.port), 10)
        assert ask_on(connection, "version").startswith("OK ")
        server.kill(signal.SIGUSR1)
        wait_until(lambda: not accepts(server.port), "it stops accepting")
        assert ask_on(connection, "getpid") == f"OK {server.pid()}"
        connection.close()
        server.wait_gone()


def test_a_second_instance_is_refused(tmp_path: Path) -> None:
    with daemon(tmp_path) as server:
        flags = [*server.flags, "-p", str(free_port())]
        status, out, err = run("gearmand", *flags)
        assert (status, out) == (1, "")
        assert err == (
            f"gearmand: already running as process {server.pid()}, says"
            f" {server.pid_file}: stop it first or name another pid file\n"
        )
        assert "already running as process" in server.log.read_text()
        assert ask(server.port, "getpid") == f"OK {server.pid()}"


def test_the_pid_file_of_the_original_is_respected(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    with running_gearmand("-P", str(path)) as original:
        wait_until(path.exists, "the original writes its pid file")
        status, _, err = run("gearmand", "-p", str(free_port()), "-P", str(path))
        assert status == 1
        assert f"already running as process {original.process.pid}" in err


def test_a_stale_pid_file_is_replaced_with_a_word(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    (tmp_path / "gearmand.pid").write_text(f"{ended.pid}\n")
    with daemon(tmp_path) as server:
        assert ask(server.port, "getpid") == f"OK {server.pid()}"
        assert f"of process {ended.pid}" in server.log.read_text()


def test_a_killed_daemon_does_not_keep_the_next_from_starting(tmp_path: Path) -> None:
    with daemon(tmp_path) as server:
        first = server.pid()
        server.kill(signal.SIGKILL)
        wait_until(lambda: is_gone(first), "the first is dead")
        assert server.pid_file.exists()
    with daemon(tmp_path) as server:
        assert server.pid() != first


def test_a_port_in_use_ends_the_start(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = Daemon(tmp_path)
        flags = [*server.flags, "-p", str(taken.getsockname()[1])]
        status, out, err = run("gearmand", *flags)
    assert (status, out) == (1, "")
    assert re.fullmatch(
        r"gearmand: cannot listen on 127\.0\.0\.1:\d+: Address already in use: stop the"
        r" program that listens there, .* with --listen, --port or --http-port\n",
        err,
    )
    assert re.search(
        r"(?m)^  ERROR .* cannot listen on 127.0.0.1:", server.log.read_text()
    )
    assert not server.pid_file.exists()


def test_a_port_that_is_freed_in_time_is_taken(tmp_path: Path) -> None:
    server = Daemon(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", server.port))
        taken.listen()
        command = [*geartrain_command("gearmand"), *server.flags]
        starting = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        wait_until(server.pid_file.exists, "the daemon has begun to start")
    try:
        _, err = starting.communicate(timeout=20)
        assert (starting.returncode, err) == (0, "")
        assert ask(server.port, "getpid") == f"OK {server.pid()}"
    finally:
        server.kill(signal.SIGKILL)


def test_what_kubernetes_sets_does_not_stop_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [*geartrain_command("gearmand"), "-L", OTHER_LOOPBACK, "-l", str(log)]
    environment = {**os.environ, "GEARMAND_PORT": "tcp://10.0.0.1:4730"}
    process = subprocess.Popen([*command, "-P", str(tmp_path / "p")], env=environment)
    try:
        wait_until(lambda: accepts(4730, OTHER_LOOPBACK), "it listens on 4730")
        assert ask(4730, "getpid", OTHER_LOOPBACK) == f"OK {process.pid}"
        assert "GEARMAND_PORT=tcp://10.0.0.1:4730" in log.read_text()
    finally:
        process.terminate()
        assert process.wait(10) == 0


def test_a_configuration_file_starts_it(tmp_path: Path) -> None:
    port = free_port()
    path = tmp_path / "gearmand.conf"
    path.write_text(f"# ours\n--port={port}\n--threads=4\n--job-handle-prefix J:x\n")
    with daemon(tmp_path, "--config-file", str(path)) as server:
        assert server.port != port
        assert ask(server.port, "getpid") == f"OK {server.pid()}"
        assert "--threads has no meaning here" in server.log.read_text()


def test_an_unwritable_log_is_said_and_does_not_stop_it(tmp_path: Path) -> None:
    port = free_port()
    stderr = tmp_path / "stderr"
    flags = ["-L", "127.0.0.1", "-p", str(port), "-P", str(tmp_path / "pid")]
    with stderr.open("w") as errors:
        process = subprocess.Popen(
            [*geartrain_command("gearmand"), *flags, "-l", "/no/such/folder/log"],
            stderr=errors,
        )
    try:
        wait_until(lambda: accepts(port), "it listens")
        assert (
            'Could not open log file "/no/such/folder/log"'
            " (No such file or directory), switching to stderr" in stderr.read_text()
        )
    finally:
        process.terminate()
        assert process.wait(10) == 0


def test_an_unwritable_pid_file_ends_the_start(tmp_path: Path) -> None:
    server = Daemon(tmp_path)
    status, out, err = run("gearmand", *server.flags, "-P", "/no/such/folder/pid")
    assert (status, out) == (1, "")
    assert err == (
        "gearmand: Could not open pid file for writing: /no/such/folder/pid"
        " (No such file or directory)\n"
    )
    assert not accepts(server.port)


def test_a_daemon_with_its_log_on_stderr_is_warned_of(tmp_path: Path) -> None:
    server = Daemon(tmp_path)
    status, out, err = run("gearmand", *server.flags, "-l", "stderr")
    try:
        assert (status, out) == (0, "")
        assert err == (
            "gearmand: a daemon has no stderr: nothing will be logged there\n"
        )
    finally:
        server.kill(signal.SIGTERM)
        server.wait_gone()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_in_the_foreground_a_signal_ends_it_with_success(
    number: signal.Signals, tmp_path: Path
) -> None:
    port = free_port()
    flags = ["-L", "localhost", "-p", str(port), "-l", "none"]
    process = subprocess.Popen(
        [*geartrain_command("gearmand"), *flags, "-P", str(tmp_path / "pid")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    wait_until(lambda: accepts(port), "it listens")
    process.send_signal(number)
    out, _ = process.communicate(timeout=10)
    assert (process.returncode, out) == (0, b"")
