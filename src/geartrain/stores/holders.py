"""Holders of a lock in a database: the processes that job servers are."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket

from geartrain.stores.processes import has_died, is_here, this_process
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
            "identity": this_process(),
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
        return is_here(_identity(packed))

    @staticmethod
    def is_gone(packed: bytes) -> bool:
        """Tell whether a holder is known to have ended: a process of this machine."""
        return has_died(_identity(packed))


def _identity(packed: bytes) -> str:
    return str(_read(packed).get("identity"))


def _read(packed: bytes) -> dict[str, object]:
    with contextlib.suppress(ValueError):
        said = json.loads(packed)
        if isinstance(said, dict):
            return said
    return {}
