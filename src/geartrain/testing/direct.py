"""A job server without thread or event loop: it reacts while it is spoken to."""

from __future__ import annotations

from collections.abc import Callable

from geartrain.engine.engine import Engine
from geartrain.engine.model.peers import Peer
from geartrain.server.cron import calendar
from geartrain.server.options import Options
from geartrain.server.server import engine_options
from geartrain.stores.memory import MemoryStore
from geartrain.testing.clock import MovedClock, advance

__all__ = ["DirectEngine"]


class DirectEngine:
    """The engine and a store in memory, in the thread of who calls.

    Attributes:
        engine: the engine, for those that only read.
    """

    def __init__(self, options: Options, clock: MovedClock) -> None:
        """Begin; raises OptionError if a policy means nothing."""
        self.engine = Engine(engine_options(options), calendar(options.timezone))
        self._clock = clock
        self._store = MemoryStore()
        self._writers: dict[Peer, Callable[[list[bytes]], None]] = {}
        for pattern, settings in options.policies:
            self.engine.change_policy(pattern, settings)
        self.engine.set_clock(*clock.read_first())
        self.engine.resume(
            self._store.open(), clock.monotonic(), keeps_jobs=False, holds=False
        )

    def _set_clock(self) -> None:
        reading = self._clock.read()
        if reading is not None:
            self.engine.set_clock(reading.offset, reading.asleep)

    def connect(self, descriptor: int, write: Callable[[list[bytes]], None]) -> Peer:
        """Take a peer; ``write`` is called with what is due to it."""
        peer = self.engine.connect(descriptor, b"unix", True)
        self._writers[peer] = write
        return peer

    def disconnect(self, peer: Peer) -> None:
        """React to a peer's leaving."""
        del self._writers[peer]
        self.engine.disconnect(peer, self._clock.monotonic())
        self._settle()

    def receive(self, peer: Peer, data: bytes) -> None:
        """React to bytes of a peer, and write all that is said to that."""
        self._set_clock()
        self.engine.receive(peer, data, self._clock.monotonic())
        self._settle()

    def move(self, seconds: float, pause: Callable[[], None]) -> None:
        """Move the clock ahead; ``pause`` is called whenever something has come due."""
        for _ in advance(self._clock, seconds, self.engine.deadline):
            self._set_clock()
            self.engine.tick(self._clock.monotonic())
            self._settle()
            pause()

    def _settle(self) -> None:
        """Write what is due to peers, and have the store do what there is to do."""
        self._write()
        while (batch := self.engine.take_batch()) is not None:
            self._store.commit(batch)
            for query in batch.queries:
                self._store.answer(query)
            self.engine.committed(self._clock.monotonic())
            self._write()

    def _write(self) -> None:
        """Write what is due, and go on with what was left until nothing is."""
        while True:
            for peer, pieces in self.engine.take_unsent():
                if peer in self._writers:
                    self._writers[peer](pieces)
            if not self.engine.has_more():
                break
            self.engine.go_on(self._clock.monotonic())
        self.engine.take_freed()
        self.engine.take_notices()
