"""The system's clock as some processes see it: Debian's faketime."""

from __future__ import annotations

import glob
import os
from pathlib import Path

__all__ = ["LIBRARIES", "WallClock"]

LIBRARIES = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
"""What processes load; empty where faketime is missing."""


class WallClock:
    """A clock that can be set while processes go by it.

    Attributes:
        offset: by how many seconds it is ahead of this process's.
    """

    def __init__(self, file: Path) -> None:
        """Keep the offset in a file, which all those processes have to read."""
        self.offset = 0
        self._file = file
        self.set(0)

    def set(self, offset: int) -> None:
        """Set it so many seconds ahead of this process's."""
        self.offset = offset
        new = self._file.with_suffix(".new")
        new.write_text(f"{offset:+d}\n")
        new.chmod(0o644)
        os.replace(new, self._file)

    def environment(self) -> dict[str, str]:
        """Return the variables by which a process goes by it."""
        return {
            "LD_PRELOAD": LIBRARIES[0],
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_NO_CACHE": "1",
            "NO_FAKE_STAT": "1",
        }
