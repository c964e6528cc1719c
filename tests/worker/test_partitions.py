"""Map and reduce: a partitioner, its reducers, and the aggregator."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from geartrain.admin import Admin, JobRow
from geartrain.client import Client
from geartrain.errors import JobExceptionError, OptionError, WorkerError
from geartrain.protocol.constants import PacketType as P
from geartrain.worker import AsyncWorker, Worker
from tests.support.documents import running as at_work
from tests.support.servers import RunningServer
from tests.support.waiting import wait_until
from tests.support.wire import Received
from tests.support.worker_faces import Script, client, complete, outcome, rest, running


def word_counter(script: Script, server: RunningServer) -> Any:
    """Return a worker that counts words line by line, if told who counts."""
    worker = script.make(server.address)

    def total(counts: Iterator[bytes]) -> bytes:
        return b"%d" % sum(map(int, counts))

    worker.partitioner("count", aggregator=total)(bytes.splitlines)
    return worker


def test_pieces_are_reduced_and_aggregated(
    script: Script, server: RunningServer
) -> None:
    worker = word_counter(script, server)
    reducer = script.make(server.address, concurrency=2)
    reducer.register(
        "words", script.handler(lambda job: b"%d" % len(job.workload.split()))
    )
    with running(script, worker), running(script, reducer), client(server) as wire:
        text = b"one two\nthree\nfour five six\n" * 50
        wire.send(P.SUBMIT_REDUCE_JOB, b"count", b"", b"words", b"", text)
        wire.expect(P.JOB_CREATED)
        *told, last = rest(wire)
        assert [last] == complete(b"300")
        progress = [Received(P.WORK_STATUS, b"%d\x00150" % n) for n in range(1, 151)]
        assert told == progress


def test_the_partitioner_names_a_reducer_where_the_client_does_not(
    script: Script, geartrain: RunningServer
) -> None:
    worker: Worker | AsyncWorker = script.make(geartrain.address)

    @worker.partitioner("each", aggregator=b",".join, reducer="double")
    def characters(job: Any) -> list[str]:
        assert job.function == "each"
        return list(job.workload.decode())

    reducer = script.make(geartrain.address)
    reducer.register("double", script.handler(lambda job: job.workload * 2))
    with running(script, worker), running(script, reducer), client(geartrain) as wire:
        assert outcome(wire, b"each", b"abc")[-1:] == complete(b"aa,bb,cc")


def test_without_a_reducer_the_pieces_are_the_results(
    script: Script, geartrain: RunningServer
) -> None:
    worker = script.make(geartrain.address)
    worker.partitioner("split", aggregator=b"|".join)(bytes.split)
    with running(script, worker), client(geartrain) as wire:
        assert outcome(wire, b"split", b"a b") == complete(b"a|b")


def test_a_piece_that_fails_fails_the_job(
    script: Script, geartrain: RunningServer
) -> None:
    worker = word_counter(script, geartrain)
    reducer = script.make(geartrain.address)
    reducer.register("words", script.handler(lambda job: job.send_fail()))
    with running(script, worker), running(script, reducer), client(geartrain) as wire:
        wire.send(P.SUBMIT_REDUCE_JOB, b"count", b"", b"words", b"", b"a\nb")
        wire.expect(P.JOB_CREATED)
        assert rest(wire)[-1].type == P.WORK_FAIL


def test_a_piece_has_the_attempts_that_the_partitioner_gives_it(
    script: Script, geartrain: RunningServer
) -> None:
    worker = script.make(geartrain.address)
    options: Any = {"max_attempts": 2}
    worker.partitioner("each", aggregator=b",".join, reducer="once", **options)(
        bytes.split
    )
    seen: set[bytes] = set()

    def fails_first(job: Any) -> Any:
        if job.workload not in seen:
            seen.add(job.workload)
            raise ValueError("the first time")
        return job.workload

    reducer = script.make(geartrain.address)
    reducer.register("once", script.handler(fails_first))
    with Admin(geartrain.address) as admin:
        admin.set_policy("once", {"backoff_delay": "0.01"})
    with running(script, worker), running(script, reducer), client(geartrain) as wire:
        assert outcome(wire, b"each", b"a b")[-1:] == complete(b"a,b")


def test_a_job_says_which_of_its_pieces_failed(
    script: Script, geartrain: RunningServer
) -> None:
    worker = script.make(geartrain.address)
    worker.partitioner("each", aggregator=b",".join, reducer="picky")(bytes.split)

    def picky(job: Any) -> Any:
        if job.workload == b"b":
            raise ValueError("no b")
        return job.workload

    reducer = script.make(geartrain.address)
    reducer.register("picky", script.handler(picky))
    with (
        running(script, worker),
        running(script, reducer),
        Client(geartrain.address) as submitter,
        pytest.raises(JobExceptionError, match=r"(?s)no b.*piece 2, a job of 'picky'"),
    ):
        submitter.do("each", b"a b c")


def test_results_reach_the_aggregator_as_they_come(
    script: Script, geartrain: RunningServer
) -> None:
    worker = script.make(geartrain.address)
    has_first = threading.Event()

    def join(results: Iterator[bytes]) -> bytes:
        first = next(results)
        has_first.set()
        return first + b",".join(results)

    worker.partitioner("each", aggregator=join, reducer="held")(bytes.split)

    def held(job: Any) -> Any:
        if job.workload == b"b":
            assert has_first.wait(10), "the first result was kept back"
        return job.workload

    reducer = script.make(geartrain.address)
    reducer.register("held", script.handler(held))
    with running(script, worker), running(script, reducer), client(geartrain) as wire:
        assert outcome(wire, b"each", b"a b c")[-1:] == complete(b"ab,c")


def test_pieces_of_a_cancelled_job_are_not_waited_for(
    script: Script, geartrain: RunningServer
) -> None:
    worker = script.make(geartrain.address)
    worker.partitioner("each", aggregator=b"".join, reducer="some", window=1)(
        lambda text: [text] * 1000
    )
    done: list[str] = []

    def some(job: Any) -> None:
        done.append(job.handle)
        if len(done) == 3:
            with Admin(geartrain.address) as admin:
                admin.cancel(handle)

    reducer = script.make(geartrain.address)
    reducer.register("some", script.handler(some))
    with Client(geartrain.address) as submitter:
        handle = submitter.do_background("each", b"x")
        with running(script, worker), running(script, reducer):
            wait_until(lambda: len(done) >= 3, "pieces run")
            wait_until(lambda: worker.jobs_done == 1, "it ends")
    assert len(done) < 1000


SPLITTER = """
import sys
from geartrain import Worker

