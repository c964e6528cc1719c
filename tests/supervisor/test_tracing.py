"""``geartrain worker --otel``: spans of handlers that know nothing of them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.programs import run
from tests.support.servers import RunningServer
from tests.support.supervised import do, running_workers, write_tasks

RECORDED = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from geartrain import Worker

recorded = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(recorded))
trace.set_tracer_provider(provider)
worker = Worker()

@worker.function("reverse")
def reverse(data: bytes) -> bytes:
    return data[::-1]

@worker.function("names")
def names(data: bytes) -> bytes:
    return ",".join(each.name for each in recorded.get_finished_spans()).encode()
"""
CONSOLE = {"OTEL_TRACES_EXPORTER": "console"}


def test_handlers_get_spans_in_the_provider_of_their_module(
    tmp_path: Path, server: RunningServer
) -> None:
    write_tasks(tmp_path, RECORDED)
    with running_workers(
        tmp_path, server, "tasks", "--otel", environment=CONSOLE
    ) as workers:
        assert do(server, b"reverse", b"abc") == b"cba"
        assert do(server, b"names") == b"process reverse"
        assert workers.stop() == 0
        # Nothing is exported a second time.
        assert '"process reverse"' not in workers.log()


def test_without_one_they_are_exported_as_the_environment_says(
    tmp_path: Path, server: RunningServer
) -> None:
    write_tasks(tmp_path)
    with running_workers(
        tmp_path, server, "tasks", "--otel", environment=CONSOLE
    ) as workers:
        assert do(server, b"reverse", b"abc") == b"cba"
        assert workers.stop() == 0
        log = workers.log()
    start = log.index("{\n")
    span, _ = json.JSONDecoder().raw_decode(log[start:])
    assert span["name"] == "process reverse"
    assert span["attributes"]["gearman.job.outcome"] == "complete"
    assert span["resource"]["attributes"]["service.name"] == "tasks"


def test_shell_commands_have_spans_too(tmp_path: Path, server: RunningServer) -> None:
    flags = ("--exec", "upper=tr a-z A-Z", "--otel")
    with running_workers(tmp_path, server, *flags, environment=CONSOLE) as workers:
        assert do(server, b"upper", b"abc") == b"ABC"
        assert workers.stop() == 0
        assert '"process upper"' in workers.log()


def test_without_the_extra_it_is_one_line_of_error(tmp_path: Path) -> None:
    hidden = tmp_path / "opentelemetry"
    hidden.mkdir()
    (hidden / "__init__.py").touch()
    flags = ("worker", "--exec", "a=cat", "--otel")
    status, out, err = run("geartrain", *flags, PYTHONPATH=str(tmp_path))
    assert (status, out) == (2, "")
    assert err == (
        "geartrain worker: --otel needs the Python packages of OpenTelemetry, which are"
        " not installed: pip install 'geartrain[otel]'\n"
    )
