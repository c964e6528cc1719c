"""``geartrain submit``: submit jobs and see what comes back."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import click

from geartrain.cli.asking import CONTEXT, asked_server
from geartrain.cli.output import write_json, write_lines
from geartrain.cli.progress import ProgressBar
from geartrain.cli.times import duration
from geartrain.client import Client, SubmittedJob
from geartrain.client.requests import Priority
from geartrain.errors import JobFailedError, OptionError
from geartrain.texts import visible
from geartrain.transport.connect import Connector

__all__ = ["submit"]

# Seconds in which a job server has to be reached.
_PATIENCE = 3.0


@click.command(short_help="Submit jobs.", context_settings=CONTEXT)
@click.argument("function")
@click.argument("workload", default="-", metavar="[WORKLOAD|@FILE|-]")
@asked_server
@click.option("--background", is_flag=True, help="Do not wait: print the handle.")
@click.option("--high", "priority", flag_value="high", help="Before other jobs.")
@click.option("--low", "priority", flag_value="low", help="After other jobs.")
@click.option(
    "--unique", metavar="U", default="", help="Join a job that has this unique."
)
@click.option(
    "--delay",
    type=duration,
    metavar="D",
    help="Ready only after 45s, 30m, 12h, 7d or 2w; in the background.",
)
@click.option(
    "--at",
    metavar="TIME",
    help="Ready at 2030-01-31T12:00, or seconds since 1970; in the background.",
)
@click.option("--lines", is_flag=True, help="Submit each line as a job of its own.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Maximum wait for each result.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object for each job."
)
def submit(  # noqa: PLR0913, PLR0917 - each flag is one
    function: str,
    workload: str,
    server: Connector,
    background: bool,
    priority: str | None,
    unique: str,
    delay: float | None,
    at: str | None,
    lines: bool,
    timeout: float | None,
    as_json: bool,
) -> int:
    """Submit a job, wait, and print its result.

    The WORKLOAD is the word given, the contents of a file, or those of stdin where it
    is missing or a dash. Data is printed as it comes; progress and warnings go to
    stderr. The exit status is 1 if a job failed.
    """
    moment = None if at is None else _moment(at)
    is_waiting = not (background or delay is not None or moment is not None)
    client = Client(server, timeout=timeout, connect_timeout=_PATIENCE)
    level: Priority = "high" if priority == "high" else "normal"
    level = "low" if priority == "low" else level
    failed = False
    with client:
        for each in _workloads(workload, lines):
            job = client.submit(
                function,
                each,
                unique=unique,
                priority=level,
                background=not is_waiting,
                at=moment,
                delay=delay,
            )
            if is_waiting:
                failed |= not _follow(job, timeout, as_json)
            elif as_json:
                write_json([{"handle": job.handle}])
            else:
                write_lines([visible(job.handle)])
    return 1 if failed else 0


def _workloads(text: str, by_line: bool) -> Iterator[bytes]:
    if text == "-":
        yield from _parted(sys.stdin.buffer, by_line)
    elif text.startswith("@"):
        with open(text[1:], "rb") as file:
            yield from _parted(file, by_line)
    else:
        given = os.fsencode(text)
        yield from given.splitlines() if by_line else [given]


def _parted(file: Any, by_line: bool) -> Iterable[bytes]:
    if not by_line:
        return [file.read()]
    return (line.removesuffix(b"\n") for line in file)


def _moment(text: str) -> float:
    """Read a time; one without a zone is in the system's."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        raise OptionError(
            f"--at: {text!r} is not a time: write 2030-01-31T12:00 or seconds since"
            " 1970"
        ) from None


def _follow(job: SubmittedJob, timeout: float | None, as_json: bool) -> bool:
    """Print what is told of a job; tell whether it succeeded."""
    pieces: list[bytes] = []
    try:
        with ProgressBar() as progress:
            for update in job:
                if update.kind == "status":
                    _show(progress, update.numerator, update.denominator)
                    continue
                progress.hide()
                if update.kind == "warning":
                    _write_safely(update.data.decode("utf-8", "surrogateescape"))
                elif as_json:
                    pieces.append(update.data)
                else:
                    _write(sys.stdout, update.data)
            result = job.result(timeout)
    except JobFailedError as error:
        if as_json:
            write_json([_object(job, b"".join(pieces), str(error))])
        _write_safely(f"geartrain submit: {error}")
        return False
    if as_json:
        write_json([_object(job, b"".join([*pieces, result]), None)])
    else:
        _write(sys.stdout, result)
    return True


def _show(progress: ProgressBar, numerator: float, denominator: float) -> None:
    if denominator:
        share = min(1.0, numerator / denominator)
        text = f"{share:.0%} ({numerator:g}/{denominator:g})"
        progress.show(text, share, 1.0)


def _write_safely(text: str) -> None:
    """Write a worker's lines to stderr, where they cannot steer a terminal."""
    lines = text.removesuffix("\n").split("\n")
    write_lines((visible(line.expandtabs()) for line in lines), err=True)


def _object(job: SubmittedJob, data: bytes, error: str | None) -> dict[str, Any]:
    return {
        "handle": job.handle,
        "result": data.decode("utf-8", "backslashreplace"),
        "error": error,
    }


def _write(stream: Any, data: bytes) -> None:
    """Write bytes; a terminal gets a line's end that is missing."""
    if data and stream.isatty() and not data.endswith(b"\n"):
        data += b"\n"
    stream.buffer.write(data)
    stream.flush()
