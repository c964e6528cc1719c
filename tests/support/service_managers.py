"""Stand where systemd would: start programs, and read what they notify."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.waiting import wait_until

__all__ = ["Notifications", "notified"]


class Notifications:
    """What came on a notification socket.

    Attributes:
        variables: what a program has to find in its environment.
        received: the datagrams so far, as pairs of names and values.
    """

    def __init__(self, address: str, watchdog: float) -> None:
        self.variables = {"NOTIFY_SOCKET": address.replace("\0", "@")}
        if watchdog:
            self.variables["WATCHDOG_USEC"] = str(int(watchdog * 1_000_000))
        self.received: list[dict[str, str]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.setblocking(False)

    def close(self) -> None:
        self._socket.close()

    def read(self) -> list[dict[str, str]]:
        """Return everything that has come."""
        while True:
            try:
                text = self._socket.recv(65536).decode()
            except BlockingIOError:
                return self.received
            lines = [line.partition("=") for line in text.split("\n")]
            self.received.append({name: value for name, _, value in lines})

    def wait(self, name: str, count: int = 1) -> dict[str, str]:
        """Wait until ``name`` was told ``count`` times; return the last of these."""

        def told() -> list[dict[str, str]]:
            return [each for each in self.read() if name in each]

        wait_until(lambda: len(told()) >= count, f"{name} {count} times")
        return told()[count - 1]


@contextmanager
def notified(
    watchdog: float = 0.0, *, abstract: bool = False
) -> Iterator[Notifications]:
    """Listen for notifications for the length of the block."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "notify"))
        address = f"\0geartrain-test-{os.getpid()}" if abstract else path
        listening = Notifications(address, watchdog)
        try:
            yield listening
        finally:
            listening.close()
