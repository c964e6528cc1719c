"""``/metrics``: what there is to measure, for Prometheus."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from starlette.responses import Response

from geartrain.http.endpoints import Answer, Call, Endpoint
from geartrain.http.exposition import MEDIA_TYPE, Value, escaped, lines
from geartrain.http.families import (
    CLUSTER_FAMILIES,
    FUNCTION_FAMILIES,
    PEER_FAMILIES,
    SCHEDULE_FAMILIES,
    SERVER_FAMILIES,
    STORE_FAMILIES,
    Families,
)
from geartrain.http.peers import measured, measured_by_peer
from geartrain.http.shown import MOST_SHOWN, RANKS, REST, choose

__all__ = ["ENDPOINTS"]

Values = Sequence[Value]
Labelled = Sequence[tuple[str, dict[str, Any]]]

# Schedules that have metrics, of those there may be 100,000 of.
_MOST_SCHEDULES: Final = 200
# Rows that are read or turned into values in a turn of the event loop: 1 ms.
_AT_ONCE: Final = 20


async def get_metrics(call: Call) -> Response:
    """Answer with all metrics, as text."""
    rows = await _functions(call)
    parts = [
        *_server_parts(SERVER_FAMILIES, await _row(call, "server")),
        *_server_parts(STORE_FAMILIES, await _row(call, "store")),
    ]
    cluster = [json.loads(row) for row in await call.rows("cluster")]
    parts += _server_parts(CLUSTER_FAMILIES, measured(cluster))
    parts += _labelled_parts(PEER_FAMILIES, measured_by_peer(cluster))
    parts += _labelled_parts(SCHEDULE_FAMILIES, await _schedules(call))
    start = 0
    for family in FUNCTION_FAMILIES:
        end = start + len(family.series())
        cut = [(name, values[start:end]) for name, values in rows]
        parts.append("".join(lines(family, cut)))
        start = end
        await asyncio.sleep(0)
    return Response("".join(parts), headers={"Content-Type": MEDIA_TYPE})


async def _row(call: Call, command: str) -> dict[str, Any]:
    (row,) = await call.rows(command)
    found: dict[str, Any] = json.loads(row)
    return found


def _server_parts(families: Families, row: dict[str, Any]) -> Iterable[str]:
    for family in families:
        yield "".join(lines(family, [(family.own_labels(row), family.values(row))]))


def _labelled_parts(families: Families, rows: Labelled) -> Iterable[str]:
    """Give the lines of peers or schedules, each with its label."""
    for family in families:
        values = [(label, family.values(row)) for label, row in rows]
        yield "".join(lines(family, values))


async def _schedules(call: Call) -> Labelled:
    """Return the rows of the first schedules by name that may be shown."""
    rows = await call.rows(f"local schedule list limit={_MOST_SCHEDULES}")
    found = [json.loads(row) for row in rows]
    return [
        (f'schedule="{escaped(row["name"])}"', row) for row in found if "name" in row
    ]


async def _functions(call: Call) -> list[tuple[str, Values]]:
    """Return the labels and values of functions, the last of which is the rest."""
    *rows, whole = await _statistics(call)
    shown: dict[str, Values] = {}
    for number, (label, row) in enumerate(choose(rows).items()):
        shown[label] = _values(row)
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)
    shown[REST] = call.bridge.rest.take(shown, _values(whole), whole["functions"])
    return [(f'function="{escaped(label)}"', values) for label, values in shown.items()]


def _values(row: dict[str, Any]) -> Values:
    return [value for family in FUNCTION_FAMILIES for value in family.values(row)]


async def _statistics(call: Call) -> list[dict[str, Any]]:
    """Return the rows of the functions that may be shown, and last that of all."""
    rows = await call.rows(
        f"local statistics sort={RANKS} limit={MOST_SHOWN} over=1 buckets=true"
    )
    found = []
    for number, row in enumerate(rows):
        found.append(json.loads(row))
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)
    return found


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/metrics",
        name="getMetrics",
        summary="Tell all that is measured, for Prometheus",
        description=(
            f"The {MOST_SHOWN} functions with the longest waits, most jobs waiting and"
            f" the most submissions have metrics of their own; `{REST}` is all others."
        ),
        tag="server",
        call=get_metrics,
        answers=(
            Answer(
                description="Prometheus' text format.",
                content={"text/plain": {"type": "string"}},
            ),
        ),
    ),
)
