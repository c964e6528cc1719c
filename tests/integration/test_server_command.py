"""``geartrain server`` as a process: ready line, signals, files, failures."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import struct
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.support.programs import accepts, ask, ask_on, folder_of, foreground, run
from tests.support.servers import free_port, geartrain_command, in_memory
from tests.support.waiting import wait_until

COVERS = (
    "cli/server",
    "server/server",
)


def test_the_ready_line_names_every_address(tmp_path: Path) -> None:
    flags = ["--port", "0", "--listen", "127.0.0.1", "--listen", "[::1]"]
    path = tmp_path / "gear.sock"
    with foreground(tmp_path, *flags, "--listen", f"unix:{path}") as server:
        ipv4, ipv6, unix = server.addresses
        assert ask(int(ipv4.removeprefix("127.0.0.1:")), "version").startswith("OK ")
        port = int(ipv6.removeprefix("[::1]:"))
        assert ask(port, "version", "::1").startswith("OK ")
        assert unix == f"unix:{path}"
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            assert ask_on(connection, "getpid") == f"OK {server.process.pid}"
        server.signal(signal.SIGTERM)
        assert server.process.wait(10) == 0
    assert not path.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_in_order(number: signal.Signals, tmp_path: Path) -> None:
    with foreground(tmp_path, "--port", "0") as server:
        connection = socket.create_connection(("127.0.0.1", server.port), 10)
        assert ask_on(connection, "version").startswith("OK ")
        server.signal(number)
        assert server.process.wait(10) == 0
        assert connection.recv(1) == b""
        connection.close()
        assert not accepts(server.port)
        assert server.process.stdout is not None
        assert server.process.stdout.read() == ""
        assert f"{number.name}, stopping" in server.log()
        assert "Traceback" not in server.log()


def clog(port: int) -> socket.socket:
    """Have a server owe a peer more than the system's buffers take."""
    connection = socket.create_connection(("127.0.0.1", port), 10)
    packet = b"\0REQ" + struct.pack(">II", 16, 24 << 20) + bytes(24 << 20)
    connection.sendall(packet)
    # The first bytes of the answer: the server is writing the rest.
    assert connection.recv(4) == b"\0RES"
    return connection


def test_a_second_signal_stops_it_at_once(tmp_path: Path) -> None:
    with foreground(tmp_path, "--port", "0") as server:
        with clog(server.port):
            server.signal(signal.SIGINT)
            wait_until(lambda: not accepts(server.port), "it stops accepting")
            assert server.process.poll() is None
            server.signal(signal.SIGINT)
            assert server.process.wait(3) == 0
        assert "SIGINT again, stopping at once" in server.log()


def test_a_stop_writes_what_is_due(tmp_path: Path) -> None:
    with foreground(tmp_path, "--port", "0") as server:
        with clog(server.port) as connection:
            server.signal(signal.SIGTERM)
            wait_until(lambda: not accepts(server.port), "it stops accepting")
            received = 4
            while piece := connection.recv(1 << 20):
                received += len(piece)
        assert received == 12 + (24 << 20)
        assert server.process.wait(10) == 0


def test_usr1_waits_for_the_last_connection(tmp_path: Path) -> None:
    with foreground(tmp_path, "--port", "0") as server:
        connection = socket.create_connection(("127.0.0.1", server.port), 10)
        assert ask_on(connection, "version").startswith("OK ")
        server.signal(signal.SIGUSR1)
        wait_until(lambda: not accepts(server.port), "it stops accepting")
        assert ask_on(connection, "getpid") == f"OK {server.process.pid}"
        assert server.process.poll() is None
        connection.close()
        assert server.process.wait(10) == 0


def test_usr1_ends_an_idle_server_at_once(tmp_path: Path) -> None:
    with foreground(tmp_path, "--port", "0") as server:
        server.signal(signal.SIGUSR1)
        assert server.process.wait(10) == 0


