"""Processes of this machine, as other processes of it recognise them later."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Final

__all__ = ["has_died", "is_here", "this_process"]

_HIDDEN: Final = "hidden"


def this_process() -> str:
    """Return what tells this process from all others, of any machine and time."""
    return f"{_machine()} {os.getpid()} {_started(os.getpid())}"


def has_died(process: str) -> bool:
    """Tell whether what ``this_process`` returned is of this machine, and no more.

    Of processes elsewhere nobody here knows; nor of those of other users where /proc
    hides them (``hidepid``, and ``ProtectProc=`` of systemd), unless their number is
    free.
    """
    _, number, started = _parts(process)
    if not is_here(process) or not number.isdigit():
        return False
    now = _started(int(number))
    return now not in {started, _HIDDEN}


def is_here(process: str) -> bool:
    """Tell whether what ``this_process`` returned is of this machine, dead or alive."""
    return _parts(process)[0] == _machine()


def _parts(process: str) -> tuple[str, str, str]:
    """Return its machine, its number and when it started."""
    rest, _, started = process.rpartition(" ")
    machine, _, number = rest.rpartition(" ")
    return machine, number, started


def _machine() -> str:
    """Return what tells this machine, its boot and its processes' numbers from others.

    Containers on one machine have numbers of their own.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return f"{socket.gethostname()} ?"


def _started(process: int) -> str:
    """Return when a process began; empty if there is none, ``_HIDDEN`` if unknown."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text("ascii", "replace")
    except OSError:
        return _HIDDEN if _exists(process) else ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]


def _exists(process: int) -> bool:
    """Tell whether a number is a process's, also of one that may not be seen."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
