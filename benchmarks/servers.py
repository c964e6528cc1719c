"""Run a peer, and ask the operating system about its process."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers import Peer
from tests.support.servers import RunningServer


@contextmanager
def running(peer: Peer, folder: Path, core: int | None) -> Iterator[RunningServer]:
    """Run a peer for the block, all its threads on ``core`` if one is given.

    What it keeps on a disk it keeps in ``folder``.
    """
    with peer.started(folder) as server:
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
    return _memory(pid, "VmRSS")


def peak_bytes(pid: int) -> int:
    """Return the most resident memory the process ever had, in bytes."""
    return _memory(pid, "VmHWM")


def _memory(pid: int, name: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(rf"^{name}:\s+(\d+) kB$", status, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"/proc/{pid}/status has no {name}: has the server ended?")
    return int(found[1]) * 1024
