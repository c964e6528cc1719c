"""How connections end, and what becomes of peers that do not read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from geartrain.engine.engine import Engine
from geartrain.engine.model.peers import Peer
from geartrain.server.closing import Closing
from geartrain.server.connection import Connection, Writer, discard


class FakeTransport:
    def __init__(self, unread: int) -> None:
        self.unread = unread
        self.told: list[str] = []

    def get_write_buffer_size(self) -> int:
        return self.unread

    def is_closing(self) -> bool:
        return "close" in self.told

    def close(self) -> None:
        self.told.append("close")

    def abort(self) -> None:
        self.told.append("abort")


class FakeConnection:
    """A connection whose peer may be due an answer, and is its own."""

    def __init__(self, unread: int = 0, *, is_due: bool = False) -> None:
        self.transport = FakeTransport(unread)
        self.is_due = is_due
        self.is_read = True

    def is_due_an_answer(self) -> bool:
        return self.is_due

    def read_no_more(self) -> None:
        self.is_read = False


class FakeEngine:
    def __init__(self) -> None:
        self.closing: list[FakeConnection] = []
        self.busy: set[FakeConnection] = set()

    def take_closing(self) -> list[FakeConnection]:
        taken, self.closing = self.closing, []
        return taken

    def engaged(self) -> set[FakeConnection]:
        return self.busy


class Scene:
    """Connections, each its own peer, and a clock that only calls back when told."""

    def __init__(self, *connections: FakeConnection) -> None:
        self.engine = FakeEngine()
        self.known = {each: each for each in connections}
        self.writers: dict[FakeConnection, Writer] = {}
        self.due: list[Callable[[], object]] = []
        self.closing = Closing(
            cast("Engine", self.engine),
            cast("dict[Peer, Connection]", self.known),
            cast("dict[Peer, Writer]", self.writers),
            self._call_later,
        )

    def _call_later(
        self, seconds: float, call: Callable[..., None], *given: Any
    ) -> Any:
        self.due.append(lambda: call(*given))

    def pass_time(self) -> None:
        due, self.due = self.due, []
        for call in due:
            call()


def expelled(unread: int) -> tuple[Scene, FakeConnection]:
    one, other = FakeConnection(unread), FakeConnection()
    scene = Scene(one, other)
    scene.engine.closing.append(one)
    scene.closing.close_expelled()
    assert other.transport.told == []
    return scene, one


def test_a_peer_that_is_expelled_is_sent_nothing_more() -> None:
    scene, one = expelled(0)
    assert one.transport.told == ["close"]
    assert scene.writers == {one: discard}


def test_one_that_has_left_before_is_passed_over() -> None:
    scene = Scene()
    scene.engine.closing.append(FakeConnection())
    scene.closing.close_expelled()
    assert scene.due == []


def test_one_that_reads_what_is_due_is_waited_for() -> None:
    scene, one = expelled(3)
    for left in (2, 1):
        one.transport.unread = left
        scene.pass_time()
        assert one.transport.told == ["close"]
    del scene.known[one]
    scene.pass_time()
    assert (one.transport.told, scene.due) == (["close"], [])


@pytest.mark.parametrize("left", [3, 0])
def test_one_that_reads_nothing_or_does_not_leave_is_dropped(left: int) -> None:
    scene, one = expelled(3)
    one.transport.unread = left
    scene.pass_time()
    assert (one.transport.told, scene.due) == (["close", "abort"], [])


def test_who_concerns_no_running_job_is_closed_once_it_is_answered() -> None:
    busy, free, awaiting = (
        FakeConnection(),
        FakeConnection(),
        FakeConnection(is_due=True),
    )
    scene = Scene(busy, free, awaiting)
    scene.engine.busy.add(busy)
    scene.closing.close_disengaged()
    told = [each.transport.told for each in (busy, free, awaiting)]
    assert told == [[], ["close"], []]
    assert [each.is_read for each in (busy, free, awaiting)] == [True, True, False]
    awaiting.is_due = False
    scene.closing.close_disengaged()
    assert free.transport.told == awaiting.transport.told == ["close"]


def test_all_are_closed_or_dropped_at_once() -> None:
    one, other = FakeConnection(), FakeConnection()
    scene = Scene(one, other)
    scene.closing.close_all()
    scene.closing.abort_all()
    assert one.transport.told == other.transport.told == ["close", "abort"]
