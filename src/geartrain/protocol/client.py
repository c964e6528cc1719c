"""The client's side of a connection: what was asked, and what has been answered.

Requests are answered in the order they were sent, PROTOCOL says; what is told of a
job later carries its handle. Nothing is sent or received here.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from geartrain.errors import ProtocolError
from geartrain.protocol.calls import Call, option_call
from geartrain.protocol.constants import UNKNOWN_OPTION, WAIT_WITHOUT_WORKER, PacketType
from geartrain.protocol.options import OPTIONS
from geartrain.protocol.packets import NO_MORE, Packet
from geartrain.protocol.replies import ReplyParser

__all__ = ["ClientProtocol", "Event"]

_OF_A_JOB: Final = frozenset(
    {
        PacketType.WORK_COMPLETE,
        PacketType.WORK_DATA,
        PacketType.WORK_WARNING,
        PacketType.WORK_STATUS,
        PacketType.WORK_EXCEPTION,
        PacketType.WORK_FAIL,
    }
)
_LAST_OF_A_JOB: Final = frozenset(
    {PacketType.WORK_COMPLETE, PacketType.WORK_EXCEPTION, PacketType.WORK_FAIL}
)


def _without(handle: bytes) -> bytes:
    return (
        b"the job server knows no options of submissions, and has queued the job as "
        + handle
        + b" without them"
    )


def _forgotten(call: Call) -> Call:
    """Return a call that nobody waits for."""
    call.is_forgotten = True
    return call


class Event:
    """Something that a packet told of a call."""

    def __init__(
        self,
        type: int,
        call: Call,
        arguments: list[bytes],
        more: list[bytes] = NO_MORE,
    ) -> None:
        self.type = type
        """The packet type's number: JOB_CREATED, WORK_*, STATUS_RES, ERROR, …."""
        self.call = call
        """The call it is about."""
        self.arguments = arguments
        """Of the packet, as many as PROTOCOL gives its type."""
        self.more = more
        """What follows the last argument of a large packet that came in pieces."""


