"""Run clients and workers written in other languages as processes of their own."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.support.servers import RunningServer
from tests.support.waiting import wait_until

HERE = Path(__file__).parents[1] / "interop"
WAIT = 15.0  # seconds that anything which ought to happen may take on a busy machine
POLL = 0.01  # seconds between two looks at a condition


class FunctionStatus(NamedTuple):
    """One row of the text command ``status``."""

    total: int = 0
    running: int = 0
    workers: int = 0


def text_command(server: RunningServer, command: str) -> list[str]:
    """Return the rows a text command answers, without the dot that ends them."""
    answer = b""
    with server.connect() as connection:
        connection.sendall(command.encode() + b"\n")
        while not (answer == b".\n" or answer.endswith(b"\n.\n")):
            more = connection.recv(65536)
            assert more, f"the job server closed while answering {command}: {answer!r}"
            answer += more
    return answer.decode().splitlines()[:-1]


def function_status(server: RunningServer, function: str) -> FunctionStatus:
    """Return how many jobs and workers the job server counts for ``function``."""
    for row in text_command(server, "status"):
        name, *numbers = row.rsplit("\t", 3)
        # Perl's prefix ends with a tab, which would make two columns of a name.
        if name.replace("%09", "\t") == function:
            return FunctionStatus(*map(int, numbers))
    return FunctionStatus()


def left_behind(server: RunningServer) -> list[str]:
    """Return the ``status`` rows of functions that still have jobs or workers."""
    rows = text_command(server, "status")
    return [row for row in rows if row.rsplit("\t", 3)[1:] != ["0", "0", "0"]]


@dataclass(frozen=True, kw_only=True)
class Peer:
    """One client or worker process and what it has said so far."""

    process: subprocess.Popen[bytes]
    out: Path
    err: Path

    @property
    def output(self) -> bytes:
        """Return what the process has written to its standard output."""
        return self.out.read_bytes()

    def says(self, expected: bytes) -> None:
        """Wait until ``expected`` is part of the output."""

        def said() -> bool:
            return expected in self.output or self.process.poll() is not None

        wait_until(said, f"{expected!r} from {self.process.args!r}")
        assert expected in self.output, self.account()

    def finish(self, code: int = 0) -> bytes:
        """Wait for the end, check the exit code and return the whole output."""
        try:
            self.process.wait(WAIT)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running: {self.account()}") from None
        assert self.process.returncode == code, self.account()
        return self.output

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End the process by a signal and wait until it is gone."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            self.process.wait(WAIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def account(self) -> str:
        """Return command, exit code, output and complaints, for a failed check."""
        return (
            f"{self.process.args!r} exit={self.process.returncode}"
            f" stdout={self.output[-2000:]!r} stderr={self.err.read_bytes()[-2000:]!r}"
        )


@dataclass(frozen=True, kw_only=True)
class Peers:
    """Starts peers of one job server and ends those that are left."""

    server: RunningServer
    folder: Path
    started: list[Peer] = field(default_factory=list)
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    def start(
        self,
        *command: str | Path,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
    ) -> Peer:
        """Start a program and return at once."""
        number = next(self.numbers)
        out, err = self.folder / f"{number}.out", self.folder / f"{number}.err"
        given = self.folder / f"{number}.in"
        given.write_bytes(stdin)
        with given.open("rb") as reader, out.open("wb") as output, err.open("wb") as e:
            process = subprocess.Popen(
                [str(word) for word in command],
                stdin=reader,
                stdout=output,
                stderr=e,
                cwd=self.folder,
                env=plain_environment() | dict(environment or {}),
            )
        peer = Peer(process=process, out=out, err=err)
        self.started.append(peer)
        return peer

    def run(
        self,
        *command: str | Path,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
    ) -> bytes:
        """Run a program to its end, which must be a success; return its output."""
        return self.start(*command, stdin=stdin, environment=environment).finish()

    def worker(
        self,
        *command: str | Path,
        function: str,
        environment: Mapping[str, str] | None = None,
    ) -> Peer:
        """Start a worker and return once the job server knows it for ``function``."""
        before = function_status(self.server, function).workers
        peer = self.start(*command, environment=environment)

        def registered() -> bool:
            assert peer.process.poll() is None, peer.account()
            return function_status(self.server, function).workers > before

        wait_until(registered, f"a worker for {function} by {command}")
        return peer

    def stop(self) -> None:
        """End every peer that still runs."""
        for peer in self.started:
            peer.stop()


def plain_environment() -> dict[str, str]:
    """Return this process's environment without the variables that name servers."""
    named = {"GEARMAN_SERVER", "GEARMAN_SERVERS", "GEARMAN_PORT"}
    return {name: value for name, value in os.environ.items() if name not in named}


def need(program: str, package: str) -> None:
    """Fail, saying what to install, when a peer's program is not on this machine."""
    assert shutil.which(program), f"{program} is missing: apt-get install {package}"


def need_success(command: list[str], package: str) -> None:
    """Fail, saying what to install, when a command cannot do its work."""
    need(command[0], package)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (
        f"{' '.join(command)} failed, so a part of it is missing:"
        f" apt-get install {package} ({done.stderr.strip()})"
    )
