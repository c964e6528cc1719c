"""The service manager, as systemd: told when this process is ready, stops and lives.

The protocol is that of ``sd_notify(3)``: lines of text in a datagram. Libraries for it
are about as long as this, and none of them removes the variables, so that child
processes would speak for their parent.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import MutableMapping
from typing import Final

__all__ = ["ServiceManager"]

_MICROSECONDS: Final = 1_000_000


class ServiceManager:
    """Whoever started this process and wants to know how it is; perhaps nobody.

    No method waits or raises: a service manager that does not read misses something.

    Attributes:
        watchdog: the process is killed if ``alive`` is not called within this many
            seconds; 0 is never.
    """

    def __init__(self, address: str = "", watchdog: float = 0.0) -> None:
        """Tell the datagram socket at ``address``; a leading ``@`` is an abstract one.

        An empty address is nobody.
        """
        self.watchdog = watchdog if address else 0.0
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket: socket.socket | None = None

    @classmethod
    def take(cls, environment: MutableMapping[str, str] = os.environ) -> ServiceManager:
        """Return the one that the environment names, and remove it from there."""
        address = environment.pop("NOTIFY_SOCKET", "")
        microseconds = environment.pop("WATCHDOG_USEC", "")
        pid = environment.pop("WATCHDOG_PID", "")
        is_watched = microseconds.isdecimal() and pid in ("", str(os.getpid()))
        watchdog = int(microseconds) / _MICROSECONDS if is_watched else 0.0
        return cls(address, watchdog)

    @property
    def is_there(self) -> bool:
        """Tell whether there is anybody to be told."""
        return bool(self._address)

    def starting(self, status: str, seconds: float) -> None:
        """Tell how far the start is, and that it may take ``seconds`` more."""
        self._tell(
            f"STATUS={_line(status)}",
            f"EXTEND_TIMEOUT_USEC={int(seconds * _MICROSECONDS)}",
        )

    def ready(self, status: str) -> None:
        """Tell that the service has started, or reloaded."""
        self._tell("READY=1", f"STATUS={_line(status)}")

    def reloading(self) -> None:
        """Tell that the configuration is read again; ``ready`` has to follow."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._tell("RELOADING=1", f"MONOTONIC_USEC={now}")

    def stopping(self, status: str, seconds: float) -> None:
        """Tell that the service is stopping, and may take ``seconds`` for it."""
        self._tell(
            "STOPPING=1",
            f"STATUS={_line(status)}",
            f"EXTEND_TIMEOUT_USEC={int(seconds * _MICROSECONDS)}",
        )

    def alive(self, status: str) -> None:
        """Tell that the service works, and how it is."""
        self._tell("WATCHDOG=1", f"STATUS={_line(status)}")

    def close(self) -> None:
        """Tell nothing more."""
        self._address = ""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            if self._socket is None:
                self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                self._socket.setblocking(False)
            self._socket.sendto("\n".join(lines).encode(), self._address)
        except OSError:
            # It has gone, or is slow; it cannot be told of that either.
            return


def _line(status: str) -> str:
    return " ".join(status.split())
