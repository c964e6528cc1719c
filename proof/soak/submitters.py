"""Clients of a soak: they note each job that was acknowledged."""

from __future__ import annotations

import random
import socket
import threading
import time

from geartrain.protocol.constants import PacketType
from proof.soak.kinds import FUNCTION, KINDS
from tests.support.wire import Wire, packet

__all__ = ["Submitter"]

_BATCH = 20
_FLOW_KEYS = 40


class Submitter(threading.Thread):
    """Submits background jobs at a steady pace, and sometimes fills the disk.

    Attributes:
        acknowledged: the keys of the jobs with a JOB_CREATED.
        refused: how many submissions were answered with ERROR.
        unknown: how many were under way when the connection ended.
        flood_until: until when it submits large jobs as fast as it can, by
            ``time.monotonic``.
    """

    def __init__(self, number: int, port: int, pause: float) -> None:
        super().__init__(daemon=True)
        self.acknowledged: list[bytes] = []
        self.refused = 0
        self.unknown = 0
        self.flood_until = 0.0
        self._number = number
        self._port = port
        self._pause = pause
        self._chance = random.Random(number)
        self._count = 0
        self._stopping = threading.Event()

    def finish(self) -> None:
        """Submit no more."""
        self._stopping.set()
        self.join()

    def run(self) -> None:
        """Submit until told to finish, over all restarts of the job server."""
        while not self._stopping.is_set():
            try:
                connection = socket.create_connection(("127.0.0.1", self._port), 1)
                connection.settimeout(30)
                with Wire(connection) as wire:
                    self._submit(wire)
            except OSError:
                time.sleep(0.1)

    def _submit(self, wire: Wire) -> None:
        while not self._stopping.is_set():
            is_flood = time.monotonic() < self.flood_until
            keys = [self._key(is_flood) for _ in range(_BATCH)]
            size = 8000 if is_flood else 50
            self.unknown += len(keys)
            wire.send_bytes(
                b"".join(
                    packet(18, self._function(), b"", key + b" " + b"w" * size)
                    for key in keys
                )
            )
            for key in keys:
                answer = wire.read()
                self.unknown -= 1
                if answer.type == PacketType.JOB_CREATED:
                    self.acknowledged.append(key)
                else:
                    self.refused += 1
            if not is_flood:
                time.sleep(self._pause)

    def _function(self) -> bytes:
        """Return the name of the function, with a flow key that limits hold it by."""
        account = self._chance.randrange(_FLOW_KEYS)
        return f"{FUNCTION}?key=account-{account}".encode()

    def _key(self, is_flood: bool) -> bytes:
        self._count += 1
        kinds = list(KINDS.values())
        shares = [each.share for each in kinds]
        kind = "plain" if is_flood else self._chance.choices(kinds, shares)[0].name
        return b"s%d-%s-%d" % (self._number, kind.encode(), self._count)
