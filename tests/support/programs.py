"""Run the programs in tests: as processes, or just their command line."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.servers import geartrain_command, in_memory
from tests.support.waiting import PATIENCE

UNPRIVILEGED = """
import contextlib, encodings.idna, os, sys
import geartrain.cli.server
import geartrain.stores.salvage.rebuilding, geartrain.stores.sqlite.store
from geartrain.cli.main import main
from geartrain.stores.locations import default_store
with contextlib.suppress(ImportError):
    import uvloop

def become(uid, gid):
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
"""
READY = re.compile(r"geartrain \S+ ready on (.*)\n")


def run(program: str, *flags: str, **environment: str) -> tuple[int, str, str]:
    """Run a program to its end; return its status, stdout and stderr."""
    done = subprocess.run(
        [*geartrain_command(program), *flags],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env={**os.environ, **environment},
    )
    return done.returncode, done.stdout, done.stderr


@dataclass(frozen=True, kw_only=True)
class Foreground:
    """A ``geartrain server`` that has printed its ready line."""

    process: subprocess.Popen[str]
    addresses: list[str]
    errors: Path

    @property
    def port(self) -> int:
        """Return the port of the first address."""
        return int(self.addresses[0].rpartition(":")[2])

    def signal(self, number: signal.Signals) -> None:
        """Send the process a signal."""
        self.process.send_signal(number)

    def log(self) -> str:
        """Return what it wrote to stderr so far."""
        return self.errors.read_text()


@contextlib.contextmanager
def foreground(
    folder: Path, *flags: str, program: str = "geartrain"
) -> Iterator[Foreground]:
    """Run ``geartrain server`` for the length of the block.

    Jobs are in memory unless the flags name another store.
    """
    errors = folder / "stderr"
    with errors.open("w") as output:
        process = subprocess.Popen(
            [*geartrain_command(program), "server", *in_memory(flags)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            cwd=folder,
        )
    assert process.stdout is not None
    try:
        match = READY.fullmatch(process.stdout.readline())
        assert match is not None, errors.read_text()
        addresses = match[1].split(", ")
        yield Foreground(process=process, addresses=addresses, errors=errors)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def ask(port: int, command: str, host: str = "127.0.0.1") -> str:
    """Send one text command and return its first line."""
    with socket.create_connection((host, port), 10) as connection:
        return ask_on(connection, command)


def ask_on(connection: socket.socket, command: str) -> str:
    """Send one text command on an open connection and return its first line."""
    connection.sendall(command.encode() + b"\r\n")
    with connection.makefile("rb") as answers:
        return answers.readline().decode().rstrip()


def accepts(port: int, host: str = "127.0.0.1") -> bool:
    """Tell whether somebody listens on the port."""
    try:
        socket.create_connection((host, port), 5).close()
    except (ConnectionRefusedError, ConnectionResetError):
        return False
    return True


@contextlib.contextmanager
def folder_of(user: str) -> Iterator[Path]:
    """Make a folder that belongs to a user, as /run/gearman does; root only."""
    account = pwd.getpwnam(user)
    with tempfile.TemporaryDirectory(prefix="geartrain-test-") as folder:
        os.chown(folder, account.pw_uid, account.pw_gid)
        os.chmod(folder, 0o755)
        yield Path(folder)


def unprivileged_command(code: str, user: str = "nobody") -> list[str]:
    """Return the command line that runs Python code without root's rights.

    Root becomes the user once all is imported, which a user may not be able to read.
    """
    if os.geteuid() == 0:
        account = pwd.getpwnam(user)
        code = f"become({account.pw_uid}, {account.pw_gid}); {code}"
    return [sys.executable, "-c", f"{UNPRIVILEGED}\n{code}"]


def gearmand_script(folder: Path) -> Path:
    """Write the program ``gearmand`` as an installation does; return its path."""
    script = folder / "gearmand"
    path = [os.path.abspath(entry) for entry in sys.path if entry]
    script.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path[:0] = {path!r}\n"
        "from geartrain.cli.gearmand import main\nmain()\n"
    )
    script.chmod(0o755)
    return script
