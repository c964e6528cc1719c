"""The client's side of a connection: what was asked, and what has been answered.

Requests are answered in the order they were sent, PROTOCOL says; what is told of a
job later carries its handle. Nothing is sent or received here.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from geartrain.errors import ProtocolError
from geartrain.protocol.constants import PacketType
from geartrain.protocol.headers import asked
from geartrain.protocol.packets import Packet, request
from geartrain.protocol.replies import ReplyParser

__all__ = [
    "Call",
    "ClientProtocol",
    "Event",
    "following",
    "option_call",
    "question",
    "submission",
]


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

_FOREGROUND: Final = frozenset(
    {
        PacketType.SUBMIT_JOB,
        PacketType.SUBMIT_JOB_HIGH,
        PacketType.SUBMIT_JOB_LOW,
        PacketType.SUBMIT_REDUCE_JOB,
    }
)
_ANSWERS: Final[dict[int, int]] = {
    PacketType.ECHO_REQ: PacketType.ECHO_RES,
    PacketType.GET_STATUS: PacketType.STATUS_RES,
    PacketType.GET_STATUS_UNIQUE: PacketType.STATUS_RES_UNIQUE,
    PacketType.OPTION_REQ: PacketType.OPTION_RES,
}


class Call:
    """One request, and what has become of it."""

    def __init__(
        self, packet: bytes, unique: bytes, answer: int, is_foreground: bool
    ) -> None:
        self.packet = packet
        """The whole request packet."""
        self.unique = unique
        """Of a submission; empty for none."""
        self.answer = answer
        """The packet type that answers it."""
        self.is_submission = answer == PacketType.JOB_CREATED
        """It is answered by JOB_CREATED."""
        self.is_foreground = is_foreground
        """More is told of its job after that."""
        self.handle = b""
        """The job's, from JOB_CREATED on."""
        self.is_answered = False
        """Its answer has come."""
        self.is_done = False
        """Nothing more is told of it."""
        self.is_forgotten = False
        """Nobody wants to know any more."""
        self.has_headers = False
        """An OPTION_REQ with the job's headers comes first in the packet."""
        self.owner: Any = None
        """Whoever made it may keep something here."""


def submission(
    packet_type: int, unique: bytes, arguments: list[bytes], headers: bytes = b""
) -> Call:
    """Return the submission of a job; ``arguments`` are all that the type has."""
    packet = request(packet_type, *arguments)
    if headers:
        packet = asked(headers) + packet
    call = Call(packet, unique, PacketType.JOB_CREATED, packet_type in _FOREGROUND)
    call.has_headers = len(headers) > 0
    return call


def question(packet_type: int, argument: bytes) -> Call:
    """Return an ECHO_REQ, a GET_STATUS or a GET_STATUS_UNIQUE."""
    return Call(request(packet_type, argument), b"", _ANSWERS[packet_type], False)


def following(handle: bytes) -> Call:
    """Return the text command ``follow``: what is told of a job that was submitted.

    Geartrain's own; it is answered by JOB_CREATED, as a submission is.
    """
    call = Call(b"follow %s\n" % handle, b"", PacketType.JOB_CREATED, True)
    call.is_submission = False
    return call


def option_call(name: bytes) -> Call:
    """Return the OPTION_REQ of an option of the connection."""
    return question(PacketType.OPTION_REQ, name)


def _forgotten(call: Call) -> Call:
    """Return a call that nobody waits for."""
    call.is_forgotten = True
    return call


class Event:
    """Something that a packet told of a call."""

    def __init__(self, type: int, call: Call, arguments: list[bytes]) -> None:
        self.type = type
        """The packet type's number: JOB_CREATED, WORK_*, STATUS_RES, ERROR, …."""
        self.call = call
        """The call it is about."""
        self.arguments = arguments
        """Of the packet, as many as PROTOCOL gives its type."""


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

    def __init__(self) -> None:
        self.failure: ProtocolError | None = None
        """Why the connection is at its end, once ``receive`` has found that."""
        self.is_geartrain = False
        """The job server knows Geartrain's own options, and so its text commands."""
        self._probe: Call | None = None
        self._parser = ReplyParser()
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
        if not call.is_forgotten:
            self._wanted += 1
        if call.has_headers:
            # A job server that does not know the option refuses it, and nothing else.
            self._asked.append(_forgotten(option_call(b"headers")))
        self._asked.append(call)
        return call.packet

    def begin_options(self, *others: bytes) -> bytes:
        """Ask to be told exceptions, and why a job server ends a job.

        The second is Geartrain's own, and so may be ``others``: job servers that do not
        know them refuse them, and nobody waits for any.
        """
        packets: list[bytes] = []
        for name in (b"exceptions", b"reasons", *others):
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
        return Event(packet.type, call, packet.arguments)

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
        if call is self._probe:
            self.is_geartrain = packet.type == PacketType.OPTION_RES
        if packet.type == PacketType.JOB_CREATED:
            self._created(call, packet.arguments[0])
        return call

    def _created(self, call: Call, handle: bytes) -> None:
        call.handle = handle
        if not call.is_foreground:
            return
        call.is_done = False
        followers = self._followers.get(handle)
        if followers is None:
            followers = self._followers[handle] = _Followers()
        followers.calls.append(call)
