"""Actors: clients, workers and operators, each on a thread of its own."""

from __future__ import annotations

import contextlib
import random
import socket
import traceback
from abc import ABC, abstractmethod

from proof.torture.history import History
from tests.support.wire import Wire

__all__ = ["Actor", "connect"]

# A job server that does not answer for this many seconds is stuck.
PATIENCE = 30.0


def connect(port: int) -> socket.socket:
    """Open a connection to a job server of this machine."""
    connection = socket.create_connection(("127.0.0.1", port), PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class Actor(ABC):
    """A peer that reconnects to each job server of a campaign.

    Attributes:
        name: who it is; the same seed and name make the same choices.
        randomness: what it chooses by.
        history: where it notes what it does.
        round: which job server it is with.
    """

    def __init__(self, name: str, seed: str, history: History) -> None:
        self.name = name
        self.randomness = random.Random(f"{seed} {name}")
        self.history = history
        self.round = 0
        self.is_leaving = False
        self._wire: Wire | None = None

    def run(self, port: int, number: int) -> None:
        """Act until the job server is gone, or ``leave`` is called."""
        self.round = number
        self.is_leaving = False
        try:
            while not self.is_leaving:
                self._visit(port)
        except TimeoutError:
            self.history.faults.append(
                f"{self.name} got no answer for {PATIENCE} seconds in round {number}"
            )
        except OSError:
            # The job server is gone.
            return
        except Exception:
            self.history.faults.append(
                f"{self.name} in round {number}: {traceback.format_exc()}"
            )

    def _visit(self, port: int) -> None:
        with Wire(connect(port)) as wire:
            self._wire = wire
            if not self.is_leaving:
                self.act(wire)

    @abstractmethod
    def act(self, wire: Wire) -> None:
        """Act on a new connection; after the return another one is opened."""

    def leave(self) -> None:
        """End ``run``, whatever it waits for; for any thread."""
        self.is_leaving = True
        if self._wire is not None:
            with contextlib.suppress(OSError):
                self._wire.socket.shutdown(socket.SHUT_RDWR)
