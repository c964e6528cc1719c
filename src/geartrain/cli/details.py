"""The details of a job, for people and as JSON."""

from __future__ import annotations

import base64
import dataclasses
import sys
from collections.abc import Iterator
from typing import Any

from geartrain.admin import AttemptRow, JobRow
from geartrain.cli.output import write_json, write_lines
from geartrain.cli.times import age, local, short
from geartrain.errors import AdminError, OptionError
from geartrain.texts import error_line, shown_worker, visible

__all__ = [
    "coded",
    "facts",
    "job_object",
    "named",
    "workload_lines",
    "write_jobs",
]

_LABEL_WIDTH = 11
_INDENT = "  "
# Outcomes of attempts that count as failed.
_FAILURES = frozenset({"fail", "exception", "retry", "timeout", "crash"})
_BYTES_PER_LINE = 16
# Characters of a text, and bytes of other workloads, that a terminal is shown.
_TEXT_SHOWN = 4096
_BYTES_SHOWN = 256


def job_object(row: JobRow) -> dict[str, Any]:
    """Return a row as the JSON object that the job server sends."""
    values = dataclasses.asdict(row)
    workload = values.pop("workload")
    # Only some jobs have these.
    for name in (
        *("ended", "result_size", "owner", "numerator", "denominator"),
        *("schedule", "key", "node"),
    ):
        if values[name] is None:
            del values[name]
    if values["data"] is None:
        del values["data"], values["data_size"]
    if workload is not None:
        text, encoding = coded(workload)
        values |= {"workload": text, "encoding": encoding}
    return values


def coded(data: bytes) -> tuple[str, str]:
    """Return bytes as text, or else as base64, and which of them it is."""
    text = _utf8(data)
    if text is None:
        return base64.b64encode(data).decode(), "base64"
    return text, "utf-8"


def write_jobs(
    rows: list[JobRow], now: float, *, workload: bool, as_json: bool
) -> None:
    """Print the details of each job, or only the ``workload`` of a single one.

    ``now`` is the time by the job server's clock.

    Raises:
        OptionError: both the workload and JSON are wanted.
        AdminError: the workload is wanted, and there are several jobs.
    """
    if workload and as_json:
        raise OptionError("--workload and --json exclude each other")
    if workload:
        _write_workload(rows)
    elif as_json:
        write_json(map(job_object, rows))
    else:
        for number, row in enumerate(rows):
            write_lines([""] if number else [])
            write_lines(_details(row, now))


def named(rows: list[JobRow]) -> str:
    """Return how many jobs these are, with their handles and functions."""
    shown = (f"{visible(row.handle)} ({visible(row.function)})" for row in rows)
    return f"{len(rows)} jobs: {', '.join(shown)}"


def _write_workload(rows: list[JobRow]) -> None:
    """Write the bytes of a workload to stdout."""
    if len(rows) > 1:
        raise AdminError(f"that is the unique of {named(rows)}: name one handle")
    sys.stdout.buffer.write(rows[0].workload or b"")
    sys.stdout.buffer.flush()


def _details(row: JobRow, now: float) -> Iterator[str]:
    yield from (_labelled(*each) for each in facts(row, now))
    for title, pairs in (("options", row.options), ("headers", row.headers)):
        if pairs:
            yield title
            for name, value in pairs.items():
                yield f"{_INDENT}{visible(f'{name}={value}')}"
    if row.story:
        yield "story"
        yield from (f"{_INDENT}{visible(line)}" for line in _story(row))
    if row.error is not None:
        yield from ("error", *_indented(row.error))
    if row.workload is not None:
        yield from ("workload", *workload_lines(row.workload, sys.stdout.isatty()))


def _story(row: JobRow) -> Iterator[str]:
    """Yield a line for each attempt, and one where some are left out."""
    known = sum(each.outcome in _FAILURES for each in row.story)
    left_out = row.attempts + row.crashes - known
    for number, attempt in enumerate(row.story):
        if left_out > 0 and number == len(row.story) // 2:
            yield f"… {left_out} more"
        yield _attempt(attempt)


def _attempt(attempt: AttemptRow) -> str:
    started = "-" if attempt.started is None else local(attempt.started)
    ran = None
    if attempt.started is not None and attempt.ended is not None:
        ran = short(max(attempt.ended - attempt.started, 0.0))
    line = error_line(attempt.error or "")
    parts = (
        started,
        ran or "…",
        attempt.outcome,
        shown_worker(attempt.worker or ""),
        line,
    )
    return "  ".join(part for part in parts if part)


def facts(row: JobRow, now: float) -> Iterator[tuple[str, str]]:
    """Yield what there is to know of a job: labels and texts, which are not escaped."""
    yield "handle", row.handle
    yield "function", row.function
    yield "unique", row.unique
    if row.owner is not None:
        yield "owner", row.owner
    if row.key is not None:
        yield "flow key", row.key
    yield "state", row.status or row.state
    yield "priority", row.priority
    yield "background", "yes" if row.background else "no"
    if row.schedule is not None:
        yield "schedule", row.schedule
    for label, moment in (
        ("submitted", row.submitted),
        ("due", row.due),
        ("started", row.started),
        ("died", row.died),
        ("ended", row.ended),
    ):
        if moment is not None:
            yield label, f"{local(moment)} ({_relative(moment - now)})"
    if row.worker is not None:
        yield "worker", shown_worker(row.worker)
    yield "attempts", f"{row.attempts} failed"
    yield "crashes", str(row.crashes)
    if row.reason is not None:
        yield "reason", row.reason
    yield "size", f"{row.size} bytes"
    if row.result_size is not None:
        yield "result", f"{row.result_size} bytes"


def _labelled(label: str, text: str) -> str:
    return f"{label:<{_LABEL_WIDTH}} {visible(text)}".rstrip()


def _relative(seconds: float) -> str:
    return f"in {age(seconds)}" if seconds > 0 else f"{age(-seconds)} ago"


def workload_lines(workload: bytes, on_screen: bool) -> Iterator[str]:
    """Yield a workload as text, or as a hex dump; on a screen only the beginning."""
    text = _utf8(workload)
    if text is None or not _is_readable(text):
        yield from _hexdump(workload[:_BYTES_SHOWN])
        is_whole = len(workload) <= _BYTES_SHOWN
    else:
        is_whole = not on_screen or len(text) <= _TEXT_SHOWN
        yield from _indented(text if is_whole else text[:_TEXT_SHOWN])
    if not is_whole:
        yield f"{_INDENT}… {len(workload)} bytes in all: --workload writes them"


def _indented(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        yield f"{_INDENT}{visible(line.expandtabs())}".rstrip()


def _hexdump(data: bytes) -> Iterator[str]:
    width = 3 * _BYTES_PER_LINE - 1
    for start in range(0, len(data), _BYTES_PER_LINE):
        piece = data[start : start + _BYTES_PER_LINE]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in piece)
        yield f"{_INDENT}{start:04x}  {piece.hex(' '):<{width}}  {text}"


def _is_readable(text: str) -> bool:
    return all(each.isprintable() or each in "\n\r\t" for each in text)


def _utf8(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None
