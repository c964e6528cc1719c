"""The log of a running program: where it goes, and when it is opened and closed."""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from geartrain.errors import GeartrainError, StartError
from geartrain.server.formatters import (
    ALERT,
    FATAL,
    LEVELS,
    NOTICE,
    GearmandFormatter,
    PlainFormatter,
)
from geartrain.server.log_writer import LogWriter
from geartrain.server.sinks import DescriptorSink, FileSink, Sink, SyslogSink
from geartrain.transport.standard import write_soon

__all__ = [
    "ALERT",
    "FATAL",
    "LEVELS",
    "NOTICE",
    "GearmandFormatter",
    "LogTarget",
    "Logs",
    "PlainFormatter",
    "flush_logs",
    "open_logs",
    "startup_log",
]

SYSLOG_SOCKET = "/dev/log"

# Containers' names for them, which are links.
_STDERR = frozenset({"stderr", "/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"})
_STDOUT = frozenset({"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"})

startup_log = logging.getLogger("geartrain.startup")
"""What the operator asked for and does not get: told at every log level."""


@dataclass(frozen=True, kw_only=True)
class LogTarget:
    """Where to log, what, and how it looks.

    Attributes:
        file: a path, ``stderr`` or ``none``.
        level: a name of ``LEVELS``; what is less grave is left out.
        formatter: the look of a line.
        syslog: also log to the system's log, under ``program``.
        fallback: go on with stderr where the file cannot be opened.
    """

    file: str = "stderr"
    level: str = "INFO"
    formatter: logging.Formatter
    syslog: bool = False
    program: str = "geartrain"
    fallback: bool = False
    syslog_socket: str = SYSLOG_SOCKET


class Logs:
    """The open log of a running program."""

    def __init__(self, handlers: list[logging.Handler]) -> None:
        self._handlers = handlers
        self._writers = [each for each in handlers if isinstance(each, LogWriter)]
        self._hooks = _log_defects()

    @property
    def reaches_stderr(self) -> bool:
        """Tell whether what is logged is seen on stderr."""
        return any(
            isinstance(writer.sink, DescriptorSink) and writer.sink.descriptor == 2
            for writer in self._writers
        )

    def reopen(self) -> None:
        """Go on in the file that now has the log's name, after a rotation."""
        log = logging.getLogger("geartrain.server")
        log.log(NOTICE, "SIGHUP, reopening log file", extra={"action": "log_reopened"})
        for writer in self._writers:
            writer.reopen()

    def give_to(self, uid: int, gid: int) -> None:
        """Let the user the process will run as reopen the log."""
        for writer in self._writers:
            if isinstance(writer.sink, FileSink):
                writer.sink.give_to(uid, gid)

    def flush(self, seconds: float) -> None:
        """Wait until what was logged has been written, but no longer than that."""
        for writer in self._writers:
            writer.flush(seconds)

    @contextlib.contextmanager
    def telling(self) -> Iterator[None]:
        """Log what ends the block, unless it will be read on stderr anyhow.

        Raises:
            SystemExit: a defect ended it, which was told.
        """
        log = logging.getLogger("geartrain.defects")
        try:
            yield
        except GeartrainError as error:
            if not self.reaches_stderr:
                log.error("%s", error, extra={"action": "failed"})
            raise
        except Exception:
            log.critical("ended by a defect", exc_info=True, extra={"action": "defect"})
            if not self.reaches_stderr:
                write_soon(2, traceback.format_exc().encode(), 2.0)
            # Python would wait for whoever reads stderr.
            raise SystemExit(1) from None

    def close(self) -> None:
        """Write what was logged, within two seconds, and end logging."""
        self._hooks()
        for handler in self._handlers:
            logging.getLogger().removeHandler(handler)
            handler.close()


def open_logs(target: LogTarget) -> Logs:
    """Send what this process logs to ``target``, by threads: nobody waits for them.

    Raises:
        StartError: the log file cannot be opened and no fallback was asked for.
    """
    # A full disk must not fill stderr with tracebacks.
    logging.raiseExceptions = False
    sinks, problems = _sinks(target)
    handlers: list[logging.Handler] = [LogWriter(sink) for sink in sinks]
    # Without any, Python would write warnings to stderr.
    handlers = handlers or [logging.NullHandler()]
    root = logging.getLogger()
    for handler in handlers:
        handler.setFormatter(target.formatter)
        root.addHandler(handler)
    level = LEVELS[target.level]
    root.setLevel(level)
    startup_log.setLevel(min(level, logging.WARNING))
    for problem in problems:
        startup_log.error(problem, extra={"action": "log_failed"})
    return Logs(handlers)


def flush_logs() -> None:
    """Write what was logged, within two seconds: this process is about to end."""
    for handler in logging.getLogger().handlers:
        with contextlib.suppress(OSError, ValueError):
            handler.flush()


def _log_defects() -> Callable[[], None]:
    """Have Python log what it would write to stderr; return what undoes that.

    It would wait there for a reader.
    """
    before = threading.excepthook, sys.unraisablehook
    log = logging.getLogger("geartrain.defects")

    def in_thread(found: threading.ExceptHookArgs) -> None:
        if found.exc_type is not SystemExit:
            name = found.thread.name if found.thread else "unknown"
            trace = (found.exc_type, found.exc_value, found.exc_traceback)
            log.critical(
                "thread %s was ended",
                name,
                exc_info=trace,  # type: ignore[arg-type]
                extra={"action": "defect"},
            )

    def unraisable(found: Any) -> None:
        words = found.err_msg or "an error was ignored"
        trace = (found.exc_type, found.exc_value, found.exc_traceback)
        log.error(
            "%s: %r", words, found.object, exc_info=trace, extra={"action": "defect"}
        )

    def restore() -> None:
        threading.excepthook, sys.unraisablehook = before
        logging.captureWarnings(False)

    threading.excepthook, sys.unraisablehook = in_thread, unraisable
    logging.captureWarnings(True)
    return restore


def _sinks(target: LogTarget) -> tuple[list[Sink], list[str]]:
    """Open everything to log to; return also what could not be opened."""
    sinks: list[Sink] = []
    problems: list[str] = []
    if target.syslog:
        # It may still come, so it is sent to all the same.
        sinks.append(SyslogSink(target.syslog_socket, target.program))
        if not _is_answered(target.syslog_socket):
            problems.append(
                f"no system log answers at {target.syslog_socket}:"
                " start syslogd or leave out --syslog"
            )
    if target.file in _STDERR:
        sinks.append(_stderr())
    elif target.file in _STDOUT:
        sinks.append(DescriptorSink(1))
    elif target.file != "none":
        sinks.append(_file_or_stderr(target, problems))
    return sinks, problems


def _stderr() -> DescriptorSink:
    return DescriptorSink(2, getattr(sys.stderr, "encoding", None) or "utf-8")


def _is_answered(path: str) -> bool:
    """Tell whether a system log listens on the socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(path)
        except OSError as error:
            return error.errno == errno.EPROTOTYPE
    return True


def _file_or_stderr(target: LogTarget, problems: list[str]) -> Sink:
    """Open the log file, or stderr in its place where that is allowed."""
    try:
        return FileSink(target.file)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        sentence = f'Could not open log file "{target.file}" ({reason})'
        if not target.fallback:
            raise StartError(f"{sentence}: name one that can be written") from None
        problems.append(f"{sentence}, switching to stderr")
        return _stderr()
