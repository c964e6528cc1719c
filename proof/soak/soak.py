"""A soak: everything goes wrong at once, for a given time.

Clients submit, supervised workers run jobs that fork, raise and die, other peers
attack, another program or the queue itself fills the disk, the calendar jumps, and
the job server is killed and stopped. In the end every job that was acknowledged
must have run or be a dead letter.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from geartrain.admin import Admin
from geartrain.errors import GeartrainError
from proof.soak.kinds import FUNCTION
from proof.soak.machine import Machine, python
from proof.soak.submitters import Submitter
from tests.support.servers import geartrain_command

__all__ = ["Soak"]

_SUBMITTERS = 3
_PAUSE = 0.2  # Seconds between two batches of a submitter: about 300 jobs a second.
_STUCK = 120.0  # Seconds without an end after which the queue is stuck.


class Soak:
    """One run.

    Attributes:
        machine: the job server and its disk.
        submitters: the clients.
        troubles: how often each trouble was made, by its name.
        faults: what went wrong, in sentences.
        dead: the keys of the dead letters in the end.
        outages: from when to when the job server was away by intent, in seconds of
            the monotonic clock.
    """

    def __init__(self, folder: Path, machine: Machine, port: int, seed: str) -> None:
        self.machine = machine
        self.submitters = [Submitter(n, port, _PAUSE) for n in range(_SUBMITTERS)]
        self.troubles: dict[str, int] = {}
        self.faults: list[str] = []
        self.dead: set[bytes] = set()
        self.outages: list[tuple[float, float]] = []
        self._folder = folder
        self._port = port
        self._seed = seed
        self._chance = random.Random(seed)
        self._processes: list[subprocess.Popen[bytes]] = []

    def run(self, seconds: float) -> None:
        """Make trouble for some seconds, then let the workers do the remaining jobs."""
        try:
            self._begin()
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline and not self.faults:
                self._wait(self._chance.uniform(3, 8))
                self._make_trouble()
            self.machine.empty_disk()
            for submitter in self.submitters:
                submitter.finish()
            self._drain()
            self.dead = self._dead()
        except (AssertionError, GeartrainError, OSError) as error:
            self.faults.append(f"{type(error).__name__}: {error}")
        finally:
            self._end()

    def _dead(self) -> set[bytes]:
        """Return the keys of the dead letters that the job server lists."""
        with Admin(f"127.0.0.1:{self._port}", 60) as admin:
            handles = [row.handle for row in admin.dead_list()]
            rows = (admin.dead_show(handle) for handle in handles)
            return {row.workload.partition(b" ")[0] for row in rows if row.workload}

    def _begin(self) -> None:
        self.machine.start()
        environment = {**os.environ, "SOAK_RUNS": str(self._folder / "runs")}
        address = f"127.0.0.1:{self._port}"
        words = ["worker", "proof.soak.tasks", "--processes", "3", "--server", address]
        self._start([*geartrain_command("geartrain"), *words], "workers", environment)
        self._start(python("proof.soak.prober", str(self._port)), "echoes")
        attacks = python("proof.soak.attacks", str(self._port), self._seed)
        self._start(attacks, "attacks")
        for submitter in self.submitters:
            submitter.start()

    def _start(
        self, command: list[str], name: str, environment: dict[str, str] | None = None
    ) -> None:
        """Start a process that writes into a file of this name."""
        with (self._folder / name).open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
            )
        self._processes.append(process)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.machine.look()
            if not self.machine.is_running():
                self.faults.append("the job server ended by itself")
                return
            time.sleep(0.2)

    def _make_trouble(self) -> None:
        """Make one of the troubles; a killed server is rarer than the others."""
        troubles: dict[Callable[[], None], int] = {
            self._fill: 3,
            self._flood: 1,
            self._jump: 4,
            self._kill: 2,
            self._restart: 1,
        }
        (trouble,) = self._chance.choices(list(troubles), list(troubles.values()))
        name = trouble.__name__[1:]
        self.troubles[name] = self.troubles.get(name, 0) + 1
        trouble()

    def _fill(self) -> None:
        """Let another program fill the disk for a while."""
        self.machine.fill_disk()
        self._wait(self._chance.uniform(1, 6))
        if self._chance.random() < 0.3:
            self._kill()
        self.machine.empty_disk()

    def _flood(self) -> None:
        """Fill the disk by the queue, faster than workers can empty it."""
        for submitter in self.submitters:
            submitter.flood_until = time.monotonic() + 6
        self._wait(8)

    def _jump(self) -> None:
        self.machine.jump(self._chance.choice([-3600, 3600, -86400, 86400, -7, 7]))

    def _kill(self) -> None:
        began = time.monotonic()
        self.machine.kill()
        self.outages.append((began, time.monotonic()))

    def _restart(self) -> None:
        began = time.monotonic()
        self.machine.stop()
        if self.machine.statuses[-1] != 0:
            self.faults.append(f"an orderly stop ended {self.machine.statuses[-1]}")
        self.machine.start()
        self.outages.append((began, time.monotonic()))

    def _drain(self) -> None:
        """Wait until no job is left."""
        left, changed = -1, time.monotonic()
        while left != 0 and time.monotonic() - changed < _STUCK:
            before, left = left, self._left()
            if left != before:
                changed = time.monotonic()
            self._wait(0.5)
        if left:
            self.faults.append(f"{left} jobs are stuck")

    def _left(self) -> int:
        with Admin(f"127.0.0.1:{self._port}", 60) as admin:
            rows = [row for row in admin.functions() if row.function == FUNCTION]
        return sum(row.waiting + row.running for row in rows)

    def _end(self) -> None:
        """End all that was started but the job server."""
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()
