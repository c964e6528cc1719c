"""The job server's log: its levels, its two formats, and where it is written."""

from __future__ import annotations

import errno
import logging
import os
import socket
import sys
from dataclasses import dataclass
from datetime import datetime
from io import TextIOWrapper
from logging.handlers import SysLogHandler

from geartrain.errors import StartError

__all__ = [
    "ALERT",
    "FATAL",
    "LEVELS",
    "NOTICE",
    "GearmandFormatter",
    "LogFile",
    "LogTarget",
    "Logs",
    "PlainFormatter",
    "open_logs",
    "startup_log",
]

NOTICE = 25
ALERT = 60
FATAL = 70

LEVELS = {
    "FATAL": FATAL,
    "ALERT": ALERT,
    "CRITICAL": logging.CRITICAL,
    "ERROR": logging.ERROR,
    "WARNING": logging.WARNING,
    "NOTICE": NOTICE,
    "INFO": logging.INFO,
    "DEBUG": logging.DEBUG,
}
"""The original's level names, gravest first, as numbers of ``logging``."""

SYSLOG_SOCKET = "/dev/log"

_NAMES = {number: name for name, number in LEVELS.items()}
_SYSLOG_NAMES = {
    **{name: name.lower() for name in LEVELS},
    "FATAL": "emerg",
    "ERROR": "error",
}
_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(32), 127)}

startup_log = logging.getLogger("geartrain.startup")
"""What the operator asked for and does not get: told at every log level."""


class _OneLineFormatter(logging.Formatter):
    """Write control characters as escapes, so that no peer can forge a line."""

    def text(self, record: logging.LogRecord) -> str:
        """Return the record's words on one line, a traceback below them."""
        text = record.getMessage().translate(_ESCAPES)
        if record.exc_info:
            text = f"{text}\n{self.formatException(record.exc_info)}"
        return text


class GearmandFormatter(_OneLineFormatter):
    """``  ERROR 2026-01-31 12:00:00.000000 [  main ] words``, as gearmand writes."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of gearmand's log."""
        when = datetime.fromtimestamp(record.created)
        thread = "main" if record.threadName == "MainThread" else record.threadName
        level = _NAMES.get(record.levelno, record.levelname)
        return f"{level:>7} {when:%F %T.%f} [{thread or '-':>6.6} ] {self.text(record)}"


class PlainFormatter(_OneLineFormatter):
    """``2026-01-31 12:00:00.000 INFO    geartrain.server: words``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one plain line."""
        when = datetime.fromtimestamp(record.created)
        level = _NAMES.get(record.levelno, record.levelname)
        milliseconds = f"{record.msecs:03.0f}"[:3]
        return (
            f"{when:%F %T}.{milliseconds} {level:<7} {record.name}: {self.text(record)}"
        )


class LogFile(logging.FileHandler):
    """A log file that can be opened anew after it was moved away."""

    is_new = False

    def __init__(self, path: str) -> None:
        """Open the file for appending.

        Raises:
            OSError: it cannot be opened.
        """
        super().__init__(path, encoding="utf-8", errors="backslashreplace")

    def reopen(self) -> None:
        """Go on in the file that now has the name, made if there is none.

        Raises:
            OSError: it cannot be opened; the old file is written on.
        """
        old = self.setStream(self._open())
        if old is not None:
            old.close()

    def give_to(self, uid: int, gid: int) -> None:
        """Hand a file made by this run to the user who will have to reopen it."""
        if self.is_new and self.stream is not None:
            os.fchown(self.stream.fileno(), uid, gid)

    def _open(self) -> TextIOWrapper:
        return open(
            self.baseFilename,
            "a",
            encoding=self.encoding,
            errors=self.errors,
            opener=self._opener,
        )

    def _opener(self, path: str, flags: int) -> int:
        """Open the file and remember whether it was made, by no one's symbolic link."""
        try:
            descriptor = os.open(path, flags | os.O_EXCL | os.O_NOCTTY, 0o644)
        except FileExistsError:
            return os.open(path, flags | os.O_NOCTTY, 0o644)
        self.is_new = True
        return descriptor


