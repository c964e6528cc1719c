"""The standard files of a process, which may be closed, full, or read by nobody."""

from __future__ import annotations

import errno
import os
import select
import sys
import time

# typing is slow to import, and scripts run `gearadmin` for every job.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    GivesUp = Callable[[float], bool]
    """Told how many seconds a write has waited; returns whether it waits no longer."""

__all__ = [
    "StoppedError",
    "fill_standard_files",
    "flush_stdout",
    "is_terminal",
    "write_patiently",
    "write_soon",
]

# Seconds between two checks whether to stop waiting.
_LOOK = 0.1
# A pipe that is ready for writing takes this much without blocking (PIPE_BUF).
_PIECE = 4096


class StoppedError(OSError):
    """Some bytes were not written.

    Attributes:
        left: how many.
    """

    def __init__(self, left: int, cause: OSError | None = None) -> None:
        number = errno.EAGAIN if cause is None else (cause.errno or errno.EIO)
        words = "nobody reads it" if cause is None else cause.strerror
        super().__init__(number, words)
        self.left = left


def fill_standard_files() -> None:
    """Open /dev/null as stdin, stdout or stderr where the parent left one closed.

    Otherwise the next socket or file would take that number, and get what is printed.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    # Python has no object for a closed one, and most code does not expect that.
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, "r", closefd=False)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", errors="backslashreplace", closefd=False)


def is_terminal(descriptor: int) -> bool:
    """Tell whether a descriptor is open and leads to a terminal."""
    return os.isatty(descriptor)


def flush_stdout() -> OSError | None:
    """Write what is buffered for stdout; return why that failed.

    After a failure stdout leads nowhere: Python would try again at its end, complain,
    and exit with a status of its own.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.close(null)
        return error
    return None


def write_soon(descriptor: int, data: bytes, seconds: float) -> bool:
    """Write, unless it takes longer than that; return whether all was written."""
    try:
        write_patiently(descriptor, data, lambda waited: waited >= seconds)
    except StoppedError:
        return False
    return True


def write_patiently(descriptor: int, data: bytes, gives_up: GivesUp) -> None:
    """Write to a descriptor that other processes may share.

    It cannot be made non-blocking: that would change it for all of them. So it is
    asked for room first, and gets no more than a pipe with room takes at once.

    Raises:
        StoppedError: it did not take all, or the wait for room was given up.
    """
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    began = time.monotonic()
    while data:
        while not poll.poll(0):
            if gives_up(time.monotonic() - began):
                raise StoppedError(len(data))
            poll.poll(_LOOK * 1000)
        try:
            data = data[os.write(descriptor, data[:_PIECE]) :]
        except BlockingIOError:
            # It is non-blocking, and another process was faster.
            time.sleep(_LOOK)
        except OSError as error:
            raise StoppedError(len(data), error) from None
