"""Who the addressees are, and which of them jobs wait for.

Every worker is known here by its host and, if it has one, by its id. Most of the time
no job waits for anybody in particular: then ``mail`` is empty, and grabs look at
nothing else.
"""

from __future__ import annotations

from geartrain.engine.model.addressees import CONNECTION, HOST, WORKER
from geartrain.engine.model.flow_keys import FlowKey
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.peers import ASLEEP, Peer

__all__ = ["Addressees", "connection_of"]

# What addressees without workers have; never changed.
_NOBODY: dict[Peer, None] = {}


class Addressees:
    """The workers by what they are addressed by, and the jobs that wait for them."""

    def __init__(self) -> None:
        self.mail: dict[bytes, dict[FlowKey, Function]] = {}
        """The flow keys with jobs that each addressee may have now, if their function
        is open, and that function.
        """
        self._workers: dict[bytes, dict[Peer, None]] = {}

    def enter(self, peer: Peer) -> None:
        """Know a worker by all that it is addressed by, perhaps again."""
        for addressee in _names(peer):
            self._workers.setdefault(addressee, {})[peer] = None

    def leave(self, peer: Peer) -> None:
        """Know a worker no more: it has left, or is about to change its id."""
        for addressee in _names(peer):
            workers = self._workers.get(addressee)
            if workers is not None:
                workers.pop(peer, None)
                if not workers:
                    del self._workers[addressee]

    def workers(self, addressee: bytes) -> dict[Peer, None]:
        """Return the workers that are an addressee, whatever they can do."""
        return self._workers.get(addressee, _NOBODY)

    def is_present(self, addressee: bytes, function: Function) -> bool:
        """Tell whether an addressee has a worker that can do a function."""
        return any(function in peer.abilities for peer in self.workers(addressee))

    def sleeper(self, addressee: bytes, function: Function) -> Peer | None:
        """Return a worker of an addressee that sleeps and can do a function."""
        for peer in self.workers(addressee):
            if peer.wakefulness is ASLEEP and function in peer.abilities:
                return peer
        return None

    def named(self, peer: Peer) -> list[tuple[FlowKey, Function]]:
        """Return the flow keys with jobs for a worker, whatever it can do."""
        found: list[tuple[FlowKey, Function]] = []
        for addressee in _names(peer):
            mail = self.mail.get(addressee)
            if mail is not None:
                found += mail.items()
        return found

    def waiting_for(self, peer: Peer) -> list[tuple[FlowKey, Function]]:
        """Return the flow keys with jobs that a worker may do."""
        return [each for each in self.named(peer) if each[1] in peer.abilities]

    def first_for(self, peer: Peer) -> Job | None:
        """Return the next of the jobs for this worker, if it may have one now."""
        for key, function in self.waiting_for(peer):
            if function.is_open():
                keys = function.keys()
                job = key.first_held(keys is not None and keys.is_fifo)
                if job is not None:
                    return job
        return None


def connection_of(peer: Peer) -> bytes:
    """Return the addressee that is one connection, which has been given a mailbox."""
    return CONNECTION + b"%d %b" % (peer.mailbox, peer.address)


def _names(peer: Peer) -> list[bytes]:
    """Return all that a worker is addressed by; a node is none by itself."""
    if peer.node is not None:
        return []
    found = [HOST + peer.address]
    if peer.client_id not in (b"", b"-"):
        found.append(WORKER + peer.client_id)
    if peer.mailbox:
        found.append(connection_of(peer))
    return found