class _Syslog(SysLogHandler):
    """The system's log, each level under its own name."""

    def __init__(self, path: str, program: str) -> None:
        super().__init__(path, facility=SysLogHandler.LOG_DAEMON)
        self.ident = f"{program}[{os.getpid()}]: "
        self.append_nul = False

    def mapPriority(self, levelName: str) -> str:  # noqa: N802, N803
        """Return syslog's name for a level."""
        return _SYSLOG_NAMES.get(levelName, "notice")

    def emit(self, record: logging.LogRecord) -> None:
        """Send the record under the level's name, also for our own levels."""
        record.levelname = _NAMES.get(record.levelno, record.levelname)
        super().emit(record)


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

    @property
    def reaches_stderr(self) -> bool:
        """Tell whether what is logged is seen on stderr."""
        return any(type(handler) is logging.StreamHandler for handler in self._handlers)

    def reopen(self) -> None:
        """Go on in the file that now has the log's name, after a rotation."""
        log = logging.getLogger("geartrain.server")
        log.log(NOTICE, "SIGHUP, reopening log file")
        for handler in self._files():
            try:
                handler.reopen()
            except OSError as error:
                log.error(
                    'Could not reopen log file "%s" (%s): the old one is written on',
                    handler.baseFilename,
                    error.strerror,
                )

    def give_to(self, uid: int, gid: int) -> None:
        """Let the user the process will run as reopen the log."""
        for handler in self._files():
            handler.give_to(uid, gid)

    def close(self) -> None:
        """End logging."""
        for handler in self._handlers:
            logging.getLogger().removeHandler(handler)
            handler.close()

    def _files(self) -> list[LogFile]:
        return [handler for handler in self._handlers if isinstance(handler, LogFile)]


def open_logs(target: LogTarget) -> Logs:
    """Send what this process logs to ``target``.

    Raises:
        StartError: the log file cannot be opened and no fallback was asked for.
    """
    # A full disk must not fill stderr with tracebacks.
    logging.raiseExceptions = False
    handlers, problems = _handlers(target)
    root = logging.getLogger()
    for handler in handlers:
        handler.setFormatter(target.formatter)
        root.addHandler(handler)
    level = LEVELS[target.level]
    root.setLevel(level)
    startup_log.setLevel(min(level, logging.WARNING))
    for problem in problems:
        startup_log.error(problem)
    return Logs(handlers)


def _handlers(target: LogTarget) -> tuple[list[logging.Handler], list[str]]:
    """Open everything to log to; return also what could not be opened."""
    handlers: list[logging.Handler] = []
    problems: list[str] = []
    if target.syslog:
        # It may still come, so it is sent to all the same.
        handlers.append(_Syslog(target.syslog_socket, target.program))
        if not _is_answered(target.syslog_socket):
            problems.append(
                f"no system log answers at {target.syslog_socket}:"
                " start syslogd or leave out --syslog"
            )
    if target.file == "stderr":
        handlers.append(logging.StreamHandler(sys.stderr))
    elif target.file == "none":
        handlers.append(logging.NullHandler())
    else:
        handlers.append(_file_or_stderr(target, problems))
    return handlers, problems


def _is_answered(path: str) -> bool:
    """Tell whether a system log listens on the socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(path)
        except OSError as error:
            return error.errno == errno.EPROTOTYPE
    return True


def _file_or_stderr(target: LogTarget, problems: list[str]) -> logging.Handler:
    """Open the log file, or stderr in its place where that is allowed."""
    try:
        return LogFile(target.file)
    except OSError as error:
        sentence = f'Could not open log file "{target.file}" ({error.strerror})'
        if not target.fallback:
            raise StartError(f"{sentence}: name one that can be written") from None
        problems.append(f"{sentence}, switching to stderr")
        return logging.StreamHandler(sys.stderr)
