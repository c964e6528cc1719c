"""The provider of tracers that a program without one gets."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from geartrain.errors import OptionError
from geartrain.otel.provider import exporters

PROGRAM = """
from opentelemetry import trace
from geartrain.otel.provider import provide
provide("tasks")
provider = trace.get_tracer_provider()
provide("other")
assert trace.get_tracer_provider() is provider
with trace.get_tracer("user").start_as_current_span("work"):
    pass
"""


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("OTEL_"):
            monkeypatch.delenv(name)


def test_exporters_are_those_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", " console , none,")
    assert [each.name for each in exporters()] == ["console"]


@pytest.mark.parametrize(
    ("variables", "error"),
    [
        (
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "'otlp_proto_grpc' of OpenTelemetry is not installed: pip install"
            " opentelemetry-exporter-otlp-proto-grpc; OTEL_TRACES_EXPORTER can name"
            " console",
        ),
        (
            {"OTEL_TRACES_EXPORTER": "console,smoke"},
            "the exporter 'smoke' of OpenTelemetry is not installed; OTEL_",
        ),
        (
            {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"},
            "'http/json': it can be http/protobuf or grpc",
        ),
    ],
)
def test_an_exporter_that_is_not_there_is_named(
    variables: dict[str, str], error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(OptionError) as raised:
        exporters()
    assert error in str(raised.value)


@pytest.mark.parametrize(
    ("variables", "service"),
    [
        ({}, "tasks"),
        ({"OTEL_SERVICE_NAME": "shop"}, "shop"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=mail,zone=b"}, "mail"),
    ],
)
def test_spans_are_exported_when_the_program_ends(
    variables: dict[str, str], service: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        check=True,
        timeout=60,
        env={**os.environ, "OTEL_TRACES_EXPORTER": "console", **variables},
    )
    span = json.loads(done.stdout)
    assert span["name"] == "work"
    assert span["resource"]["attributes"]["service.name"] == service
