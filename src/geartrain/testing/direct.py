"""The engine driven by direct calls, without a thread or an event loop."""

from __future__ import annotations

from collections.abc import Callable

from geartrain.engine.engine import Engine
from geartrain.engine.model.peers import Peer
from geartrain.server.cron import calendar
from geartrain.server.engine_options import engine_options
from geartrain.server.options import Options
from geartrain.stores.memory import MemoryStore
from geartrain.testing.clock import MovedClock, advance

__all__ = ["DirectEngine"]


class DirectEngine:
    """The engine and a store in memory, driven in the caller's thread.

    Attributes:
        engine: the engine, to be read only.
    """

    def __init__(self, options: Options, clock: MovedClock) -> None:
        """Begin; raises OptionError if a policy means nothing."""
        self.engine = Engine(engine_options(options), calendar(options.timezone))
        self._clock = clock
        self._store = MemoryStore()
        self._writers: dict[Peer, Callable[[list[bytes]], None]] = {}
        for pattern, settings in options.policies:
            self.engine.change_policy(pattern, settings)
        self.engine.set_schedules(options.schedules)
        self.engine.set_clock(*clock.read_first())
        self.engine.resume(
            self._store.open(), clock.monotonic(), keeps_jobs=False, holds=False
        )

    def _set_clock(self) -> None:
        reading = self._clock.read()
        if reading is not None:
            self.engine.set_clock(reading.offset, reading.asleep)

    def connect(self, descriptor: int, write: Callable[[list[bytes]], None]) -> Peer:
        """Connect a peer; ``write`` is called with the bytes that are sent to it."""
        peer = self.engine.connect(descriptor, b"unix", True)
        self._writers[peer] = write
        return peer

    def disconnect(self, peer: Peer) -> None:
        """Disconnect a peer."""
        self._writers[peer] = lambda pieces: None
        self.engine.disconnect(peer, self._clock.monotonic())
        self._settle()
        del self._writers[peer]

    def receive(self, peer: Peer, data: bytes) -> None:
        """Process the bytes of a peer, and write all answers."""
        self._set_clock()
        self.engine.receive(peer, data, self._clock.monotonic())
        self._settle()

    def move(self, seconds: float, pause: Callable[[], None]) -> None:
        """Move the clock ahead; call ``pause`` whenever something has become due."""
        for _ in advance(self._clock, seconds, self.engine.deadline):
            self._set_clock()
            self.engine.tick(self._clock.monotonic())
            self._settle()
            pause()

    def _settle(self) -> None:
        """Send the peers' outboxes, and commit the batch that the store is due."""
        self._write()
        while (batch := self.engine.take_batch()) is not None:
            self._store.commit(batch)
            for query in batch.queries:
                self._store.answer(query)
            self.engine.committed(self._clock.monotonic())
            self._write()

    def _write(self) -> None:
        """Send the outboxes, and run the engine until it has nothing left to do."""
        while True:
            for peer, pieces in self.engine.take_unsent():
                self._writers[peer](pieces)
            if not self.engine.has_more():
                break
            self.engine.go_on(self._clock.monotonic())
        self.engine.take_freed()
        self.engine.take_notices()
