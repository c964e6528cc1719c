"""Faults of a machine, brought about beneath a real job server: disk and calendar."""

from __future__ import annotations

import mmap
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.servers import RunningServer, running_geartrain

SOURCE = Path(__file__).with_name("faults.c")
# As in the C source: an errno of writes, one of syncs, and seconds to jump.
LAYOUT = struct.Struct("=iiq")


class Faults:
    """What goes wrong for the servers that are started in ``preloaded``."""

    def __init__(self, shared: mmap.mmap) -> None:
        self._shared = shared
        self._jump = 0
        self.end()

    def end(self) -> None:
        """Have the disk work; the calendar stays where it jumped to."""
        self.disk()

    def disk(self, *, write: int = 0, sync: int = 0) -> None:
        """Have the disk's writes and syncs fail with these codes, 0 for not at all."""
        self._shared[:] = LAYOUT.pack(write, sync, self._jump)

    def jump(self, seconds: int) -> None:
        """Have the calendar's clock jump, once more."""
        self._jump += seconds
        self.disk()


def build(folder: Path) -> Path:
    """Compile what is preloaded; return it."""
    library = folder / "faults.so"
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True
    )
    return library


@contextmanager
def preloaded(library: Path, folder: Path) -> Iterator[Faults]:
    """Let programs that are started within the block be struck by faults."""
    control = folder / "faults"
    control.write_bytes(bytes(LAYOUT.size))
    with (
        control.open("r+b") as file,
        mmap.mmap(file.fileno(), LAYOUT.size) as shared,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("GEARTRAIN_FAULTS", str(control))
        patch.setenv("LD_PRELOAD", str(library))
        yield Faults(shared)


@contextmanager
def faulty_geartrain(
    library: Path, folder: Path, *flags: str
) -> Iterator[tuple[RunningServer, Faults]]:
    """Run ``geartrain server`` on a machine whose faults a test brings about."""
    with preloaded(library, folder) as faults, running_geartrain(*flags) as server:
        yield server, faults
