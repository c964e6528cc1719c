"""Errands: jobs of a peer, on their way through this job server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from geartrain.cluster.groups import Group
from geartrain.engine.model.links import LinkReport
from geartrain.protocol.calls import Call
from geartrain.protocol.client import ClientProtocol, Event
from geartrain.protocol.constants import PacketType
from geartrain.protocol.headers import asked
from geartrain.protocol.nodes import ENDED
from geartrain.protocol.packets import NO_MORE, Packet, request_header
from geartrain.texts import visible

__all__ = ["Errand", "Errands", "reported", "shown"]

# From this size on data is passed on by itself rather than copied.
_LARGE: Final = 16 * 1024
# Bytes that are kept of what a peer says went wrong.
_MOST_ERROR: Final = 300


class Errand:
    """One job of a peer, which is also a job of this job server.

    Attributes:
        handle: the job's at the peer.
        function: what it is for.
        call: its submission here; that has its handle here.
        since: when it was given.
        is_claiming: a worker that sleeps is still counted as claimed for it.
        is_extra: it was taken although no worker slept.
        is_over: nothing that is told of it here matters any more.
    """

    __slots__ = (
        "call",
        "function",
        "handle",
        "is_claiming",
        "is_extra",
        "is_over",
        "since",
    )

    def __init__(self, given: Sequence[bytes], now: float) -> None:
        """Take the arguments of the packet that gave it."""
        self.handle = given[0]
        self.function = given[1]
        self.since = now
        self.is_claiming = True
        self.is_extra = False
        self.is_over = False
        # What is sent for it is not kept: it may be large.
        self.call = Call(b"", b"", PacketType.JOB_CREATED, True)
        self.call.owner = self

    def submit(
        self, client: ClientProtocol, packet: Packet, headers: bytes
    ) -> list[bytes]:
        """Begin its submission here; return that in few pieces."""
        given = packet.arguments
        unique = given[2] if packet.type != PacketType.JOB_ASSIGN else b""
        reducer = given[3] if packet.type == PacketType.JOB_ASSIGN_ALL else b""
        self.call.has_headers = len(headers) > 0
        client.begin(self.call)
        arguments = [self.function, unique, given[-1]]
        packet_type = PacketType.SUBMIT_JOB
        if reducer:
            arguments = [self.function, unique, reducer, b"", given[-1]]
            packet_type = PacketType.SUBMIT_REDUCE_JOB
        pieces = _packet(packet_type, arguments, packet.more)
        return [asked(headers), *pieces] if headers else pieces


class Errands:
    """All jobs of a peer that are here by one line, counted where others see it."""

    def __init__(
        self, group: Group, client: ClientProtocol, record: LinkReport
    ) -> None:
        """Count claims in ``group`` and jobs in ``record``; ``client`` submits them."""
        self._group = group
        self._client = client
        self._record = record
        self._errands: dict[bytes, Errand] = {}
        self._called_off: list[bytes] = []

    def __len__(self) -> int:
        return len(self._errands)

    def __iter__(self) -> Iterator[Errand]:
        """Go over them; they may be forgotten meanwhile."""
        return iter(list(self._errands.values()))

    def get(self, handle: bytes) -> Errand | None:
        """Return the one that has this handle at the peer."""
        return self._errands.get(handle)

    def has_extra(self) -> bool:
        """Tell whether one of them was taken although no worker slept."""
        return any(errand.is_extra for errand in self)

    def add(self, errand: Errand) -> None:
        """Take one in; an earlier one of the same job is given up by the peer."""
        earlier = self._errands.get(errand.handle)
        if earlier is not None:
            self.call_off(earlier)
            self.forget(earlier)
        self._errands[errand.handle] = errand
        self._record.taken += 1
        self._record.running += 1

    def call_off(self, errand: Errand) -> None:
        """Have the engine end a job, as soon as it has it, and tell no more of it."""
        errand.is_over = True
        if errand.call.handle and not errand.call.is_forgotten:
            self._client.forget(errand.call)
            self._called_off.append(errand.call.handle)

    def take_called_off(self) -> list[bytes]:
        """Return the handles of jobs that the engine is to end, once."""
        taken, self._called_off = self._called_off, []
        return taken

    def unclaim(self, errand: Errand) -> None:
        """Count no worker as claimed for it any more."""
        if errand.is_claiming:
            errand.is_claiming = False
            self._group.unclaim()

    def refuse(self, errand: Errand, size: int, most: int, node: bytes) -> list[bytes]:
        """End a job in a packet of more bytes than this node takes; return packets.

        It would come again if it were given back, however often, and each time take the
        time of a large transfer.
        """
        error = _too_large(size, most, node)
        self._record.error = shown(error)
        self.forget(errand)
        return _report(PacketType.WORK_EXCEPTION, errand.handle, [error])

    def forget(self, errand: Errand) -> None:
        """Let go of one that has ended, or is the peer's again."""
        self.unclaim(errand)
        if self._errands.get(errand.handle) is errand:
            del self._errands[errand.handle]
            self._record.running -= 1


def reported(handle: bytes, event: Event) -> list[bytes]:
    """Return what the engine told of a job as a worker tells it, in few pieces."""
    told = event.arguments[1:]
    if event.type == PacketType.WORK_EXCEPTION and told[0].startswith(ENDED):
        how = told[0].removeprefix(ENDED)
        option = ENDED + b"\0".join([handle, how])
        return _packet(PacketType.OPTION_REQ, [option], event.more)
    return _report(event.type, handle, told, event.more)


def _report(
    packet_type: int,
    handle: bytes,
    arguments: list[bytes],
    more: list[bytes] = NO_MORE,
) -> list[bytes]:
    """Return a packet about a job, WORK_COMPLETE and so on, in few pieces."""
    return _packet(packet_type, [handle, *arguments], more)


def _packet(packet_type: int, arguments: list[bytes], more: list[bytes]) -> list[bytes]:
    """Return a request in few pieces, of which large data is not copied."""
    size = sum(map(len, arguments)) + len(arguments) - 1
    if size < _LARGE and not more:
        return [request_header(packet_type, size) + b"\0".join(arguments)]
    head = request_header(packet_type, size + sum(map(len, more)))
    return [head + b"\0".join([*arguments[:-1], b""]), arguments[-1], *more]


def _too_large(size: int, most: int, node: bytes) -> bytes:
    """Return why a node does not take a job, in a packet of ``size`` bytes."""
    return (
        b"the workload, in a packet of %d bytes, is more than the %d that node %b"
        b" takes: raise its --max-packet" % (size, most, node)
    )


def shown(error: bytes) -> str:
    """Return what a job server said, as far as it can be shown."""
    return visible(error[:_MOST_ERROR].decode(errors="replace"))
