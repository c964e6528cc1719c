"""The disk on which durable peers keep their jobs."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import BenchmarkError

DEFAULT = Path("/var/tmp")  # unlike /tmp, of which a restart may leave nothing
SAMPLES = 300
BLOCK = b"\0" * 4096
_IN_MEMORY = {"tmpfs", "ramfs", "devtmpfs"}


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A mounted file system: its device, where it is mounted, and its type."""

    device: str
    point: Path
    kind: str


def mount_of(folder: Path) -> Mount:
    """Return the file system that a folder is on.

    Raises:
        BenchmarkError: there is no such folder, or it is in memory.
    """
    if not folder.is_dir():
        raise BenchmarkError(f"{folder} is no folder: name one on a disk by --disk")
    real = folder.resolve()
    mounts = [each for each in _mounts() if real.is_relative_to(each.point)]
    longest = max(len(each.point.parts) for each in mounts)
    mount = [each for each in mounts if len(each.point.parts) == longest][-1]
    if mount.kind in _IN_MEMORY:
        raise BenchmarkError(
            f"{folder} is on {mount.kind}, which is memory: name a folder on a disk by "
            "--disk"
        )
    return mount


def _mounts() -> Iterator[Mount]:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        device, point, kind, *_ = line.split(" ")
        # The kernel writes spaces in names as \040.
        name = point.encode().decode("unicode_escape")
        yield Mount(device=device, point=Path(name), kind=kind)


@contextmanager
def fresh_folder(disk: Path) -> Iterator[Path]:
    """Make an empty folder on the disk for the length of the block."""
    folder = Path(tempfile.mkdtemp(prefix="geartrain-bench-", dir=disk))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def folder_bytes(folder: Path) -> int:
    """Return what the files of a folder take, in bytes."""
    return sum(file.stat().st_blocks * 512 for file in folder.iterdir())


def forget(folder: Path) -> None:
    """Have the kernel drop what it holds in memory of a folder's files."""
    for file in folder.iterdir():
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def fdatasync_text(disk: Path) -> str:
    """Say how long fdatasync takes after a write of 4 KiB to a file on the disk."""
    with fresh_folder(disk) as folder:
        descriptor = os.open(folder / "probe", os.O_WRONLY | os.O_CREAT)
        try:
            appending = _fdatasync_times(descriptor)
            overwriting = _fdatasync_times(descriptor)
        finally:
            os.close(descriptor)
    return f"appending {_in_words(appending)}; overwriting {_in_words(overwriting)}"


def _fdatasync_times(descriptor: int) -> list[float]:
    """Return sorted seconds; each write is at the place behind the one before."""
    times = []
    for number in range(SAMPLES):
        os.pwrite(descriptor, BLOCK, number * len(BLOCK))
        began = time.perf_counter()
        os.fdatasync(descriptor)
        times.append(time.perf_counter() - began)
    return sorted(times)


def _in_words(times: list[float]) -> str:
    middle, late = times[len(times) // 2], times[len(times) * 99 // 100]
    return f"p50 {middle * 1e3:.2f} ms, p99 {late * 1e3:.2f} ms"
