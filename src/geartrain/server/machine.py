"""What the machine, or the control group this process is in, has to give."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["memory_limit", "open_descriptors", "resident"]

_PAGE = os.sysconf("SC_PAGE_SIZE")
_GROUPS = Path("/sys/fs/cgroup")


def memory_limit() -> int:
    """Return the bytes of memory this process may use: the machine's or its group's."""
    machine = os.sysconf("SC_PHYS_PAGES") * _PAGE
    return min([machine, *_group_limits()])


def _group_limits() -> list[int]:
    """Return the limits of the control group and of all that it is in."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            found += _limits(_GROUPS, path, "memory.max")
        elif "memory" in controllers.split(","):
            found += _limits(_GROUPS / "memory", path, "memory.limit_in_bytes")
    return found


def _limits(root: Path, path: str, name: str) -> list[int]:
    group = root / path.lstrip("/")
    # In a container the group is mounted as the root, whatever path it has outside.
    folders = [group, *group.parents, root]
    texts = [_text(each / name) for each in folders if each.is_relative_to(root)]
    return [int(text) for text in texts if text.isdigit()]


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def resident() -> int:
    """Return this process's resident memory in bytes; 0 if that is unknown."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0


def open_descriptors() -> int | None:
    """Return how many descriptors this process has open; None if that is unknown.

    Where a folder of /proc has no size, they would have to be listed: 10,000 take 5 ms.
    """
    try:
        # Linux 6.2 and later count them here.
        return os.stat("/proc/self/fd").st_size or None
    except OSError:
        return None
