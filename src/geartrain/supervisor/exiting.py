"""End a forked process as any Python program ends."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import signal
import sys
import threading
from typing import NoReturn

from geartrain.transport.standard import write_soon

__all__ = ["exit_status", "flush_standard_files", "kill_own_group", "leave"]

_log = logging.getLogger("geartrain.worker")


def leave(status: int, parent: int = 0) -> NoReturn:
    """End this process without unwinding the stack, which was the parent's.

    As at the end of the interpreter, threads that are not daemons are waited for, and
    then exit hooks run. There is no public function for these steps.

    If ``parent`` is no longer this process's parent, what this process has started is
    killed: nobody else is left to do that.
    """
    for step in (threading._shutdown, atexit._run_exitfuncs):  # type: ignore[attr-defined]
        try:
            step()
        except BaseException:
            _log.exception(
                "at the exit of the process", extra={"action": "exit_failed"}
            )
    flush_standard_files()
    if parent and parent != os.getppid():
        kill_own_group()
    os._exit(status)


def flush_standard_files() -> None:
    """Write what is buffered for stdout and stderr, if possible."""
    for stream in (sys.stdout, sys.stderr):
        # A stream may be None, closed, or full.
        with contextlib.suppress(Exception):
            stream.flush()


def kill_own_group() -> NoReturn:
    """Kill this process and all that it has started."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def exit_status(end: SystemExit) -> int:
    """Return the exit status; print a code that is not one, as the interpreter does."""
    if end.code is None:
        return 0
    if isinstance(end.code, int):
        return end.code & 0xFF
    with contextlib.suppress(Exception):
        # Of sys.exit(text). It is no failure if nobody reads it.
        write_soon(2, f"{end.code}\n".encode(errors="backslashreplace"), 2.0)
    return 1
