"""Start real job servers as processes and wait until they answer."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support.waiting import PATIENCE

DEFAULT_PORT = 4730
GEARMAND = "/usr/sbin/gearmand"


class Log(type(Path())):  # type: ignore[misc]
    """The file into which a thread of a job server writes its log."""

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str:
        """Return what is in it once nothing has come for a moment."""
        text, later = None, str(super().read_text(encoding, errors))
        while later != text:
            time.sleep(0.1)
            text, later = later, str(super().read_text(encoding, errors))
        return later


@dataclass(frozen=True, kw_only=True)
class RunningServer:
    """A job server process that answers on ``host:port``."""

    host: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def address(self) -> str:
        """Return ``host:port`` as every Gearman tool takes it."""
        return f"{self.host}:{self.port}"

    def connect(self, timeout: float = PATIENCE) -> socket.socket:
        """Open a plain connection whose reads give up after ``timeout`` seconds."""
        connection = socket.create_connection((self.host, self.port), timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nothing listens on, and no other test has.

    It is some time until a server listens there. Tests run side by side: if one in
    another process was given the same port, whoever comes second would take the first
    one's server for its own, until that ends. So this process holds a lock on the byte
    of that number in a file, for as long as it lives.
    """
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port not in _taken and _take(port):
            _taken.add(port)
            return port


# Ports that this process was given.
_taken: set[int] = set()


def _take(port: int) -> bool:
    """Lock a port; tell whether no other process has it."""
    try:
        fcntl.lockf(_locks(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN):
            return False
        raise
    return True


@cache
def _locks() -> int:
    """Open the file with the locks, which end when it is closed: it stays open."""
    # Not in TMPDIR, which others do not share.
    return os.open("/tmp/geartrain-tests-ports", os.O_RDWR | os.O_CREAT, 0o666)


def geartrain_command(program: str) -> list[str]:
    """Return the command line that runs ``geartrain`` or ``gearmand`` from here."""
    module = {"geartrain": "geartrain.cli.main", "gearmand": "geartrain.cli.gearmand"}
    return [sys.executable, "-m", module[program]]


def in_memory(flags: Sequence[str]) -> list[str]:
    """Return a server's flags, with ``--store memory:`` if they name no store."""
    has_store = any(flag.partition("=")[0] == "--store" for flag in flags)
    return [*flags] if has_store else ["--store", "memory:", *flags]


def wait_until_listening(
    process: subprocess.Popen[bytes], port: int, log: Path
) -> None:
    """Return once ``port`` accepts; raise with the log if the process ends first."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    process.kill()
    raise RuntimeError(f"{process.args!r} did not start: {log.read_text()}")


def stop(process: subprocess.Popen[bytes]) -> int:
    """End the process in order, or by force after ten seconds."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait(10)


@contextmanager
def alone_on(port: int) -> Iterator[None]:
    """Wait for tests in other processes that want the default port too."""
    # Not in TMPDIR, which others do not share.
    with Path("/tmp", "geartrain-tests").open("w") as lock:
        if port == DEFAULT_PORT:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def run_server(command: list[str], port: int) -> Iterator[RunningServer]:
    """Run one server command that listens on ``port`` for the length of the block."""
    with alone_on(port), _running(command, port) as server:
        yield server


@contextmanager
def _running(command: list[str], port: int) -> Iterator[RunningServer]:
    folder = Path(tempfile.mkdtemp(prefix="geartrain-test-"))
    log = Log(folder / "log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder
        )
    try:
        wait_until_listening(process, port, log)
        yield RunningServer(host="127.0.0.1", port=port, process=process, log=log)
    finally:
        stop(process)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_geartrain(*flags: str) -> Iterator[RunningServer]:
    """Run ``geartrain server`` on a free port of 127.0.0.1.

    Jobs are in memory unless the flags name another store.
    """
    port = free_port()
    command = [*geartrain_command("geartrain"), "server", "--port", str(port)]
    command += in_memory(flags)
    with run_server(command, port) as server:
        yield server


@contextmanager
def running_gearmand(*flags: str) -> Iterator[RunningServer]:
    """Run Debian's C ``gearmand`` on a free port of 127.0.0.1."""
    if not os.access(GEARMAND, os.X_OK):
        raise RuntimeError(f"{GEARMAND} is missing: apt-get install gearman-job-server")
    port = free_port()
    command = [GEARMAND, "-L", "127.0.0.1", "-p", str(port), "-l", "stderr", *flags]
    with run_server(command, port) as server:
        yield server
