"""``geartrain result``: what became of a job, and its result."""

from __future__ import annotations

import dataclasses
import os
import sys

import click

from geartrain.admin import Admin, ResultRow
from geartrain.admin.results import UNENDED
from geartrain.cli.common import CONTEXT, json_option, server_option
from geartrain.cli.details import coded
from geartrain.cli.output import write_json
from geartrain.cli.program import complain
from geartrain.texts import error_line, visible
from geartrain.transport.connect import Connector

__all__ = ["result"]

_NAME = "geartrain result"
# Exit statuses: the job failed, and there is no result to be had.
_FAILED = 1
_NONE = 3


@click.command(short_help="Print the result of a job.", context_settings=CONTEXT)
@click.argument("handle")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="SECONDS",
    help="Wait so long for the job to end.  [default: not at all]",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Write the result to a file.  [default: stdout]",
)
@json_option
@server_option
def result(
    handle: str, server: Connector, timeout: float, output: str | None, as_json: bool
) -> int:
    """Print the result of a background job that has ended.

    The policy setting result_ttl of its function says how long results are kept. The
    exit status is 0 if the job succeeded and its result is here, 1 if the job failed,
    and 3 if it has not ended, is unknown, or its result is not kept; stderr says why.
    """
    with Admin(server) as admin:
        row = admin.result(handle, timeout)
    if as_json:
        write_json([result_object(row)])
    elif row.result is not None:
        _write(row.result, output)
    if row.result is not None:
        return 0
    if not as_json:
        complain(_NAME, _why(row))
    return _FAILED if row.state in _ENDS else _NONE


def result_object(row: ResultRow) -> dict[str, object]:
    """Return a row as the JSON object that the job server sends."""
    values = dataclasses.asdict(row)
    found = values.pop("result")
    text, encoding = (None, None) if found is None else coded(found)
    return values | {"result": text, "encoding": encoding}


def _write(data: bytes, output: str | None) -> None:
    if output is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    # A reader never sees half of it.
    part = f"{output}.part"
    with open(part, "wb") as file:
        file.write(data)
    os.replace(part, output)


def _why(row: ResultRow) -> str:
    """Return in a sentence why there is no result."""
    name = visible(row.handle)
    if row.state == "unknown":
        return f"there is no job {name}, or its result is no longer kept"
    if row.state in UNENDED:
        return f"{name} has not ended: it is {row.state} (--timeout waits for it)"
    if row.state == "ended":
        return f"{name} has ended, and nothing of it is kept: see result_ttl"
    if row.state != "succeeded":
        said = visible(error_line(row.error or row.reason or ""))
        return f"{name} {_ENDS[row.state]}" + (f": {said}" if said else "")
    if row.kept == "too_large":
        return f"{name} succeeded with {row.size} bytes: more than result_size"
    return f"{name} succeeded, and its result is not kept: see result_ttl"


_ENDS = {
    "failed": "failed",
    "dead": "failed and is a dead letter",
    "expired": "waited too long and was dropped",
    "cancelled": "was cancelled",
    "abandoned": "was dropped: nobody waited for it any more",
    "dropped": "was dropped: newer ones took its place, or it was a dead letter",
}