worker = Worker(sys.argv[1])
worker.partitioner("each", aggregator=b",".join, reducer="once")(bytes.split)
worker.run()
"""


def is_retried(found: list[JobRow]) -> bool:
    return found[0].crashes == 1 and found[0].status == "running"


def test_pieces_outlast_the_worker_that_split(
    geartrain: RunningServer, tmp_path: Path
) -> None:
    """What was done, or is under way, is not run again for the next one."""
    program = tmp_path / "splitter.py"
    program.write_text(SPLITTER)
    command = [sys.executable, str(program), geartrain.address]
    ran: list[bytes] = []
    may_end = threading.Event()

    def once(job: Any) -> Any:
        ran.append(job.workload)
        if job.workload == b"b":
            assert may_end.wait(10)
        return job.workload

    reducer = Worker(geartrain.address, concurrency=1)
    reducer.register("once", once)
    with Admin(geartrain.address) as admin, Client(geartrain.address) as submitter:
        admin.set_policy("once", {"cache_ttl": "60"})
        with running(Script("blocking"), reducer):
            job = submitter.submit("each", b"a b c")
            with at_work(command, tmp_path):
                wait_until(lambda: b"b" in ran, "the second piece runs")
            with at_work(command, tmp_path):
                wait_until(lambda: is_retried(admin.job(job.handle)), "it is retried")
                may_end.set()
                assert job.result(timeout=20) == b"a,b,c"
    assert sorted(ran) == [b"a", b"b", b"c"]


@pytest.mark.parametrize("window", [0, -1, 1.5, True])
def test_a_window_is_a_number_of_pieces(window: int) -> None:
    with pytest.raises(WorkerError, match="number of pieces"):
        Worker().partitioner("f", aggregator=b"".join, window=window)(bytes.split)


def test_options_of_pieces_are_checked_when_it_is_registered() -> None:
    options: Any = {"attempts": 3}
    with pytest.raises(OptionError, match="attempts is no option"):
        Worker().partitioner("f", aggregator=b"".join, **options)


def test_a_partitioner_is_no_coroutine() -> None:
    async def split(job: Any) -> list[bytes]:
        return []

    given: Any = split

    with pytest.raises(WorkerError, match="plain functions"):
        AsyncWorker().partitioner("f", aggregator=b"".join)(given)
