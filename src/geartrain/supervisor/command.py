"""One run of a command: what it is given, what it writes, how it ends.

A run is over when the command has ended, not when its pipes have: what a command leaves
in the background (``sleep 600 & echo done``) may hold them open for as long as it
likes. What is in the pipes by then is taken; the rest finds them closed.

All is done in the calling thread, by readiness: there may be no thread to be had.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import os
import select
import signal
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO

__all__ = ["Stops", "default_signals", "do_nothing", "exit_text", "run_command"]

_CHUNK = 65536
# Milliseconds between two looks where the system cannot wait for a process's end.
_LOOK = 20
# The signals that end a service, a session or a program on a terminal.
_ENDING = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT})
# Seconds after the end of a command within which this process hears of a stop that
# all processes were told of: signals to many arrive in any order.
_LATE_AFTER_SIGNAL = 1.0
_LATE = 0.1
# A shell says so of a command that was killed.
_SHELL_BASE = 128

Taker = Callable[[bytes], object]


def run_command(
    command: str | Sequence[str],
    workload: bytes,
    on_output: Taker,
    on_errors: Taker | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    own_group: bool = False,
) -> int:
    """Run a command to its end; return its status, negative for a signal.

    A text is for the shell. With ``own_group`` the command is the head of a process
    group. ``workload`` is its stdin, which it need not read.
    ``on_output`` gets what it writes to stdout as it comes, ``on_errors`` what it
    writes to stderr; None leaves it this process's stderr. If one of them raises, the
    command is killed.

    Raises:
        OSError: it cannot be started.
    """
    process = subprocess.Popen(
        command,
        bufsize=0,
        shell=isinstance(command, str),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if on_errors is None else subprocess.PIPE,
        env=environment,
        process_group=0 if own_group else None,
    )
    pipes = _Pipes(process, workload, on_output, on_errors)
    try:
        pipes.serve()
    except BaseException:
        _kill(process, own_group)
        raise
    finally:
        pipes.close()
        process.wait()
    return process.returncode


def _kill(process: subprocess.Popen[bytes], own_group: bool) -> None:
    if own_group:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def default_signals() -> bool:
    """Have commands start with no signal ignored or blocked.

    For this process, what was ignored stays so, by a handler that does nothing: those
    are not inherited. Return whether it was to ignore what a terminal sends.

    Python itself ignores SIGPIPE and SIGXFSZ, and ``subprocess`` puts that right.
    """
    ignored = {
        number
        for number in signal.valid_signals()
        if signal.getsignal(number) is signal.SIG_IGN
    }
    for number in ignored - {signal.SIGPIPE, signal.SIGXFSZ}:
        signal.signal(number, do_nothing)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    return bool(ignored & {signal.SIGINT, signal.SIGQUIT, signal.SIGHUP})


def do_nothing(number: int, frame: object) -> None:
    """Take a signal."""


class _Pipes:
    """The pipes of a command that runs."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        workload: bytes,
        on_output: Taker,
        on_errors: Taker | None,
    ) -> None:
        self._process = process
        self._rest = memoryview(workload)
        self._poll = select.poll()
        self._open: dict[int, IO[bytes]] = {}
        self._takers: dict[int, Taker] = {}
        self._add(process.stdin, select.POLLOUT)
        self._read(process.stdout, on_output)
        self._read(process.stderr, on_errors)
        self._end = _end_of(process)
        if self._end is not None:
            self._poll.register(self._end, select.POLLIN)

    def _read(self, pipe: IO[bytes] | None, taker: Taker | None) -> None:
        if pipe is not None and taker is not None:
            self._add(pipe, select.POLLIN)
            self._takers[pipe.fileno()] = taker

    def _add(self, pipe: IO[bytes] | None, what: int) -> None:
        if pipe is not None:
            os.set_blocking(pipe.fileno(), False)
            self._open[pipe.fileno()] = pipe
            self._poll.register(pipe, what)

    def serve(self) -> None:
        """Move bytes until the command has ended."""
        while self._process.poll() is None:
            for descriptor, _ in self._poll.poll(_LOOK if self._end is None else None):
                if descriptor in self._takers:
                    self._take(descriptor)
                elif descriptor in self._open:
                    self._feed(descriptor)
        for descriptor in list(self._takers):
            self._take_rest(descriptor)

    def _feed(self, descriptor: int) -> None:
        """Write more of the workload."""
        try:
            self._rest = self._rest[os.write(descriptor, self._rest[:_CHUNK]) :]
        except BlockingIOError:
            return
        except OSError:
            # The command has closed its stdin: it has what it wants.
            self._rest = self._rest[:0]
        if not self._rest:
            self._drop(descriptor)

    def _take(self, descriptor: int, most: int = _CHUNK) -> int:
        """Read what was written, at most so many bytes; return how many."""
        try:
            data = os.read(descriptor, most)
        except BlockingIOError:
            return 0
        if data:
            self._takers[descriptor](data)
        else:
            del self._takers[descriptor]
            self._drop(descriptor)
        return len(data)

    def _take_rest(self, descriptor: int) -> None:
        """Read what is there now; what runs on in the background may write for ever."""
        left = array.array("i", [0])
        fcntl.ioctl(descriptor, termios.FIONREAD, left)
        rest = left[0]
        while rest > 0 and (taken := self._take(descriptor, min(rest, _CHUNK))):
            rest -= taken

    def _drop(self, descriptor: int) -> None:
        self._poll.unregister(descriptor)
        self._open.pop(descriptor).close()

    def close(self) -> None:
        """Close all that is open."""
        for pipe in self._open.values():
            pipe.close()
        if self._end is not None:
            os.close(self._end)


def _end_of(process: subprocess.Popen[bytes]) -> int | None:
    """Return a descriptor that is readable once the process ends; None for none."""
    if hasattr(os, "pidfd_open"):
        with contextlib.suppress(OSError):
            descriptor: int = os.pidfd_open(process.pid)
            return descriptor
    return None


class Stops:
    """Tells a command that failed from one that was stopped with everything else.

    systemd sends its SIGTERM to all processes of a service, a terminal its SIGINT to
    all of a group: a command that ends by that has not failed, and its job is not
    done.

    Attributes:
        is_stopping: this process was told to stop.
        is_signalled: by a signal of its own, as its commands may have been. How they
            end by it is up to them: with whatever status they like.
    """

    def __init__(self) -> None:
        self.is_stopping = False
        self.is_signalled = False

    def explain(self, status: int) -> bool:
        """Tell whether a stop is why a command ended with this status, not 0."""
        by_signal = _signal_of(status) in _ENDING
        until = time.monotonic() + (_LATE_AFTER_SIGNAL if by_signal else _LATE)
        while not self._explains(by_signal):
            if time.monotonic() >= until:
                return False
            time.sleep(0.01)
        return True

    def _explains(self, by_signal: bool) -> bool:
        return self.is_signalled or (self.is_stopping and by_signal)


def exit_text(status: int) -> str:
    """Return how a process ended, its status as ``subprocess`` gives it."""
    if status >= 0:
        # A shell says that of a command that was killed.
        name = _name(status - _SHELL_BASE)
        return f"exited with status {status}" + (f" (128 + {name})" if name else "")
    name = _name(-status)
    return f"killed by signal {-status}" + (f" ({name})" if name else "")


def _signal_of(status: int) -> int:
    """Return the signal a command ended by, as it or its shell tells; 0 for none."""
    if status < 0:
        return -status
    return status - _SHELL_BASE if status > _SHELL_BASE else 0


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return ""
