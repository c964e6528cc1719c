"""Traces of real jobs, on Geartrain and on the C job server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from geartrain.client import AsyncClient, Client
from geartrain.errors import JobFailedError, OptionError
from geartrain.otel import instrument
from geartrain.testing import LocalServer
from geartrain.worker import AsyncWorker, Retry, Worker, WorkerJob
from tests.support.servers import running_gearmand

COVERS = ("otel/clients", "otel/spans", "otel/workers")


class Recorder:
    """A provider of tracers, and the spans that have ended."""

    def __init__(self) -> None:
        self.provider = TracerProvider()
        self._exporter = InMemorySpanExporter()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    def spans(self, start: str = "") -> list[ReadableSpan]:
        found = self._exporter.get_finished_spans()
        return [each for each in found if each.name.startswith(start)]

    def pair(self) -> tuple[ReadableSpan, ReadableSpan]:
        """Return the only span of a client and the only one of a worker."""
        (sent,), (processed,) = self.spans("send "), self.spans("process ")
        return sent, processed


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer() as running:
        yield running


def double(data: bytes) -> bytes:
    with trace.get_tracer("user").start_as_current_span("inside"):
        return data * 2


def pieces(job: WorkerJob) -> Iterator[bytes]:
    yield b"a"
    yield b"b"


def broken(data: bytes) -> bytes:
    raise ValueError("no such image")


def fail(job: WorkerJob) -> None:
    job.send_fail()


HANDLERS: dict[str, Callable[..., Any]] = {
    "double": double,
    "pieces": pieces,
    "broken": broken,
    "fail": fail,
}


@contextmanager
def working(servers: Any, recorder: Recorder) -> Iterator[Worker]:
    worker = Worker(servers)
    worker.register("double", double)
    instrument(worker, recorder.provider)
    for name, handler in HANDLERS.items():
        worker.register(name, handler)
    thread = Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join(20)


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def is_child(child: ReadableSpan, parent: ReadableSpan) -> bool:
    return (
        child.parent is not None
        and parent.context is not None
        and child.parent.span_id == parent.context.span_id
        and child.parent.trace_id == parent.context.trace_id
    )


def test_a_trace_goes_from_the_client_to_the_worker(
    server: LocalServer, recorder: Recorder
) -> None:
    with working(server, recorder), Client(server) as client:
        assert instrument(client, recorder.provider) is client
        instrument(client, recorder.provider)
        assert client.do("double", b"ab", headers={"tenant": "acme"}) == b"abab"
    sent, processed = recorder.pair()
    assert (sent.name, sent.kind) == ("send double", SpanKind.PRODUCER)
    assert (processed.name, processed.kind) == ("process double", SpanKind.CONSUMER)
    assert is_child(processed, sent)
    assert [each.context for each in processed.links] == [processed.parent]
    assert attributes(sent) == {
        "messaging.system": "gearman",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": "double",
    }
    found = attributes(processed)
    assert found.pop("messaging.message.id").startswith("H:")
    assert found.pop("server.address")
    assert found == {
        "messaging.system": "gearman",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "double",
        "messaging.message.body.size": 2,
        "gearman.job.outcome": "complete",
    }
    assert processed.status.status_code is StatusCode.UNSET


def test_a_span_around_the_call_is_the_parent(
    server: LocalServer, recorder: Recorder
) -> None:
    tracer = recorder.provider.get_tracer("user")
    with working(server, recorder), Client(server) as client:
        instrument(client, recorder.provider)
        with tracer.start_as_current_span("request"):
            client.do("double", b"ab")
    (request,) = recorder.spans("request")
    sent, processed = recorder.pair()
    assert is_child(sent, request)
    assert is_child(processed, sent)


def test_exceptions_are_recorded_on_both_sides(
    server: LocalServer, recorder: Recorder
) -> None:
    with working(server, recorder), Client(server) as client:
        instrument(client, recorder.provider)
        with pytest.raises(JobFailedError):
            client.do("broken", b"ab")
    sent, processed = recorder.pair()
    assert attributes(processed)["error.type"] == "ValueError"
    assert attributes(processed)["gearman.job.outcome"] == "exception"
    assert processed.status.status_code is StatusCode.ERROR
    (event,) = processed.events
    assert "no such image" in str(dict(event.attributes or {}))
    assert str(attributes(sent)["error.type"]).startswith("geartrain.errors.Job")
    assert str(attributes(sent)["messaging.message.id"]).startswith("H:")


def test_a_job_that_fails_without_an_exception_is_an_error(
    server: LocalServer, recorder: Recorder
) -> None:
    with (
        working(server, recorder),
        Client(server) as client,
        pytest.raises(JobFailedError),
    ):
        client.do("fail", b"ab")
    (processed,) = recorder.spans("process ")
    assert processed.parent is None
    assert attributes(processed)["error.type"] == "fail"
    assert processed.status.status_code is StatusCode.ERROR


def test_attempts_of_one_job_are_spans_of_one_trace(
    server: LocalServer, recorder: Recorder
) -> None:
    tries: list[bytes] = []

    def flaky(job: WorkerJob) -> bytes:
        tries.append(job.workload)
        if len(tries) < 3:
            raise Retry(0, "busy")
        return b"done"

    with working(server, recorder) as worker, Client(server) as client:
        worker.register("flaky", flaky)
        instrument(client, recorder.provider)
        assert client.do("flaky", b"ab") == b"done"
    (sent,) = recorder.spans("send ")
    spans = recorder.spans("process flaky")
    assert all(is_child(each, sent) for each in spans)
    outcomes = [attributes(each)["gearman.job.outcome"] for each in spans]
    assert outcomes == ["retry", "retry", "complete"]


def test_every_way_to_submit_is_traced(server: LocalServer, recorder: Recorder) -> None:
    with working(server, recorder), Client(server) as client:
        instrument(client, recorder.provider)
        handle = client.do_background("double", b"1")
        job = client.submit("pieces", b"2")
        assert job.result() == b"ab"
        client.add_task("double", b"3")
        assert client.run_tasks()
        assert list(client.map("double", [b"4", b"5"])) == [b"44", b"55"]
        assert len(list(client.submit_many("double", [b"6", b"7", b"8"]))) == 3
        client.do("double", b"last")
    sent = recorder.spans("send ")
    assert len(sent) == 6
    assert attributes(sent[0])["messaging.message.id"] == handle
    assert attributes(sent[1])["messaging.message.id"] == job.handle
    counts = [attributes(each).get("messaging.batch.message_count") for each in sent]
    assert counts == [None, None, None, 2, 3, None]
    processed = recorder.spans("process ")
    assert len(processed) == 9
    assert all(any(is_child(each, one) for one in sent) for each in processed)


def test_both_are_traced_on_an_event_loop(
    server: LocalServer, recorder: Recorder
) -> None:
    async def handler(data: bytes) -> bytes:
        span = trace.get_current_span()
        await asyncio.sleep(0)
        assert trace.get_current_span() is span
        assert span.is_recording()
        return data * 2

    async def stream(data: bytes) -> AsyncIterator[bytes]:
        yield data
        yield data

    async def broken_later(data: bytes) -> bytes:
        await asyncio.sleep(0)
        raise ValueError("no such image")

    async def scenario() -> None:
        worker = instrument(AsyncWorker(server), recorder.provider)
        for each in (handler, stream, broken_later):
            worker.register(each.__name__, each)
        running = asyncio.create_task(worker.run())
        async with AsyncClient(server) as client:
            instrument(client, recorder.provider)
            assert await client.do("handler", b"a") == b"aa"
            assert await client.do("stream", b"a") == b"aa"
            with pytest.raises(JobFailedError):
                await client.do("broken_later", b"a")
            found = client.map("handler", [b"1", b"2"])
            assert [each async for each in found] == [b"11", b"22"]
        worker.stop()
        await running

    asyncio.run(scenario())
    sent, processed = recorder.spans("send "), recorder.spans("process ")
    assert (len(sent), len(processed)) == (4, 5)
    assert all(any(is_child(each, one) for one in sent) for each in processed)
    (failed,) = recorder.spans("process broken_later")
    assert attributes(failed)["error.type"] == "ValueError"


def test_the_c_job_server_runs_the_jobs_in_traces_of_their_own(
    recorder: Recorder,
) -> None:
    with running_gearmand() as server:
        address = server.address
        with working(address, recorder), Client(address) as client:
            instrument(client, recorder.provider)
            assert client.do("double", b"ab") == b"abab"
    sent, processed = recorder.pair()
    assert sent.parent is None
    assert processed.parent is None
    assert attributes(processed)["gearman.job.outcome"] == "complete"


def test_headers_without_room_for_a_context_go_as_they_are(
    server: LocalServer, recorder: Recorder
) -> None:
    with working(server, recorder), Client(server) as client:
        instrument(client, recorder.provider)
        client.do("double", b"ab", headers={"large": "x" * 4080})
        with pytest.raises(OptionError):
            client.do("double", b"ab", headers={"large": "x" * 5000})
        with pytest.raises(OptionError):
            client.do("double", b"ab", headers=["no mapping"])  # type: ignore[arg-type]
    (processed,) = recorder.spans("process ")
    assert processed.parent is None
    assert len(recorder.spans("send ")) == 3
