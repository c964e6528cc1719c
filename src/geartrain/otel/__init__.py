"""OpenTelemetry: a trace from the submission of a job to its result.

Needs the extra ``geartrain[otel]``, and is imported only by programs that want it:

>>> from geartrain.otel import instrument  # doctest: +SKIP
>>> client = instrument(Client())  # doctest: +SKIP

Spans, their names, kinds and attributes are those of OpenTelemetry's conventions for
messaging. Context travels in the job's headers.
"""

from __future__ import annotations

from geartrain.otel.instrument import instrument

__all__ = ["instrument"]
