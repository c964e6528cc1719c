"""Two engines, of which the workers of the one help the other, without sockets."""

from __future__ import annotations

from geartrain.cluster.groups import Group
from geartrain.cluster.line import PeerLine
from geartrain.engine.model.links import LinkReport
from tests.support.dialogue import DialoguePeer, World

__all__ = ["Helped", "Lined"]


class Lined:
    """A line between two worlds, as its carrier and the driver of links work it."""

    def __init__(
        self, here: World, peer: World, identity: bytes, max_packet: int = 0
    ) -> None:
        self.here, self.peer = here, peer
        self.record = LinkReport("peer:4730")
        self.group = Group()
        helping = here.engine.helping
        helping.follow((self.record,))
        self.line = PeerLine(
            self.group,
            identity,
            b"here",
            self.record,
            helping,
            max_packet,
        )
        self.worker: DialoguePeer = peer.connect()
        self.client: DialoguePeer = here.connect()
        self.client.engine_peer.link = LinkReport("other:4730")
        self.sent: list[bytes] = []
        self.line.begin()
        self.form()

    def form(self) -> None:
        """Have the line know of all workers here, which have one set of functions."""
        helping, now = self.here.engine.helping, self.here.now
        self.group.change(helping.crews(), helping, now)
        self.line.announce(self.here.now)
        self.run()

    def run(self) -> None:
        """Carry bytes until nobody has more to say."""
        while self._step():
            pass

    def _step(self) -> bool:
        line, now = self.line, self.here.now
        if self.here.engine.helping.take_stirred() or self.group.has_room:
            self.group.serve(now)
        for_peer = b"".join(line.take_for_peer())
        for_engine = b"".join(line.take_for_engine())
        called_off = line.take_called_off()
        if for_peer:
            self.sent.append(for_peer)
            self.worker.send(for_peer)
        if for_engine:
            self.client.send(for_engine)
        self._call_off(called_off)
        of_peer, of_engine = self.worker.take_bytes(), self.client.take_bytes()
        if of_peer:
            line.hear_peer(of_peer, now)
        if of_engine:
            line.hear_engine(of_engine, now)
        return bool(for_peer or for_engine or called_off or of_peer or of_engine)

    def _call_off(self, handles: list[bytes]) -> None:
        for handle in handles:
            us = self.client.engine_peer
            self.here.engine.helping.call_off(us, handle, self.here.now)
            self.here.deliver()

    def wait(self, seconds: float) -> None:
        """Let time pass in both worlds."""
        for number in range(max(1, round(seconds / 0.25))):
            if number % 20 == 0:
                self.line.probe()
            self.here.advance(min(seconds, 0.25))
            self.peer.advance(min(seconds, 0.25))
            self.line.tick(self.here.now)
            self.run()

    def end(self) -> None:
        """Have the connection to the peer end."""
        self.line.end()
        self._call_off(self.line.take_called_off())
        self.worker.leave()
        self.client.leave()


class Helped:
    """A job server without workers, its client, and one whose workers help it."""

    def __init__(self, *, identity: bytes = b"aaaa", choice: str = "priority") -> None:
        self.here = World(handle_prefix=b"H:here")
        self.peer = World(handle_prefix=b"H:peer", choice=choice)
        self.client = self.peer.client()
        self.workers: list[DialoguePeer] = []
        self._identity = identity
        self.lined: Lined | None = None

    def link(
        self, sleepers: int = 1, function: str = "f", max_packet: int = 0
    ) -> Lined:
        """Have so many workers sleep, and the line be there."""
        for _ in range(sleepers):
            self.workers.append(self.here.sleeper(function))
        self.lined = Lined(self.here, self.peer, self._identity, max_packet)
        return self.lined
