"""What an import loads, seen in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

__all__ = ["SLOW", "loaded_by"]

# Slow to import, or needed by few.
SLOW = {
    "asyncio",
    "click",
    "concurrent",
    "dataclasses",
    "datetime",
    "email",
    "hashlib",
    "http",
    "inspect",
    "ipaddress",
    "json",
    "logging",
    "pickle",
    "random",
    "rich",
    "signal",
    "ssl",
    "subprocess",
    "tempfile",
    "uuid",
    "uvloop",
    "watchfiles",
}


def loaded_by(statement: str) -> set[str]:
    """Return the top-level modules that a statement loads."""
    program = (
        f"import sys\nbefore = set(sys.modules)\n{statement}\n"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    # What chooses the pure build loads some of them itself.
    environment = {k: v for k, v in os.environ.items() if k != "GEARTRAIN_PURE"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return set(done.stdout.split())
