"""``geartrain submit``: submit jobs and print their results."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import click

from geartrain.cli.asked import asked_of, asked_options
from geartrain.cli.common import CONTEXT, server_option
from geartrain.cli.output import write_json, write_lines
from geartrain.cli.progress import ProgressBar
from geartrain.cli.times import duration
from geartrain.client import Client, SubmittedJob
from geartrain.client.requests import Priority
from geartrain.errors import JobFailedError, OptionError
from geartrain.texts import visible
from geartrain.transport.connect import Connector

__all__ = ["submit"]

# Seconds.
_CONNECT_TIMEOUT = 3.0


@click.command(short_help="Submit jobs.", context_settings=CONTEXT)
@click.argument("function")
@click.argument("workload", default="-", metavar="[WORKLOAD|@FILE|-]")
@click.option("--background", is_flag=True, help="Do not wait: print the handle.")
@click.option("--high", "priority", flag_value="high", help="High priority.")
@click.option("--low", "priority", flag_value="low", help="Low priority.")
@click.option(
    "--unique", metavar="U", default="", help="Join the job with this unique, if any."
)
@click.option(
    "--delay",
    type=duration,
    metavar="D",
    help="Run no earlier than in 45s, 20m, 1h30m, 7d or 2w; implies --background.",
)
@click.option(
    "--at",
    metavar="TIME",
    help="Run no earlier than 2030-01-31T12:00, or seconds since 1970; implies"
    " --background.",
)
@click.option(
    "--header",
    "headers",
    metavar="NAME=VALUE",
    multiple=True,
    help="Give the job a header, which its worker is told; repeatable.",
)
@asked_options
@click.option("--lines", is_flag=True, help="Submit each line as a separate job.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Maximum wait for each result.",
)
@click.option(
    "--fail-without-worker",
    is_flag=True,
    help="Fail at once if no worker has the function.  [default: warn, and wait]",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object for each job."
)
@server_option
def submit(  # noqa: PLR0913, PLR0917 - each flag is one
    function: str,
    workload: str,
    server: Connector,
    background: bool,
    priority: str | None,
    unique: str,
    delay: float | None,
    at: str | None,
    headers: tuple[str, ...],
    lines: bool,
    timeout: float | None,
    fail_without_worker: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Submit a job, wait, and print its result.

    WORKLOAD is the workload itself, @ and the name of a file with it, or a dash for
    stdin, which is the default. Data is printed as it comes; progress and warnings go
    to stderr. The exit status is 1 if a job failed.
    """
    moment = None if at is None else _moment(at)
    named = _headers(headers)
    asked = asked_of(options)
    is_waiting = not (background or delay is not None or moment is not None)
    client = Client(
        server,
        timeout=timeout,
        connect_timeout=_CONNECT_TIMEOUT,
        fail_without_worker=fail_without_worker,
    )
    _show_warnings()
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
                headers=named,
                **asked,
            )
            if is_waiting:
                failed |= not _follow(job, timeout, as_json)
            elif as_json:
                write_json([{"handle": job.handle}])
            else:
                write_lines([visible(job.handle)])
    return 1 if failed else 0


def _show_warnings() -> None:
    """Show what the client warns of on stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("geartrain submit: %(message)s"))
    logging.getLogger("geartrain.client").handlers = [handler]


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


def _headers(given: Iterable[str]) -> dict[str, str]:
    """Read headers; raises OptionError if one is none, or is given twice."""
    found: dict[str, str] = {}
    for each in given:
        name, sign, value = each.partition("=")
        if not sign or name in found:
            raise OptionError(f"--header {each!r}: write NAME=VALUE, each name once")
        found[name] = value
    return found


def _moment(text: str) -> float:
    """Read a time; without a zone it is in the system's."""
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
    """Print data, progress and result of a job; return whether it succeeded."""
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
    """Write a worker's lines to stderr; they cannot steer a terminal."""
    lines = text.removesuffix("\n").split("\n")
    write_lines((visible(line.expandtabs()) for line in lines), err=True)


def _object(job: SubmittedJob, data: bytes, error: str | None) -> dict[str, Any]:
    return {
        "handle": job.handle,
        "result": data.decode("utf-8", "backslashreplace"),
        "error": error,
    }


def _write(stream: Any, data: bytes) -> None:
    """Write bytes; on a terminal end the last line."""
    if data and stream.isatty() and not data.endswith(b"\n"):
        data += b"\n"
    stream.buffer.write(data)
    stream.flush()
