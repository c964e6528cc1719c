"""Map and reduce: a partitioner, its reducers, and the aggregator."""

from __future__ import annotations

from typing import Any

import pytest

from geartrain.errors import WorkerError
from geartrain.protocol.constants import PacketType as P
from geartrain.worker import AsyncWorker, Worker
from tests.support.servers import RunningServer
from tests.support.worker_faces import Script, client, complete, outcome, rest, running


def word_counter(script: Script, server: RunningServer) -> Any:
    """Return a worker that counts words line by line, if told who counts."""
    worker = script.make(server.address)

    def total(counts: list[bytes]) -> bytes:
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
        assert rest(wire) == complete(b"300")


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
        assert outcome(wire, b"each", b"abc") == complete(b"aa,bb,cc")


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


def test_a_partitioner_is_no_coroutine() -> None:
    async def split(job: Any) -> list[bytes]:
        return []

    given: Any = split

    with pytest.raises(WorkerError, match="plain functions"):
        AsyncWorker().partitioner("f", aggregator=b"".join)(given)
