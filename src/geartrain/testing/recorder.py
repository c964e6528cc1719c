"""Record submissions by reading the bytes of every connection."""

from __future__ import annotations

import dataclasses
import math
from collections import deque
from collections.abc import Iterable

from geartrain.engine.commands.rows import text
from geartrain.protocol.constants import HEADER_SIZE, PacketType
from geartrain.protocol.packets import ARGUMENTS, Packet, request, split
from geartrain.protocol.replies import ReplyParser
from geartrain.testing.clock import MovedClock
from geartrain.testing.records import SubmittedRecord
from geartrain.testing.splitter import OTHER, Splitter

__all__ = ["Recorder", "Tap"]

_PRIORITIES = {
    PacketType.SUBMIT_JOB_HIGH: "high",
    PacketType.SUBMIT_JOB_HIGH_BG: "high",
    PacketType.SUBMIT_JOB_LOW: "low",
    PacketType.SUBMIT_JOB_LOW_BG: "low",
}
_FOREGROUND = {
    PacketType.SUBMIT_JOB,
    PacketType.SUBMIT_JOB_HIGH,
    PacketType.SUBMIT_JOB_LOW,
    PacketType.SUBMIT_REDUCE_JOB,
}
_BACKGROUND = {
    PacketType.SUBMIT_JOB_BG,
    PacketType.SUBMIT_JOB_HIGH_BG,
    PacketType.SUBMIT_JOB_LOW_BG,
    PacketType.SUBMIT_JOB_EPOCH,
    PacketType.SUBMIT_JOB_SCHED,
    PacketType.SUBMIT_REDUCE_JOB_BACKGROUND,
}
_SUBMITS = _FOREGROUND | _BACKGROUND
_SCHEDULE = ("minute", "hour", "day", "month", "weekday")
_ENDS = {
    PacketType.WORK_COMPLETE: "done",
    PacketType.WORK_FAIL: "failed",
    PacketType.WORK_EXCEPTION: "failed",
}


class Recorder:
    """The submissions to one job server.

    Attributes:
        clock: the job server's clock.
        records: the jobs it has accepted, in order, without their states.
        outcomes: how jobs ended, by handle: ``done`` or ``failed``.
    """

    def __init__(self, clock: MovedClock) -> None:
        self.clock = clock
        self.records: list[SubmittedRecord] = []
        self.outcomes: dict[str, str] = {}

    def clear(self) -> None:
        """Forget what was submitted so far."""
        self.records.clear()
        self.outcomes.clear()


class Tap:
    """Reads along on one connection."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._splitter = Splitter()
        self._replies = ReplyParser()
        self._is_text = False
        # Submissions that the job server has not answered yet.
        self._asked: deque[SubmittedRecord] = deque()

    def incoming(self, data: bytes) -> bytes:
        """Record what a peer sends; return what the job server should get.

        That is the same, except for times: they are the system clock's, so they are
        moved as far as the job server's clock was. Delays need no change.
        """
        messages = self._splitter.feed(data)
        return b"".join([self._noted(code, message) for code, message in messages])

    def _noted(self, code: int, message: bytes) -> bytes:
        if code in _SUBMITS:
            kind = PacketType(code)
            if kind is PacketType.SUBMIT_JOB_EPOCH:
                message = self._moved(message)
            self._submit(kind, _arguments(kind, message))
        elif code in _ENDS:
            self._end(PacketType(code), _arguments(PacketType(code), message))
        elif code == OTHER and not message.startswith(b"\0"):
            self._is_text = True
        return message

    def _moved(self, message: bytes) -> bytes:
        arguments = _arguments(PacketType.SUBMIT_JOB_EPOCH, message)
        due = _number(arguments[2]) if len(arguments) == 4 else 0.0
        if due <= 0 or not self._recorder.clock.moved:
            return message
        arguments[2] = b"%.3f" % (due + self._recorder.clock.moved)
        return request(PacketType.SUBMIT_JOB_EPOCH, *arguments)

    def _due(self, epoch: bytes) -> float:
        when, plus, delay = epoch.partition(b"+")
        return self._recorder.clock.time() + _number(delay) if plus else _number(when)

    def _submit(self, kind: PacketType, arguments: list[bytes]) -> None:
        names = ARGUMENTS[kind]
        if len(arguments) < len(names):
            return
        given = dict(zip(names, arguments, strict=True))
        due = self._due(given.get("epoch", b""))
        fields = [text(given[name]) for name in _SCHEDULE if name in given]
        self._asked.append(
            SubmittedRecord(
                function=text(given["function"]),
                workload=given["data"],
                unique=text(given["unique"]),
                priority=_PRIORITIES.get(kind, "normal"),
                background=kind in _BACKGROUND,
                due=due if due > 0 else None,
                schedule=" ".join(fields),
                reducer=text(given.get("reducer", b"")),
                submitted=self._recorder.clock.time(),
            )
        )

    def outgoing(self, pieces: Iterable[bytes]) -> None:
        """Record what the job server answers."""
        if self._is_text:
            return
        for piece in pieces:
            self._replies.feed(piece)
            while (packet := self._replies.next()) is not None:
                self._answer(packet)

    def _answer(self, packet: Packet) -> None:
        if packet.type == PacketType.JOB_CREATED and self._asked:
            handle = text(packet.arguments[0])
            record = dataclasses.replace(self._asked.popleft(), handle=handle)
            self._recorder.records.append(record)
        elif packet.type == PacketType.ERROR and self._asked:
            self._asked.popleft()
        elif packet.type in _ENDS:
            self._end(PacketType(packet.type), packet.arguments)

    def _end(self, kind: PacketType, arguments: list[bytes]) -> None:
        self._recorder.outcomes[text(arguments[0])] = _ENDS[kind]


def _arguments(kind: PacketType, message: bytes) -> list[bytes]:
    return split(kind, message[HEADER_SIZE:])


def _number(data: bytes) -> float:
    try:
        number = float(data or b"0")
    except ValueError:
        return 0.0
    return number if math.isfinite(number) else 0.0
