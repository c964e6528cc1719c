"""A provider of tracers for programs that set none up: ``geartrain worker --otel``.

It is made of OpenTelemetry's SDK by the OTEL_* variables, which name the exporter, the
service and the sampler. ``opentelemetry-instrument`` would do the same before the
worker's processes are forked; here it is done in each of them, after its module has had
its say.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    ProxyTracerProvider,
    get_tracer_provider,
    set_tracer_provider,
)

from geartrain.errors import OptionError

__all__ = ["exporters", "provide"]

# What exporters register themselves as, and the variables that choose among them.
_GROUP: Final = "opentelemetry_traces_exporter"
_EXPORTERS: Final = "OTEL_TRACES_EXPORTER"
_PROTOCOLS: Final = (
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
)
# The exporters of the protocols that ``otlp`` may stand for.
_OTLP: Final = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}


def exporters() -> list[EntryPoint]:
    """Return the exporters of traces that the environment names; ``otlp`` by default.

    Raises:
        OptionError: one of them is not installed.
    """
    names = os.environ.get(_EXPORTERS, "").strip() or "otlp"
    return [_exporter(name) for name in _listed(names) if name != "none"]


def provide(service: str) -> None:
    """Set up the program's provider of tracers, unless it has one.

    ``service`` is the name of the service, if no variable names it. What has not been
    exported when the program ends is exported then.

    Raises:
        OptionError: an exporter is not installed.
    """
    if not isinstance(get_tracer_provider(), ProxyTracerProvider):
        return
    provider = TracerProvider(resource=_resource(service))
    for each in exporters():
        make: Any = each.load()
        provider.add_span_processor(BatchSpanProcessor(make()))
    set_tracer_provider(provider)


def _listed(names: str) -> Iterator[str]:
    for name in names.split(","):
        if name.strip():
            yield name.strip()


def _exporter(name: str) -> EntryPoint:
    """Return an exporter by its name in OTEL_TRACES_EXPORTER."""
    wanted = _otlp() if name == "otlp" else name
    for found in entry_points(group=_GROUP, name=wanted):
        return found
    known = ", ".join(sorted(each.name for each in entry_points(group=_GROUP)))
    advice = f": pip install opentelemetry-exporter-{wanted.replace('_', '-')}"
    raise OptionError(
        f"the exporter {wanted!r} of OpenTelemetry is not installed"
        f"{advice if name == 'otlp' else ''}; {_EXPORTERS} can name {known} or none"
    )


def _otlp() -> str:
    given = [os.environ[name] for name in _PROTOCOLS if os.environ.get(name)]
    protocol = given[0] if given else "http/protobuf"
    if protocol not in _OTLP:
        raise OptionError(
            f"{_PROTOCOLS[1]}={protocol!r}: it can be {' or '.join(_OTLP)}"
        )
    return _OTLP[protocol]


def _resource(service: str) -> Resource:
    """Return what the spans are of; what is given in code goes before variables."""
    is_named = os.environ.get("OTEL_SERVICE_NAME") or (
        f"{SERVICE_NAME}=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    )
    return Resource.create({} if is_named else {SERVICE_NAME: service})
