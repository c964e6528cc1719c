"""``geartrain worker --otel``: spans of what workers run, without a line of theirs.

OpenTelemetry is an extra, and is imported only where it is asked for.
"""

from __future__ import annotations

from typing import Any

from geartrain.errors import OptionError

__all__ = ["check_tracing", "trace"]


def check_tracing() -> None:
    """Check that what spans need is installed.

    Raises:
        OptionError: it is not.
    """
    try:
        from geartrain.otel.provider import exporters
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("opentelemetry"):
            raise
        raise OptionError(
            "--otel needs the Python packages of OpenTelemetry, which are not"
            " installed: pip install 'geartrain[otel]'"
        ) from None
    try:
        exporters()
    except OptionError as error:
        raise OptionError(f"--otel: {error}") from None


def trace(worker: Any, service: str) -> None:
    """Have each attempt of a worker's jobs make a span.

    They go to the provider that the worker's module has set up, or else to one by the
    OTEL_* variables, in which ``service`` is the service's name if they name none.
    """
    from geartrain.otel import instrument
    from geartrain.otel.provider import provide

    provide(service)
    instrument(worker)
