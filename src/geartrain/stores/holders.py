"""Holders of a lock in a database: the processes that job servers are."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
from pathlib import Path

from geartrain.texts import visible

__all__ = ["Holder"]


class Holder:
    """This process, as others see it in the lock.

    Attributes:
        token: what no other holder has.
        packed: the value of the lock.
        location: the server's name, for messages.
    """

    def __init__(self, location: str) -> None:
        self.location = location
        self.token = secrets.token_hex(8).encode()
        said = {
            "token": self.token.decode(),
            "host": socket.gethostname(),
            "process": os.getpid(),
            "machine": _machine(),
            "started": _started(os.getpid()),
        }
        self.packed = json.dumps(said).encode()

    @staticmethod
    def shown(packed: bytes) -> str:
        """Return a holder as messages show it."""
        said = _read(packed)
        host, process = visible(str(said.get("host"))), said.get("process")
        return f"process {process} on {host}"

    @staticmethod
    def is_here(packed: bytes) -> bool:
        """Tell whether a holder is or was a process of this machine."""
        return _is_here(_read(packed))

    @staticmethod
    def is_gone(packed: bytes) -> bool:
        """Tell whether a holder is known to have ended: a process of this machine."""
        said = _read(packed)
        process = said.get("process")
        if not _is_here(said) or not isinstance(process, int):
            return False
        return _started(process) != said.get("started")


def _read(packed: bytes) -> dict[str, object]:
    with contextlib.suppress(ValueError):
        said = json.loads(packed)
        if isinstance(said, dict):
            return said
    return {}


def _is_here(said: dict[str, object]) -> bool:
    """Tell whether a holder is a process of this machine."""
    return bool(_machine()) and said.get("machine") == _machine()


def _machine() -> str:
    """Return what tells this machine, since its start, and its processes from others.

    Containers have numbers of processes of their own.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return ""


def _started(process: int) -> int:
    """Return when a process started, in ticks since the start; 0 if there is none."""
    try:
        said = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return 0
    # A name in parentheses, which may have spaces and parentheses, comes before.
    fields = said.rpartition(")")[2].split()
    return 0 if fields[0] in ("Z", "X") else int(fields[19])
