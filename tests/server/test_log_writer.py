"""The thread that writes the log: nobody waits for it, nothing is dropped unsaid."""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from geartrain.server.formatters import PlainFormatter
from geartrain.server.log_writer import LogWriter
from geartrain.server.sinks import DescriptorSink
from tests.support.waiting import slowness

GivesUp = Callable[[float], bool]


class Slow:
    """A sink that takes lines only while it is open, or fails as it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.is_open = threading.Event()
        self.failure: OSError | None = None

    def write(self, level: int, text: str, gives_up: GivesUp) -> None:
        began = time.monotonic()
        while not self.is_open.wait(0.01):
            if gives_up(time.monotonic() - began):
                raise TimeoutError(0, "nobody reads it")
        if self.failure is not None:
            raise self.failure
        self.lines.append(text)

    def reopen(self) -> None:
        self.lines.append("reopened")

    def close(self) -> None:
        self.lines.append("closed")


@pytest.fixture
def sink() -> Slow:
    return Slow()


@pytest.fixture
def writer(sink: Slow) -> Iterator[LogWriter]:
    made = LogWriter(sink)
    made.setFormatter(logging.Formatter("%(message)s"))
    yield made
    sink.is_open.set()
    made.close()


def say(writer: LogWriter, words: str, name: str = "shop") -> None:
    writer.handle(logging.LogRecord(name, logging.INFO, "", 0, words, (), None))


def test_whoever_logs_waits_for_nobody(writer: LogWriter, sink: Slow) -> None:
    began = time.monotonic()
    for number in range(50_000):
        say(writer, f"line {number}")
    assert time.monotonic() - began < 20
    sink.is_open.set()
    writer.flush(20)
    assert sink.lines[0] == "line 0"
    assert 9_000 < len(sink.lines) < 11_000


def test_what_was_dropped_is_counted_where_it_is_missing(
    writer: LogWriter, sink: Slow
) -> None:
    for number in range(12_345):
        say(writer, f"line {number}")
    sink.is_open.set()
    writer.flush(20)
    say(writer, "later")
    writer.flush(20)
    kept = [line for line in sink.lines if line.startswith("line ")]
    assert sink.lines[: len(kept)] == kept
    dropped, later = sink.lines[len(kept) :]
    count = 12_345 - len(kept)
    assert dropped.startswith(f"{count} lines were dropped: they came faster")
    assert later == "later"


def test_dropped_lines_are_told_of_without_a_later_one(
    writer: LogWriter, sink: Slow
) -> None:
    for number in range(12_345):
        say(writer, f"line {number}")
    sink.is_open.set()
    deadline = time.monotonic() + 20
    while "were dropped" not in str(sink.lines[-1:]):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_long_lines_are_dropped_sooner(writer: LogWriter, sink: Slow) -> None:
    for _ in range(100):
        say(writer, "x" * 1_000_000)
    sink.is_open.set()
    writer.flush(20)
    assert len(sink.lines) < 8


def test_lines_that_a_full_disk_did_not_take_are_counted(
    writer: LogWriter, sink: Slow
) -> None:
    sink.failure = OSError(28, "No space left on device")
    sink.is_open.set()
    for number in range(5):
        say(writer, f"lost {number}")
    writer.flush(20)
    sink.failure = None
    say(writer, "taken")
    writer.flush(20)
    assert sink.lines == ["5 lines were dropped: No space left on device", "taken"]


def test_a_flood_of_one_kind_is_cut_and_counted(writer: LogWriter, sink: Slow) -> None:
    sink.is_open.set()
    for _ in range(3000):
        say(writer, "closing a peer", "geartrain.server")
    deadline = time.monotonic() + 20
    while not (told := [each for each in sink.lines if "more like this" in each]):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    count = int(re.sub(r" more like this left out: closing a peer$", "", told[0]))
    assert len(sink.lines) - len(told) + count == 3000


def test_a_close_waits_two_seconds_and_no_longer(sink: Slow) -> None:
    writer = LogWriter(sink)
    for _ in range(20_000):
        say(writer, "line")
    began = time.monotonic()
    writer.close()
    assert 1.5 < time.monotonic() - began < 15
    began = time.monotonic()
    writer.flush()
    writer.close()
    assert time.monotonic() - began < 1.5 * slowness()


def test_a_close_writes_what_is_queued(sink: Slow) -> None:
    sink.is_open.set()
    writer = LogWriter(sink)
    for number in range(1000):
        say(writer, str(number))
    writer.close()
    say(writer, "too late")
    assert sink.lines == [*map(str, range(1000)), "closed"]


def test_a_reopening_has_its_place_among_the_lines(
    writer: LogWriter, sink: Slow
) -> None:
    sink.is_open.set()
    say(writer, "before")
    writer.reopen()
    say(writer, "after")
    writer.flush(20)
    assert sink.lines == ["before", "reopened", "after"]


def test_a_reopening_does_not_wait_for_a_reader_that_never_comes(
    writer: LogWriter, sink: Slow
) -> None:
    say(writer, "blocked")
    writer.reopen()
    deadline = time.monotonic() + 20
    while sink.lines != ["reopened"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_child_begins_with_a_thread_of_its_own_and_nothing_queued() -> None:
    there, here = os.pipe()
    writer = LogWriter(DescriptorSink(here))
    writer.setFormatter(PlainFormatter())
    say(writer, "of the parent")
    child = os.fork()
    if child == 0:
        say(writer, "of the child")
        writer.flush(20)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    writer.close()
    os.close(here)
    with open(there) as reader:
        lines = reader.read().splitlines()
    assert sorted(line.rpartition(": ")[2] for line in lines) == [
        "of the child",
        "of the parent",
    ]


def test_without_a_thread_to_be_had_lines_are_written_at_once(
    sink: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    writer = LogWriter(sink)
    writer.setFormatter(logging.Formatter("%(message)s"))
    say(writer, "blocked")
    sink.is_open.set()
    say(writer, "taken")
    writer.close()
    assert sink.lines == ["1 lines were dropped: nobody reads it", "taken", "closed"]


def test_a_line_that_cannot_be_formatted_is_told_of(
    writer: LogWriter, sink: Slow
) -> None:
    sink.is_open.set()
    writer.handle(logging.LogRecord("shop", logging.INFO, "", 0, "%d", ("x",), None))
    say(writer, "next")
    writer.flush(20)
    assert sink.lines == ["a line cannot be written: '%d'", "next"]
