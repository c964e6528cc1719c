"""The end of a process of workers: as that of any Python program."""

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
    """End without unwinding what was the parent's stack.

    If ``parent`` is not this process's any more, nobody is left to end what this
    process has started: it is killed.

    Threads that are no daemons are waited for, then what executors and others have
    registered for the exit is run. The interpreter does the same in the same order,
    and offers no other way to have it.
    """
    for step in (threading._shutdown, atexit._run_exitfuncs):  # type: ignore[attr-defined]
        try:
            step()
        except BaseException:
            _log.exception("at the exit of the process")
    flush_standard_files()
    if parent and parent != os.getppid():
        kill_own_group()
    os._exit(status)


def flush_standard_files() -> None:
    """Write what is printed and not written yet, if that can be."""
    for stream in (sys.stdout, sys.stderr):
        # It may be None, closed, or full.
        with contextlib.suppress(Exception):
            stream.flush()


def kill_own_group() -> NoReturn:
    """End at once, with all that this process has started."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def exit_status(end: SystemExit) -> int:
    """Return the exit status, and print what is none, as the interpreter does."""
    if end.code is None:
        return 0
    if isinstance(end.code, int):
        return end.code & 0xFF
    with contextlib.suppress(Exception):
        # What sys.exit(text) is for; nobody need read it.
        write_soon(2, f"{end.code}\n".encode(errors="backslashreplace"), 2.0)
    return 1
