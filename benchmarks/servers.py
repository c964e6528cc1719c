"""The peers that are measured, and what the operating system says about them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.servers import (
    GEARMAND,
    RunningServer,
    geartrain_command,
    running_gearmand,
    running_geartrain,
)

from benchmarks.errors import BenchmarkError


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A job server with the flags it is measured with."""

    name: str
    flags: tuple[str, ...]
    start: Callable[..., AbstractContextManager[RunningServer]]
    version_command: tuple[str, ...]

    def version(self) -> str:
        """Return the first line of what the program says about itself.

        Raises:
            BenchmarkError: the program is missing or does not run.
        """
        try:
            done = subprocess.run(
                self.version_command,
                check=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=30,
            )
        except (OSError, subprocess.SubprocessError) as error:
            output = getattr(error, "stdout", None) or ""
            raise BenchmarkError(
                f"{self.name} cannot be measured, it does not even tell its version: "
                f"{error}\n{output}"
            ) from error
        lines = done.stdout.strip().splitlines()
        return lines[0] if lines else "unknown"


def _gearmand(name: str, *flags: str) -> Peer:
    return Peer(
        name=name,
        flags=flags,
        start=running_gearmand,
        version_command=(GEARMAND, "--version"),
    )


OURS = Peer(
    name="geartrain",
    flags=(),
    start=running_geartrain,
    version_command=(*geartrain_command("geartrain"), "--version"),
)
REFERENCES = (_gearmand("gearmand"), _gearmand("gearmand -t 0", "-t", "0"))
PEERS = {peer.name: peer for peer in (OURS, *REFERENCES)}


@contextmanager
def running(peer: Peer, core: int | None) -> Iterator[RunningServer]:
    """Run a fresh server for the block, all its threads on ``core`` if one is given."""
    with peer.start(*peer.flags) as server:
        if core is not None:
            stay_on(server.process.pid, core)
        yield server


def stay_on(pid: int, core: int) -> None:
    """Bind every thread of the process to one core; later threads inherit it."""
    for thread in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(thread), {core})


def cpu_seconds(pid: int) -> float:
    """Return the user and system seconds of the process, all threads together.

    From ``/proc/PID/stat``, whose unit is a hundredth of a second. The load
    generator reads the same account by ``clock_getcpuclockid``, in nanoseconds.
    """
    stat = Path(f"/proc/{pid}/stat").read_text()
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    """Return the resident memory of the process in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"/proc/{pid}/status has no VmRSS: has the server ended?")
    return int(found[1]) * 1024
