"""Processes of this machine, as other processes of it recognise them later."""

from __future__ import annotations

import os
import socket
from pathlib import Path

__all__ = ["has_died", "this_process"]


def this_process() -> str:
    """Return what tells this process from all others, of any machine and time."""
    return f"{_machine()} {os.getpid()} {_started(os.getpid())}"


def has_died(process: str) -> bool:
    """Tell whether what ``this_process`` returned is of this machine, and no more.

    Of processes elsewhere nobody here knows.
    """
    machine, _, started = process.rpartition(" ")
    machine, _, number = machine.rpartition(" ")
    if machine != _machine() or not number.isdigit():
        return False
    return _started(int(number)) != started


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
    """Return when a process began; empty if there is none."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text("ascii", "replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]