def test_hup_reopens_the_log_file(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with foreground(tmp_path, "--port", "0", "--log-file", str(log)) as server:
        wait_until(lambda: "ready on" in log.read_text(), "the log is written")
        log.rename(tmp_path / "log.1")
        server.signal(signal.SIGHUP)
        wait_until(log.exists, "the log file is made anew")
        server.signal(signal.SIGTERM)
        assert server.process.wait(10) == 0
        assert "SIGTERM, stopping" in log.read_text()
        assert "SIGTERM" not in (tmp_path / "log.1").read_text()
        assert server.log() == ""


def test_hup_without_a_log_file_changes_nothing(tmp_path: Path) -> None:
    with foreground(tmp_path, "--port", "0") as server:
        server.signal(signal.SIGHUP)
        wait_until(lambda: "SIGHUP" in server.log(), "the signal is logged")
        assert ask(server.port, "version").startswith("OK ")


def test_the_pid_file_lives_as_long_as_the_server(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    with foreground(tmp_path, "--port", "0", "--pid-file", str(path)) as server:
        assert path.read_text() == f"{server.process.pid}\n"
        status, out, err = run(
            "geartrain", "server", *in_memory(["--port", "0", "--pid-file", str(path)])
        )
        assert (status, out) == (1, "")
        assert f"already running as process {server.process.pid}" in err
        server.signal(signal.SIGTERM)
        assert server.process.wait(10) == 0
        assert not path.exists()


def test_a_port_in_use_is_one_line_and_status_one(tmp_path: Path) -> None:
    with foreground(tmp_path, "--port", "0") as server:
        flags = in_memory(["--port", str(server.port)])
        status, out, err = run("geartrain", "server", *flags)
        assert (status, out) == (1, "")
        assert err == (
            f"geartrain: cannot listen on 127.0.0.1:{server.port}:"
            " Address already in use: stop the program that listens there, which may be"
            " another job server ('ss -ltnxp' shows it), or name another address with"
            " --listen or --port\n"
        )


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--listen", "no-such-host.invalid"], "cannot listen on no-such-host.invalid"),
        (["--listen", "203.0.113.1"], "Cannot assign requested address"),
        (["--listen", "unix:/no/such/folder/gear.sock"], "cannot listen on unix:/no/"),
        (["--log-file", "/no/such/folder/log"], "Could not open log file"),
        (["--log-file", "/proc/self/exe"], "it is a symbolic link, name the file"),
        (["--pid-file", "/no/such/folder/pid"], "Could not open pid file"),
        (["--descriptors", str(2**40)], "Failed to set limit for the number of file"),
    ],
)
def test_a_failure_is_one_line_and_status_one(flags: list[str], words: str) -> None:
    status, out, err = run("geartrain", "server", *in_memory(["--port", "0", *flags]))
    assert (status, out) == (1, "")
    assert err.startswith("geartrain: ")
    assert words in err
    assert err.count("\n") == 1


def test_a_reader_of_stdout_that_has_gone_does_not_stop_it(tmp_path: Path) -> None:
    port = free_port()
    flags = in_memory(["--port", str(port)])
    command = [*geartrain_command("geartrain"), "server", *flags]
    with (tmp_path / "stderr").open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors)
    try:
        assert process.stdout is not None
        process.stdout.close()
        wait_until(lambda: accepts(port), "it listens")
        assert ask(port, "version").startswith("OK ")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()


def test_it_starts_with_stdout_closed() -> None:
    port = free_port()
    flags = in_memory(["--port", str(port)])
    command = [*geartrain_command("geartrain"), "server", *flags]
    process = subprocess.Popen(
        ["sh", "-c", 'exec "$@" <&- >&-', "sh", *command],
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: accepts(port), "it listens")
        assert ask(port, "version").startswith("OK ")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()


def test_the_user_is_switched_once_all_is_open() -> None:
    if os.geteuid() != 0:
        status, _, err = run("geartrain", "server", *in_memory(["--user", "nobody"]))
        assert status == 2
        assert "Must be root to switch users" in err
        return
    with folder_of("nobody") as folder:
        log, pid = folder / "log", folder / "pid"
        files = ["--log-file", str(log), "--pid-file", str(pid)]
        with foreground(folder, "--port", "0", "--user", "nobody", *files) as server:
            told = Path(f"/proc/{server.process.pid}/status").read_text()
            uid = pwd.getpwnam("nobody").pw_uid
            assert f"Uid:\t{uid}\t{uid}\t{uid}\t{uid}\n" in told
            assert ask(server.port, "version").startswith("OK ")
            log.rename(folder / "log.1")
            server.signal(signal.SIGHUP)
            wait_until(log.exists, "the log file is made anew")
            server.signal(signal.SIGTERM)
            assert server.process.wait(10) == 0
            assert not pid.exists()


def test_a_unix_socket_in_roots_folder_does_not_keep_it_from_stopping() -> None:
    user = ["--user", "nobody"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gear.sock"
        flags = ["--listen", f"unix:{path}", *user]
        with foreground(Path(folder), *flags) as server:
            server.signal(signal.SIGTERM)
            assert server.process.wait(10) == 0


def test_a_unix_socket_is_for_whom_its_mode_says(tmp_path: Path) -> None:
    path = tmp_path / "gear.sock"
    flags = ["--listen", f"unix:{path}", "--socket-mode", "0660"]
    is_root = os.geteuid() == 0
    if is_root:
        flags += ["--user", "nobody"]
    with foreground(tmp_path, *flags):
        found = path.stat()
        assert found.st_mode & 0o777 == 0o660
        if is_root:
            nobody = pwd.getpwnam("nobody")
            assert (found.st_uid, found.st_gid) == (nobody.pw_uid, nobody.pw_gid)


def test_a_low_limit_of_descriptors_is_kept(tmp_path: Path) -> None:
    with foreground(tmp_path, "--port", "0", "--descriptors", "100") as server:
        limits = Path(f"/proc/{server.process.pid}/limits").read_text()
        (line,) = [x for x in limits.splitlines() if x.startswith("Max open files")]
        assert line.split()[3] == "100"
