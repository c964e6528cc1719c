"""The blocking client."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from geartrain.client import requests, sharing
from geartrain.client.batches import Batches, is_settled
from geartrain.client.bells import Turn
from geartrain.client.cancelling import cancel
from geartrain.client.connections import Connections
from geartrain.client.jobs import SubmittedJob
from geartrain.client.link import Link
from geartrain.client.planning import Plan, Planning
from geartrain.client.pool import Lease, Pool, deadline_after
from geartrain.client.progress import Progress
from geartrain.client.requests import Job, Name
from geartrain.client.updates import JobStatus, job_status
from geartrain.client.verbs import Verbs
from geartrain.client.waiting import (
    Waiter,
    has_news,
    is_done,
    is_unknown,
    kept_outcome,
    outcome,
    text,
)
from geartrain.codecs import Codec, get_codec
from geartrain.errors import ClientError, JobTimeoutError
from geartrain.seconds import Seconds

__all__ = ["Client"]


class Client(
    Verbs[
        Any,
        str,
        SubmittedJob,
        JobStatus,
        float,
        bool,
        None,
        Iterator[str],
        Iterator[Any],
    ],
    Planning[list[str]],
):
    """Submits jobs to Gearman job servers and waits for their results.

    It connects when it is first used, and again whenever it has to. Any number of
    threads may share one, and signal handlers may use it: each call has a connection of
    its own, of at most ``max_connections``, which the next call uses again. A process
    that forks may go on using it on both sides: the child connects anew, and what was
    awaited before the fork is the parent's.

    A job whose connection is lost is submitted again if it has a unique, by which the
    job server knows it; one without raises AmbiguousError before, and LostError after
    it was acknowledged.

    Names are text or bytes. A ``timeout`` is seconds or a timedelta, None what the
    client was made with, and covers all of a call: looking up names, connecting,
    waiting for a connection, sending, and the answer. A foreground job that takes
    longer is left to itself, and if nothing else is awaited on the connection, that is
    ended, and the job server drops a job that has not started.

    All methods that speak to a job server raise:
        ConnectError: none can be reached.
        LostError, AmbiguousError: the connection was lost, as above.
        JobTimeoutError: it took too long.
        ServerError: the job server answered with an error.
        OptionError, CodecError: what was given is wrong; nothing was sent.
    """

    def _prepare(self) -> None:
        super()._prepare()
        self._pool = Pool(
            self._servers, self._connect_timeout, self._heartbeat, self._max_connections
        )
        # Where tasks have been sent that are not done.
        self._tasks_on: Lease | None = None
        # The calls that run them: one, and those of its callbacks.
        self._tasks_runs: dict[int, None] = {}
        self._tasks_turn = Turn()

    def _told(self) -> None:
        """Do nothing: the thread that runs the tasks reads, and looks by itself."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _close(self) -> None:
        self._pool.close()
        if self._tasks_on is None:
            return
        turn: list[bool] = []
        try:
            if self._tasks_turn.begin(turn, 0):
                self._end_tasks()
        finally:
            self._tasks_turn.end(turn)

    def _deadline(self, timeout: Seconds | None) -> float | None:
        """Return when a call has to be over, on the monotonic clock."""
        if timeout is None and self._timeout is None:
            return None
        return deadline_after(self._limit(timeout))

    def _result(self, job: Job, timeout: Seconds | None) -> Any:
        waiter = requests.job(job, self._codec, self._chunk_size)
        deadline = self._deadline(timeout)
        self._pool.use(Connections.finish, waiter, deadline, waiter.name)
        return outcome(waiter)

    def _handle(self, job: Job, timeout: Seconds | None) -> str:
        waiter = requests.job(job, self._codec, self._chunk_size)
        deadline = self._deadline(timeout)
        self._pool.use(Connections.answer, waiter, deadline, waiter.name)
        return text(waiter.call.handle)

    def _planned(self, plan: Plan, timeout: Seconds | None) -> list[str]:
        try:
            job = next(plan)
            while True:
                job = plan.send(self._handle(job, timeout))
        except StopIteration as end:
            handles: list[str] = end.value
            return handles

    def _submitted(self, job: Job, timeout: Seconds | None) -> SubmittedJob:
        waiter = requests.job(job, self._codec, self._chunk_size)
        waiter.keeps = True
        deadline = self._deadline(timeout)
        # What is told of a foreground job is read by later calls.
        follows = waiter.call.is_foreground
        self._pool.use(Connections.answer, waiter, deadline, waiter.name, follows)
        return SubmittedJob(self, waiter)

    def _status(
        self, name: Name, by_unique: bool, timeout: Seconds | None
    ) -> JobStatus:
        deadline = self._deadline(timeout)
        first = requests.status(name, by_unique)
        return self._pool.use(_ask, (name, by_unique), deadline, first.name)

    def _kept_result(
        self, handle: Name, timeout: Seconds | None, codec: str | Codec | None
    ) -> Any:
        used = self._codec if codec is None else get_codec(codec)
        first = requests.follow(handle, used)
        what = handle, used
        waiter = self._pool.use(_follow, what, self._deadline(timeout), first.name)
        return kept_outcome(waiter, requests.shown(handle))

    def _ping(self, data: Name, timeout: Seconds | None) -> float:
        waiter = requests.echo(data)
        return self._pool.use(_ping, waiter, self._deadline(timeout), waiter.name)

    def _cancel(self, handle: Name, timeout: Seconds | None) -> None:
        cancel(self._servers.connectors, handle, self._limit(timeout))

    def _each(
        self, batches: Batches, limit: float | None, progress: bool
    ) -> Iterator[Any]:
        with Progress(batches.name, batches.source, progress) as shown:
            try:
                while not batches.is_over:
                    self._advance(batches, deadline_after(limit))
                    while batches.has_arrived():
                        given = batches.take()
                        shown.add()
                        yield given
            except ClientError as error:
                if batches.has_more_to_learn(error):
                    self._settle(batches, limit)
                raise batches.told(error) from error.__cause__
            finally:
                sharing.forget(self._pool, batches.waiting)

    def _settle(self, batches: Batches, limit: float | None) -> None:
        """Wait for the answers to the jobs that were sent; not longer than for one."""
        deadline = deadline_after(self._heartbeat if limit is None else limit)
        with suppress(ClientError):
            for waiter in batches.waiting:
                sharing.wait(self._pool, waiter, is_settled, deadline)

    def _advance(self, batches: Batches, deadline: float | None) -> None:
        """Send what there is room for, and wait for the first."""
        self._pool.use(_advance, batches, deadline, batches.name, True)
        if batches.waiting:
            sharing.wait(self._pool, batches.waiting[0], batches.is_enough, deadline)

    def _run_tasks(self, timeout: Seconds | None) -> bool:
        deadline = self._deadline(timeout)
        left = None if deadline is None else deadline - time.monotonic()
        turn: list[bool] = []
        try:
            try:
                if not self._tasks_turn.begin(turn, left):
                    raise JobTimeoutError("another thread runs the tasks, and goes on")
                self._tasks_runs[id(turn)] = None
                return self._run_on(self._tasks_connections(deadline), deadline)
            finally:
                self._end_run(turn)
        finally:
            # An exception from elsewhere may have come amid the first time.
            if turn:
                self._end_run(turn)

    def _tasks_connections(self, deadline: float | None) -> Connections:
        """Return where the tasks are, or are to be sent."""
        lease = self._tasks_on
        if lease is None or not lease.is_held:
            lease = self._tasks_on = Lease()
            self._pool.take(lease, deadline, "the tasks", True)
        lease.thread = threading.get_ident()
        assert lease.connections is not None
        return lease.connections

    def _run_on(self, connections: Connections, deadline: float | None) -> bool:
        """Run the tasks; return False if a callback stopped that."""
        while True:
            connections.check()
            for batch in self._unsent():
                for question in self._questions(batch):
                    connections.answer(question, deadline)
                connections.send_all(batch, deadline)
            for task, callback in self._due():
                if callback(task, task.context):
                    return False
            if not self._tasks:
                return True
            if not any(task.waiter.link is None for task in self._tasks):
                while not self._line:
                    waiters = (task.waiter for task in self._tasks)
                    connections.pump(waiters, deadline)

    def _end_run(self, turn: list[bool]) -> None:
        """Let other threads run the tasks, if there are any left."""
        if not turn:
            return
        self._tasks_runs.pop(id(turn), None)
        lease = self._tasks_on
        is_needed = self._tasks and not self._pool.is_closed
        is_kept = is_needed and lease is not None and lease.is_held
        if not (is_kept or self._tasks_runs):
            self._end_tasks()
        self._tasks_turn.end(turn)

    def _end_tasks(self) -> None:
        """Give back the connections of the tasks."""
        if self._tasks_on is not None:
            self._pool.give(self._tasks_on)
            self._tasks_on = None

    def _wait_for_update(self, waiter: Waiter) -> None:
        sharing.wait(self._pool, waiter, has_news, deadline_after(self._timeout))
        if waiter.error is not None and not waiter.updates:
            raise waiter.error

    def _wait_for_end(self, waiter: Waiter, timeout: Seconds | None) -> None:
        sharing.wait(self._pool, waiter, is_done, self._deadline(timeout))


