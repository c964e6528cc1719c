"""What a worker does next, as a dialogue without sockets, threads and clocks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from geartrain.protocol.constants import PacketType as P
from geartrain.protocol.packets import request
from geartrain.protocol.worker import Assignment, WorkerProtocol
from geartrain.worker.asking import Answer
from geartrain.worker.functions import WorkerFunction
from geartrain.worker.jobs import BaseJob, WorkerJob
from geartrain.worker.session import GRACE, LATE, TICK, UNANSWERED, Given, Session
from tests.support.parsing import reply

GRAB = request(P.GRAB_JOB_ALL)
SLEEP = request(P.PRE_SLEEP)


class Server:
    """A job server as a session sees it: what it is told, and what was said to it."""

    connector: Any = "a:4730"

    def __init__(self, session: Session) -> None:
        self.protocol: WorkerProtocol = session.protocol(b"")
        self.protocol.register(b"f")
        self.protocol.begin()
        self.protocol.take()
        self.was_left = False
        self._session = session
        self._handles = 0

    def post(
        self, say: Callable[..., bool], assignment: Assignment, *arguments: bytes
    ) -> bool:
        return say(assignment, *arguments)

    def look(self) -> None:
        pass

    def hang_up(self, error: Exception) -> None:
        self.was_left = True

    def drop(self, assignment: Assignment) -> None:
        self.protocol.drop(assignment)

    def said(self) -> bytes:
        return self.protocol.take()

    def assign(self) -> Given:
        """Answer a grab with a job, which becomes ready."""
        self._handles += 1
        packet = reply(P.JOB_ASSIGN_UNIQ, b"H:%d" % self._handles, b"f", b"", b"")
        (assignment,) = self.protocol.receive(packet)
        self._session.ready.put((self, assignment))
        return self, assignment

    def no_job(self) -> None:
        self.protocol.receive(reply(P.NO_JOB))


class World:
    """A session, its only job server, and a clock."""

    def __init__(self, total: int) -> None:
        self.ended: list[BaseJob] = []
        self.session = Session(self._end)
        self.session.open(total)
        self.server = Server(self.session)
        self.now = time.monotonic()

    def _end(self, job: BaseJob) -> None:
        self.ended.append(job)
        self.session.at_hand.pop(job, None)

    def begin(self, timeout: float | None = None) -> WorkerJob:
        """Begin the next job, whose handler goes on."""
        given = self.session.next()
        assert given is not None
        job = WorkerJob(*given, WorkerFunction("f", print, timeout), None)
        job.started = self.now
        self.session.at_hand[job] = job
        return job

    def finish(self, job: WorkerJob) -> None:
        """End a job as its handler does that returns."""
        if job.outcome is None:
            job.send_complete()
        self._end(job)
        job.let_go()
        self.session.free_held()

    def look_round(self, answer: Answer) -> tuple[int, bool]:
        """Look round; return how often a job server was asked, and what came of it."""
        questions, asked = self.session.look_round(self.now), 0
        try:
            next(questions)
            while True:
                asked += 1
                questions.send(answer)
        except StopIteration as end:
            return asked, end.value


@pytest.fixture
def world() -> World:
    return World(3)


def test_nothing_is_grabbed_before_it_is_to_begin(world: World) -> None:
    assert world.server.said() == b""
    world.session.resume()
    assert world.server.said() == GRAB


def test_nothing_is_grabbed_after_a_stop(world: World) -> None:
    world.session.stop(None)
    world.session.resume()
    assert world.server.said() == b""
    assert world.session.is_over(world.now)


def test_jobs_begin_in_the_order_they_came(world: World) -> None:
    world.session.resume()
    given = [world.server.assign() for _ in range(3)]
    assert [world.session.next() for _ in range(4)] == [*given, None]


def test_a_stop_waits_for_grabs_and_for_handlers(world: World) -> None:
    session, server = world.session, world.server
    session.resume()
    server.assign()
    job = world.begin()
    session.stop(None)
    assert not session.is_over(world.now)
    job.send_complete()
    # Two more grabs are unanswered, and the handler has not returned.
    server.no_job()
    server.no_job()
    assert session.slots.unused
    assert not session.is_over(world.now)
    world.finish(job)
    assert session.is_over(world.now)


def test_a_job_that_comes_after_the_stop_is_done(world: World) -> None:
    world.session.resume()
    world.session.stop(None)
    given = world.server.assign()
    assert not world.session.is_over(world.now)
    assert world.session.next() == given


def test_a_stop_leaves_a_silent_job_server_after_some_seconds(world: World) -> None:
    world.session.resume()
    world.session.stop(None)
    assert not world.session.is_over(world.now)
    assert not world.session.is_over(world.now + UNANSWERED)
    assert world.session.is_over(world.now + UNANSWERED + 0.1)


def test_these_seconds_begin_when_no_job_is_at_hand(world: World) -> None:
    session, server = world.session, world.server
    session.resume()
    server.assign()
    session.stop(None)
    assert not session.is_over(world.now + 60.0)
    job = world.begin()
    assert not session.is_over(world.now + 120.0)
    world.finish(job)
    assert not session.is_over(world.now + 180.0)
    assert session.is_over(world.now + 180.0 + UNANSWERED + 0.1)


def test_the_earliest_deadline_holds(world: World) -> None:
    session = world.session
    session.stop(world.now + 9.0)
    session.stop(world.now + 0.5)
    session.stop(world.now + 5.0)
    session.stop(None)
    assert session.give_back_at == world.now + 0.5
    assert session.wait(world.now) == pytest.approx(0.5)
    assert session.wait(world.now + 3.0) == 0.0


def test_a_successor_stops_as_it_would(world: World) -> None:
    world.session.stop(world.now)
    successor = world.session.successor()
    assert successor.is_stopping
    assert successor.give_back_at == world.now
    assert successor.at_hand == {}


@pytest.mark.parametrize(
    ("answer", "outcome", "is_left"),
    [
        ("done", "release", False),
        ("gone", "lost", False),
        ("refused", "release", True),
    ],
)
def test_at_the_deadline_all_jobs_go_back(
    world: World, answer: Answer, outcome: str, is_left: bool
) -> None:
    session, server = world.session, world.server
    session.resume()
    server.assign()
    server.assign()
    job = world.begin()
    session.stop(world.now + 1.0)
    assert world.look_round(answer) == (0, False)
    world.now += 1.0
    # One that waits, and one whose handler runs.
    assert world.look_round(answer) == (2, True)
    assert (job.outcome, server.was_left) == (outcome, is_left)
    assert world.ended == [job]
    # Once is enough.
    assert world.look_round(answer) == (0, False)


def test_after_the_deadline_a_silent_job_server_is_waited_for_a_second(
    world: World,
) -> None:
    session = world.session
    session.resume()
    session.stop(world.now)
    assert world.look_round("done") == (0, True)
    assert not session.slots.unused
    assert not session.is_over(world.now + LATE)
    assert session.is_over(world.now + LATE + 0.1)


def test_an_interrupted_worker_gives_nothing_back(world: World) -> None:
    world.session.resume()
    world.server.assign()
    world.begin()
    world.session.stop(world.now)
    world.session.abandon()
    assert world.look_round("done") == (0, False)
    # Threads that wait for jobs find that there are no more.
    assert world.session.ready.get_nowait() is None


def test_what_waits_behind_a_slow_handler_goes_back(world: World) -> None:
    session, server = world.session, world.server
    session.resume()
    server.assign()
    job = world.begin()
    server.assign()
    server.said()
    world.now += TICK * 0.9
    assert world.look_round("done") == (0, False)
    world.now += TICK * 0.1
    assert world.look_round("done") == (1, False)
    assert session.next() is None
    # Its slot is kept: another would be taken in its place, to wait as long.
    server.no_job()
    assert server.said() == SLEEP
    assert session.slots.free == 1
    world.finish(job)
    assert session.slots.unused


def test_what_a_job_server_does_not_take_back_is_done(world: World) -> None:
    session, server = world.session, world.server
    session.resume()
    server.assign()
    world.begin()
    given = server.assign()
    world.now += TICK
    assert world.look_round("refused") == (1, False)
    assert session.held == []
    assert session.next() == given


def test_an_attempt_beyond_its_timeout_is_ended_after_a_grace(world: World) -> None:
    session, server = world.session, world.server
    session.resume()
    server.assign()
    job = world.begin(timeout=5.0)
    server.said()
    world.now += 5.0 + GRACE / 2
    world.look_round("done")
    assert server.said() == b""
    world.now += GRACE / 2
    world.look_round("done")
    assert job.outcome == "exception"
    assert b"timed out after 5 s" in server.said()
    # Its handler goes on, and keeps the slot.
    assert job in session.at_hand
    assert not session.slots.unused


def patience(world: World) -> float:
    return world.session.patience(world.now)


def test_one_job_is_sought_until_a_time() -> None:
    world = World(1)
    world.session.seek_one(world.now + 5.0)
    assert world.server.said() == GRAB
    world.server.no_job()
    assert patience(world) == pytest.approx(5.0)
    world.now += 5.0
    assert patience(world) == 0.0
    assert world.session.next() is None
    # Nothing is grabbed between two calls.
    world.server.protocol.receive(reply(P.NOOP))
    assert GRAB not in world.server.said()


def test_a_grab_without_an_answer_is_waited_for_a_second() -> None:
    world = World(1)
    world.session.seek_one(world.now)
    assert patience(world) == LATE
    world.now += LATE / 2
    assert patience(world) == pytest.approx(LATE / 2)
    given = world.server.assign()
    assert patience(world) == 0.0
    assert world.session.next() == given


def test_a_stop_ends_the_search() -> None:
    world = World(1)
    world.session.seek_one(world.now + 60.0)
    world.server.no_job()
    assert patience(world) > 0
    world.session.stop(None)
    assert patience(world) == 0.0
    world.session.seek_one(world.now + 60.0)
    assert patience(world) == 0.0


def test_the_job_that_is_found_is_the_only_one() -> None:
    world = World(1)
    world.session.seek_one(world.now + 60.0)
    world.server.assign()
    assert patience(world) == 0.0
    world.server.said()
    job = world.begin()
    world.finish(job)
    assert GRAB not in world.server.said()


def test_abilities_are_told_on_all_connections(world: World) -> None:
    other = Server(world.session)
    world.session.register(b"g", 1500)
    world.session.unregister(b"f")
    told = request(P.CAN_DO_TIMEOUT, b"g", b"1500") + request(P.CANT_DO, b"f")
    assert [world.server.said(), other.said()] == [told, told]


def test_threads_find_the_end_one_after_another(world: World) -> None:
    world.session.ready.put(None)
    assert world.session.next() is None
    assert world.session.next() is None
    assert world.session.ready.qsize() == 1
