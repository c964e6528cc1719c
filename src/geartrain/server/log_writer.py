"""Logging that keeps nobody waiting: a queue, and a thread that writes.

Whoever logs puts a line into a bounded queue and goes on. So a stderr that nobody
reads, a full disk or a stuck syslogd cannot stop the job server, a job or a stop. What
the queue has no room for is dropped and counted, and the count is logged in its place
as soon as lines are taken again. Python's own handlers write where they are called: one
full pipe stopped the event loop, SIGTERM included.

Handing a line over must be safe in a signal handler that interrupts another such call:
``SimpleQueue.put`` is, and the counters each have one side that writes them. After
a fork the child has no thread: it begins anew with an empty queue, and what was
queued is its parent's to write.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
import weakref
from queue import Empty, SimpleQueue
from typing import Final

from geartrain.server.log_limits import LogLimits
from geartrain.server.sinks import Sink
from geartrain.texts import quoted

__all__ = ["CLOSING_SECONDS", "LogWriter"]

CLOSING_SECONDS = 2.0
"""How long the end of a program waits for its last lines to be taken."""

# What waits at most: some seconds of a busy log, some megabytes of memory.
_MOST_LINES: Final = 10_000
_MOST_CHARACTERS: Final = 4 * 1024 * 1024
# Seconds until left out lines are told, and for a blocked line when the log is to be
# opened anew.
_TICK: Final = 1.0
_TOO_FAST: Final = "they came faster than they were taken"

# A line, somebody who waits until all before it is written, one of the words below,
# or the end.
_Item = tuple[int, str] | threading.Event | str | None
_REOPEN: Final = "reopen"
_LOOK: Final = "look"


class LogWriter(logging.Handler):
    """Hands lines to a sink by a thread of its own, which begins with the first."""

    def __init__(self, sink: Sink) -> None:
        super().__init__()
        self.sink = sink
        self._limits = LogLimits()
        self._is_closed = False
        self._begin()
        _writers.add(self)

    def _begin(self) -> None:
        self._queue: SimpleQueue[_Item] = SimpleQueue()
        self._thread: threading.Thread | None = None
        # Lines and characters: put by those who log, taken by the thread.
        self._put = self._put_size = 0
        self._taken = self._taken_size = 0
        # Lines that the queue had no room for, and that the sink did not take.
        self._refused = 0
        self._lost = 0
        self._lost_why = ""
        self._has_left_out = False
        self._deadline: float | None = None
        self._is_to_reopen = False

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a record's lines, or count it if there is no room."""
        if self._is_closed:
            return
        try:
            if not self._limits.lets_pass(record):
                self._note_left_out()
            elif self._has_room():
                self._enqueue(record.levelno, self.format(record))
            else:
                self._refused += 1
        except Exception:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Say that a line is missing whose words do not fit its arguments."""
        words = f"a line cannot be written: {quoted(str(record.msg))}"
        self._enqueue(*self._own(words))

    def reopen(self) -> None:
        """Have the sink go on in what has its name now, after what is queued."""
        self._is_to_reopen = True
        self._queue.put(_REOPEN)
        self._start()

    def flush(self, seconds: float = CLOSING_SECONDS) -> None:
        """Wait until what is queued was written, but no longer than that."""
        thread = None if self._is_closed else self._start()
        if thread is None or thread is threading.current_thread():
            return
        done = threading.Event()
        self._queue.put(done)
        done.wait(seconds)

    def close(self) -> None:
        """Write what is queued, within two seconds; then log no more."""
        super().close()
        if self._is_closed:
            return
        self._is_closed = True
        self._deadline = time.monotonic() + CLOSING_SECONDS
        thread = self._start()
        self._queue.put(None)
        if thread is not None:
            # A little longer than its last wait.
            thread.join(CLOSING_SECONDS + 0.5)
            if thread.is_alive():
                return
        self.sink.close()

    def _has_room(self) -> bool:
        """Tell whether a line may be queued; say before it how many were not."""
        lines, size = self._put - self._taken, self._put_size - self._taken_size
        if not self._refused:
            return lines < _MOST_LINES and size < _MOST_CHARACTERS
        # Half of it has to be free: else every second line would be such a count.
        if lines > _MOST_LINES // 2 or size > _MOST_CHARACTERS // 2:
            return False
        refused, self._refused = self._refused, 0
        self._enqueue(*self._dropped(refused, _TOO_FAST))
        return True

    def _note_left_out(self) -> None:
        """Have the thread tell of lines that were left out, in a second."""
        if not self._has_left_out:
            self._has_left_out = True
            self._queue.put(_LOOK)

    def _enqueue(self, level: int, text: str) -> None:
        self._put += 1
        self._put_size += len(text)
        self._queue.put((level, text))
        if self._thread is None:
            self._start()

    def _start(self) -> threading.Thread | None:
        """Return the thread, started if need be; where there is none to be had, write.

        It then takes what the sink takes at once.
        """
        if self._thread is None:
            thread = threading.Thread(
                target=self._run, args=(self._queue,), name="log", daemon=True
            )
            try:
                thread.start()
            except RuntimeError:
                self._write_at_once()
            else:
                self._thread = thread
        return self._thread

    def _write_at_once(self) -> None:
        before, self._deadline = self._deadline, 0.0
        try:
            while not self._queue.empty():
                self._heed(self._queue.get())
        finally:
            self._deadline = before

    def _run(self, queue: SimpleQueue[_Item]) -> None:
        """Write until told to end."""
        # They are for the main thread, whose wait they are to interrupt.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        item: _Item = _LOOK
        told = time.monotonic()
        while item is not None:
            owes = self._has_left_out or self._refused or self._lost
            with contextlib.suppress(Empty):
                item = queue.get(timeout=_TICK if owes else None)
                self._heed(item)
            if time.monotonic() - told >= _TICK:
                told = time.monotonic()
                self._tell_owed()
        self._tell_owed()

    def _heed(self, item: _Item) -> None:
        if isinstance(item, tuple):
            self._write(*item)
        elif isinstance(item, threading.Event):
            item.set()
        elif item == _REOPEN:
            self._reopen()

    def _write(self, level: int, text: str) -> None:
        self._tell_lost()
        self._hand_over(level, text)
        self._taken += 1
        self._taken_size += len(text)

    def _hand_over(self, level: int, text: str) -> None:
        try:
            self.sink.write(level, text, self._ends)
        except OSError as error:
            self._lost += 1
            self._lost_why = error.strerror or str(error)

    def _tell_lost(self) -> None:
        """Say before the next line how many the sink did not take."""
        if self._lost:
            lost, self._lost = self._lost, 0
            self._hand_over(*self._dropped(lost, self._lost_why))
            if self._lost:
                self._lost = lost

    def _reopen(self) -> None:
        self._is_to_reopen = False
        try:
            self.sink.reopen()
        except OSError as error:
            logging.getLogger("geartrain.server").error(
                'Could not reopen log file "%s" (%s): the old one is written on',
                error.filename,
                error.strerror,
                extra={"action": "log_failed"},
            )

    def _tell_owed(self) -> None:
        """Say which lines are missing, where no later line has said so."""
        if self._has_left_out:
            self._has_left_out = False
            for kind, count in self._limits.take_left_out():
                self._hand_over(*self._own(f"{count} more like this left out: {kind}"))
        self._tell_lost()
        if not self._refused or not self._queue.empty():
            # A later line says so before it.
            return
        # Only a try: whoever has the lock may be waiting for this thread.
        if self.lock is not None and self.lock.acquire(False):
            refused, self._refused = self._refused, 0
            self.lock.release()
            self._hand_over(*self._dropped(refused, _TOO_FAST))

    def _ends(self, waited: float) -> bool:
        """Tell whether a line has waited for its maximum time."""
        if self._deadline is not None and time.monotonic() >= self._deadline:
            return True
        return self._is_to_reopen and waited >= _TICK

    def _dropped(self, count: int, why: str) -> tuple[int, str]:
        return self._own(f"{count} lines were dropped: {why}")

    def _own(self, words: str) -> tuple[int, str]:
        """Return a line about the log itself."""
        record = logging.makeLogRecord(
            {
                "name": "geartrain.log",
                "levelno": logging.WARNING,
                "levelname": "WARNING",
                "msg": words,
                "threadName": "log",
                "action": "log",
            }
        )
        return logging.WARNING, self.format(record)


_writers: weakref.WeakSet[LogWriter] = weakref.WeakSet()


def _begin_anew() -> None:
    for writer in _writers:
        writer._begin()


os.register_at_fork(after_in_child=_begin_anew)