def _ask(
    connections: Connections, asked: tuple[Name, bool], deadline: float | None
) -> JobStatus:
    """Ask one job server after the other for the status of a job."""
    for place in connections.places(deadline):
        waiter = requests.status(*asked)
        connections.send_to(place, waiter, deadline)
        connections.answer(waiter, deadline)
        assert waiter.final is not None
        found = job_status(waiter.final)
        if found.known:
            break
    return found


def _follow(
    connections: Connections, asked: tuple[Name, Codec], deadline: float | None
) -> Waiter:
    """Wait for the end of a job on the first job server that knows it."""
    for place in connections.places(deadline):
        probe = requests.echo(b"")
        connections.send_to(place, probe, deadline)
        link: Link = probe.link
        connections.answer(probe, deadline)
        link.check_geartrain()
        waiter = requests.follow(*asked)
        connections.send_to(place, waiter, deadline)
        connections.finish(waiter, deadline)
        if not is_unknown(waiter):
            break
    return waiter


def _ping(connections: Connections, waiter: Waiter, deadline: float | None) -> float:
    """Return the seconds that an echo takes; to connect is not among them."""
    connections.link(b"", deadline)
    began = time.perf_counter()
    connections.answer(waiter, deadline)
    return time.perf_counter() - began


def _advance(
    connections: Connections, batches: Batches, deadline: float | None
) -> None:
    """Send what there is room for, and wait for the first as long as it is here."""
    for waiter in batches.take_before():
        connections.answer(waiter, deadline)
    while batch := batches.next():
        connections.send_all(batch, deadline)
    if not batches.waiting:
        return
    if losers := batches.lost():
        connections.resend_all(losers, deadline)
    connections.bring(batches.waiting[0], batches.is_enough, deadline)
