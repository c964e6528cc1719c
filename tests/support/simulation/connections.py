"""Connections to an engine that know what they asked for and what was answered."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass

from geartrain.engine.model.peers import Peer
from tests.support.dialogue import Answer, read_answers

__all__ = ["Connection", "Request"]

_RESULTS = ("work_complete", "work_fail", "work_exception")
_FORWARDED = ("noop", "work_data", "work_warning", "work_status", *_RESULTS)
_LISTS = ("jobs", "job", "dead")


@dataclass(frozen=True)
class Request:
    """Something asked that will be answered.

    Attributes:
        kind: the command, or what it is for.
        since: the step it was sent at.
        handle: the job it is about.
        function: what it submits to.
        unique: the unique it submits or asks for.
        workload: what it submits.
    """

    kind: str
    since: int
    handle: bytes = b""
    function: bytes = b""
    unique: bytes = b""
    workload: bytes = b""


class Connection:
    """One peer, seen from its end.

    Attributes:
        peer: the engine's end.
        pending: what was asked and not yet answered, in order.
        assigned: the jobs it was given and has not ended.
        awaited: how many results of each job are still to come.
    """

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.pending: deque[Request] = deque()
        self.assigned: dict[bytes, None] = {}
        self.awaited: Counter[bytes] = Counter()
        self._lines: list[bytes] = []

    def is_idle(self) -> bool:
        """Tell whether what it sends is read at once and answered next."""
        return not self.pending and not self.peer.is_asking

    def hear(self, data: bytes) -> Iterator[tuple[Request, Answer]]:
        """Return the answers in some bytes with what they answer."""
        for answer in read_answers(data):
            if answer.name == "text":
                yield from self._hear_text(answer.arguments[0])
            elif answer.name in _FORWARDED:
                self._hear_forwarded(answer)
            else:
                yield self.pending.popleft(), answer

    def _hear_text(self, text: bytes) -> Iterator[tuple[Request, Answer]]:
        for line in text.splitlines(keepends=True):
            self._lines.append(line)
            is_list = self.pending[0].kind in _LISTS
            is_error = len(self._lines) == 1 and line.startswith(b"ERR ")
            if not is_list or is_error or line == b".\n":
                answer = Answer("text", (b"".join(self._lines),))
                self._lines = []
                yield self.pending.popleft(), answer

    def _hear_forwarded(self, answer: Answer) -> None:
        if answer.name in _RESULTS:
            handle = answer.arguments[0]
            assert self.awaited[handle] > 0, f"{handle!r} ended twice for a client"
            self.awaited[handle] -= 1
