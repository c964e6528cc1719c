"""Where lines of the log end: a descriptor, a file, the system's log.

A sink may have to wait: for whoever reads a pipe, for a disk, for syslogd. Only the
thread of a ``LogWriter`` calls it. Its waits can be given up, so that a stop or
a rotation of the log need not wait for a reader that never comes.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
import stat
import time
from logging.handlers import SysLogHandler
from typing import TYPE_CHECKING, Protocol

from geartrain.server.formatters import LEVELS, level_name
from geartrain.transport.standard import StoppedError, write_patiently

if TYPE_CHECKING:
    from geartrain.transport.standard import GivesUp

__all__ = ["DescriptorSink", "FileSink", "Sink", "SyslogSink"]

# Seconds for syslogd to take a message, between two looks whether to give up.
_LOOK = 0.1

_SYSLOG_NAMES = {
    **{name: name.lower() for name in LEVELS},
    "FATAL": "emerg",
    "ERROR": "error",
}


class Sink(Protocol):
    """Something that takes lines."""

    def write(self, level: int, text: str, gives_up: GivesUp) -> None:
        """Write a record's lines.

        Raises:
            OSError: it was not taken, or not as a whole.
        """

    def reopen(self) -> None:
        """Reopen the sink by its name.

        Raises:
            OSError: it cannot be opened; the old one stays in use.
        """

    def close(self) -> None:
        """Let it go."""


class DescriptorSink:
    """Writes to stderr or stdout, whatever that is."""

    def __init__(self, descriptor: int, encoding: str = "utf-8") -> None:
        """Write to ``descriptor``, which stays open."""
        self.descriptor = descriptor
        self._encoding = encoding
        self._is_torn = False

    def write(self, level: int, text: str, gives_up: GivesUp) -> None:
        """Write a record's lines; end a line that was cut off before the next."""
        data = f"{text}\n".encode(self._encoding, "backslashreplace")
        if self._is_torn:
            data = b"\n" + data
        try:
            write_patiently(self.descriptor, data, gives_up)
        except StoppedError as error:
            # A file on a full disk may have taken half a line.
            self._is_torn = self._is_torn or error.left < len(data)
            raise
        self._is_torn = False

    def reopen(self) -> None:
        """Do nothing: it has no name."""

    def close(self) -> None:
        """Leave the descriptor to the process."""


class FileSink(DescriptorSink):
    """Appends to a file that can be opened anew after it was moved away.

    Attributes:
        path: its full name.
    """

    def __init__(self, path: str) -> None:
        """Open the file.

        Raises:
            OSError: it cannot be opened, or is a symbolic link.
        """
        self.path = os.path.abspath(path)
        self._is_new = False
        super().__init__(self._open())

    def reopen(self) -> None:
        """Reopen the file by its name, and make it if it is missing.

        Raises:
            OSError: it cannot be opened; the old file stays in use.
        """
        old = self.descriptor
        self.descriptor = self._open()
        self._is_torn = False
        os.close(old)

    def give_to(self, uid: int, gid: int) -> None:
        """Give a file that this run made to the user that will have to reopen it."""
        if self._is_new:
            os.fchown(self.descriptor, uid, gid)

    def close(self) -> None:
        """Close the file."""
        os.close(self.descriptor)

    def _open(self) -> int:
        """Open the file, never through a symbolic link: root may be writing.

        A FIFO is opened for reading too: else the start would wait for its reader, or
        fail without one. What it cannot hold is dropped.
        """
        careful = os.O_APPEND | os.O_CLOEXEC | os.O_NOCTTY | os.O_NOFOLLOW
        careful |= os.O_NONBLOCK
        try:
            made = os.open(
                self.path, careful | os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644
            )
        except FileExistsError:
            mode = os.lstat(self.path).st_mode
            if stat.S_ISLNK(mode):
                words = "it is a symbolic link, name the file itself"
                raise OSError(errno.ELOOP, words, self.path) from None
            way = os.O_RDWR if stat.S_ISFIFO(mode) else os.O_WRONLY
            return os.open(self.path, careful | way)
        self._is_new = True
        return made


class SyslogSink:
    """The system's log, each level under its own name."""

    def __init__(self, path: str, program: str) -> None:
        self._handler = _Syslog(path, program)

    def write(self, level: int, text: str, gives_up: GivesUp) -> None:
        """Send each line as a message of its own."""
        name = level_name(level)
        for line in text.split("\n"):
            began = time.monotonic()
            while not self._was_taken(name, line):
                if gives_up(time.monotonic() - began):
                    raise TimeoutError(errno.ETIMEDOUT, "the system log takes no more")

    def reopen(self) -> None:
        """Do nothing: a lost connection is made again anyhow."""

    def close(self) -> None:
        """Close the socket."""
        self._handler.close()

    def _was_taken(self, level: str, line: str) -> bool:
        try:
            self._handler.emit(logging.makeLogRecord({"levelname": level, "msg": line}))
        except TimeoutError:
            return False
        return True


class _Syslog(SysLogHandler):
    """Speaks to syslogd, and does not wait for it without end."""

    def __init__(self, path: str, program: str) -> None:
        super().__init__(path, facility=SysLogHandler.LOG_DAEMON)
        self.ident = f"{program}[{os.getpid()}]: "
        self.append_nul = False

    def mapPriority(self, levelName: str) -> str:  # noqa: N802, N803
        """Return syslog's name for a level."""
        return _SYSLOG_NAMES.get(levelName, "notice")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Have the caller know."""
        # It is called where an exception is handled.
        raise

    def _connect_unixsocket(self, address: str) -> None:
        super()._connect_unixsocket(address)  # type: ignore[misc]
        # Not in typeshed.
        connection: socket.socket = vars(self)["socket"]
        connection.settimeout(_LOOK)