class _Followers:
    """The calls that are told of one job: several, if submissions were coalesced."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.turn = 0

    def next(self) -> Call:
        """Return the one that the next packet is for: each is sent its own."""
        call = self.calls[self.turn % len(self.calls)]
        self.turn = (self.turn + 1) % len(self.calls)
        return call


class ClientProtocol:
    """One connection, from the first request until it is lost.

    ``begin`` each call and send its packet, in this order; hand ``receive`` what
    arrives.
    """

    def __init__(self, *, in_pieces: bool = False) -> None:
        """Begin; with ``in_pieces`` large packets are not joined (``Event.more``)."""
        self.failure: ProtocolError | None = None
        """Why the connection is at its end, once ``receive`` has found that."""
        self.is_geartrain = False
        """The job server knows Geartrain's own options, and so its text commands."""
        self._probe: Call | None = None
        # What becomes of calls without a worker that do not say it themselves.
        self._without_worker = WAIT_WITHOUT_WORKER
        self._parser = ReplyParser(in_pieces=in_pieces)
        self._asked: deque[Call] = deque()
        self._followers: dict[bytes, _Followers] = {}
        # How many of the calls that are not done are not forgotten.
        self._wanted = 0

    @property
    def is_waiting(self) -> bool:
        """Tell whether anything is to come of a call that is not forgotten."""
        return self._wanted > 0

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing at all is to come."""
        return not self._asked and not self._followers

    def begin(self, call: Call) -> bytes:
        """Expect what a call will be answered; return its packet, to be sent.

        A call whose connection was lost may begin again on another one.
        """
        call.handle = b""
        call.is_answered = False
        call.is_done = False
        call.lacks_options = False
        if not call.is_forgotten:
            self._wanted += 1
        if call.without_worker not in (b"", self._without_worker):
            return self._begin_apart(call)
        self._expect(call)
        return call.packet

    def _begin_apart(self, call: Call) -> bytes:
        """Change an option of the connection for the length of one submission."""
        own = _forgotten(option_call(call.without_worker))
        usual = _forgotten(option_call(self._without_worker))
        self._asked.append(own)
        self._expect(call)
        self._asked.append(usual)
        call.around = len(own.packet) + len(usual.packet)
        return own.packet + call.packet + usual.packet

    def _expect(self, call: Call) -> None:
        if call.has_headers:
            # A job server that does not know the option refuses it, and nothing else.
            self._asked.append(_forgotten(option_call(b"headers")))
        if call.has_options:
            option = _forgotten(option_call(OPTIONS))
            option.owner = call
            self._asked.append(option)
        self._asked.append(call)

    def begin_options(self, without_worker: bytes = b"") -> bytes:
        """Ask to be told exceptions, and why a job server ends a job.

        The second is Geartrain's own, and so is ``without_worker``, what becomes of
        calls whose function no worker has: job servers that do not know them refuse
        them, and nobody waits for any.
        """
        packets: list[bytes] = []
        names = [b"exceptions", b"reasons"]
        if without_worker:
            self._without_worker = without_worker
            names.append(without_worker)
        for name in names:
            option = self._probe = _forgotten(option_call(name))
            packets.append(self.begin(option))
        return b"".join(packets)

    def receive(self, data: bytes) -> list[Event]:
        """Take bytes that arrived; return what they tell, in order.

        What is about forgotten calls, or jobs that nobody here asked for, is left out.
        Where what follows them breaks the protocol, ``failure`` says so.

        Raises:
            ProtocolError: what answers is no job server, or breaks the protocol; the
                connection is at its end.
        """
        parser = self._parser
        parser.feed(data)
        events: list[Event] = []
        try:
            packet = parser.next()
            while packet is not None:
                event = self._event(packet)
                if event is not None:
                    events.append(event)
                packet = parser.next()
        except ProtocolError as error:
            self.failure = error
            if not events:
                raise
        return events

    def forget(self, call: Call) -> None:
        """Tell nothing more of a call that has begun here."""
        if not call.is_forgotten and not call.is_done:
            self._wanted -= 1
        call.is_forgotten = True

    def lost(self) -> list[Call]:
        """Return the calls that were to be told more, and expect nothing any more."""
        calls = list(self._asked)
        for followers in self._followers.values():
            calls += followers.calls
        self._asked.clear()
        self._followers.clear()
        self._wanted = 0
        return [call for call in calls if not call.is_forgotten]

    def _event(self, packet: Packet) -> Event | None:
        if packet.type in _OF_A_JOB:
            call = self._follower(packet.type, packet.arguments[0])
        else:
            call = self._answered(packet)
        if call is None or call.is_forgotten:
            return None
        if call.is_done:
            self._wanted -= 1
        if call.lacks_options and packet.type == PacketType.JOB_CREATED:
            arguments = [UNKNOWN_OPTION, _without(call.handle)]
            return Event(PacketType.ERROR, call, arguments)
        return Event(packet.type, call, packet.arguments, packet.more)

    def _follower(self, packet_type: int, handle: bytes) -> Call | None:
        """Return the call that a packet about a job is for, if any."""
        # gearmand ends the handle of a WORK_FAIL with a NUL where it stands for an
        # exception.
        handle = handle.rstrip(b"\0")
        followers = self._followers.get(handle)
        if followers is None:
            return None
        call = followers.next()
        if packet_type in _LAST_OF_A_JOB:
            call.is_done = True
            followers.calls.remove(call)
            followers.turn = 0
            if not followers.calls:
                del self._followers[handle]
        return call

    def _answered(self, packet: Packet) -> Call | None:
        """Return the call that a packet answers."""
        asked = self._asked
        if packet.type == PacketType.ERROR:
            # One that answers nothing is a notice, which concerns no call.
            call = asked.popleft() if asked else None
        elif asked and asked[0].answer == packet.type:
            call = asked.popleft()
        else:
            raise ProtocolError(
                b"UNEXPECTED_PACKET",
                b"the job server sent a %s that answers nothing"
                % PacketType(packet.type).name.encode(),
            )
        if call is None:
            return None
        call.is_answered = True
        call.is_done = True
        if packet.type == PacketType.ERROR and isinstance(call.owner, Call):
            call.owner.lacks_options = True
        if call is self._probe:
            self.is_geartrain = packet.type == PacketType.OPTION_RES
        if packet.type == PacketType.JOB_CREATED:
            self._created(call, packet.arguments[0])
        return call

    def _created(self, call: Call, handle: bytes) -> None:
        call.handle = handle
        if not call.is_foreground or call.lacks_options:
            return
        call.is_done = False
        followers = self._followers.get(handle)
        if followers is None:
            followers = self._followers[handle] = _Followers()
        followers.calls.append(call)
