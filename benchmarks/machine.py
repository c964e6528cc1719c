"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import re
import resource
import sqlite3
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import databases
from benchmarks.disk import mount_of
from benchmarks.peers import GEARMAND_SQLITE, Peer

_BUSY = (0, 1, 2, 5, 6, 7)
"""Columns of /proc/stat: user, nice, system, irq, softirq, steal."""


def describe(peers: Sequence[Peer]) -> dict[str, str]:
    """Return the versions of what is measured and the machine it runs on.

    Raises:
        BenchmarkError: a job server does not tell its version.
    """
    facts = {peer.name: peer.version() for peer in peers}
    return facts | {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "kernel": f"{platform.system()} {platform.release()}",
        "cpu": _cpu_model(),
        "cores": str(os.cpu_count()),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def describe_disk(disk: Path, peers: Sequence[Peer]) -> dict[str, str]:
    """Return what durable peers keep their jobs with, and where.

    Raises:
        BenchmarkError: the folder is in memory, or missing.
    """
    mount = mount_of(disk)
    programs = {peer.database for peer in peers if peer.database}
    versions = [f"{sqlite3.sqlite_version} (geartrain)"]
    if GEARMAND_SQLITE in peers:
        versions.append(f"{_debian_version('libsqlite3-0')} (gearmand)")
    return {
        "sqlite": ", ".join(versions),
        "disk": f"{disk} on {mount.kind}, {mount.device}",
        **{name: databases.version(name) for name in sorted(programs)},
    }


def _debian_version(package: str) -> str:
    done = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Version}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout or "unknown"


def _cpu_model() -> str:
    found = re.search(
        r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE
    )
    return found[1] if found else platform.machine()


class Others:
    """How much processor time other processes and virtual machines take meanwhile."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._foreign = _busy_seconds() - _own_seconds()

    def text(self) -> str:
        """Return their share of all cores since this object was made."""
        foreign = _busy_seconds() - _own_seconds() - self._foreign
        available = (time.monotonic() - self._began) * (os.cpu_count() or 1)
        share = max(0.0, foreign / available * 100)
        return f"{share:.0f} % of the processor time went elsewhere"


def _busy_seconds() -> float:
    columns = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    return sum(int(columns[at]) for at in _BUSY) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    """Return what this process and its ended children, servers too, have used."""
    used = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        used += usage.ru_utime + usage.ru_stime
    return used
