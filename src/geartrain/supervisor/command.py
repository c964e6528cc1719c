"""Run a command: feed it, read its output, and wait for its end.

A run ends when the command ends, not when its pipes do: a process that it leaves in the
background (``sleep 600 & echo done``) may hold them open. The output that is in the
pipes by then is read; what is written later finds them closed.
``subprocess.communicate`` would wait for the pipes, and hold all output in memory.

All is done in the calling thread, because a limit on processes may leave none to start.
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
# Milliseconds between two looks at the process, where there is no pidfd.
_LOOK = 20
# The signals that end a service, a session or a program on a terminal.
_ENDING = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT})
# Seconds to wait, after a command ended, for a stop that all processes were told of:
# signals to several processes arrive in any order.
_LATE_AFTER_SIGNAL = 1.0
_LATE = 0.1
# A shell adds the signal's number to this if it killed the command.
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

    A command that is text runs in a shell. With ``own_group`` it leads a process
    group. ``workload`` is its stdin, which it need not read. ``on_output`` is called
    with what it writes to stdout as it comes, ``on_errors`` with what it writes to
    stderr; with None it shares this process's stderr. If one of them raises, the
    command is killed.

    Raises:
        OSError: the command cannot be started.
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
    """Let commands start with no signal ignored or blocked.

    This process goes on ignoring what it ignored, by a handler that does nothing, which
    commands do not inherit. Return whether a signal that terminals send was ignored.

    Python itself ignores SIGPIPE and SIGXFSZ; ``subprocess`` restores them.
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
    """Ignore a signal."""


class _Pipes:
    """The pipes of a running command."""

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
            # The command has closed its stdin, and wants no more.
            self._rest = self._rest[:0]
        if not self._rest:
            self._drop(descriptor)

    def _take(self, descriptor: int, most: int = _CHUNK) -> int:
        """Read at most ``most`` bytes of output; return how many there were."""
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
        """Read what is there now. A process in the background may write for ever."""
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
    """Tells commands that failed from commands that were stopped with this process.

    systemd sends SIGTERM to all processes of a service, a terminal SIGINT to all of a
    process group. A command that ends by that has not failed, and its job is not done.

    Attributes:
        is_stopping: whether this process was told to stop.
        is_signalled: whether it was told by a signal, which its commands may have got,
            too. They may end with any status then.
    """

    def __init__(self) -> None:
        self.is_stopping = False
        self.is_signalled = False

    def explain(self, status: int) -> bool:
        """Return whether a stop is why a command ended with this status, not 0."""
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
        name = _name(status - _SHELL_BASE)
        return f"exited with status {status}" + (f" (128 + {name})" if name else "")
    name = _name(-status)
    return f"killed by signal {-status}" + (f" ({name})" if name else "")


def _signal_of(status: int) -> int:
    """Return the signal that ended a command, or that its shell reports; 0 for none."""
    if status < 0:
        return -status
    return status - _SHELL_BASE if status > _SHELL_BASE else 0


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return ""
