"""What handlers leave behind: forked processes, and a lower recursion limit.

A process that a handler forks is not a worker. It has no connections to job servers
(``geartrain.transport.forks``), and its parent ends the job. When it returns from the
handler it exits, because the rest of its stack belongs to the parent.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import Final, NoReturn

from geartrain.transport import forks

__all__ = ["LINEAGE", "end_if_forked"]

_DEPTH: Final = sys.getrecursionlimit()


class _Lineage:
    """Counts how many forks separate this process from the first one."""

    def __init__(self) -> None:
        self.forks = 0
        forks.tell(self)

    def in_child(self) -> None:
        """Count the fork; called in the new process."""
        self.forks += 1


LINEAGE = _Lineage()


def end_if_forked(born: int, error: BaseException | None = None) -> None:
    """Exit if this process was forked since ``LINEAGE.forks`` was ``born``.

    The status is 0 if the handler returned, that of ``sys.exit`` if it called it, and 1
    after another exception, whose traceback goes to stderr. Functions of ``atexit`` are
    the parent's and do not run, as in the processes of ``multiprocessing``.
    """
    _restore()
    if born != LINEAGE.forks:
        _end(error)


def _end(error: BaseException | None) -> NoReturn:
    status = 1
    try:
        status = _status(error)
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    finally:
        os._exit(status)


def _status(error: BaseException | None) -> int:
    if error is None:
        return 0
    if not isinstance(error, SystemExit):
        traceback.print_exception(error)
        return 1
    if error.code is None or isinstance(error.code, int):
        return (error.code or 0) & 0xFF
    sys.stderr.write(f"{error.code}\n")
    return 1


def _restore() -> None:
    """Restore the recursion limit if a handler has lowered it."""
    if sys.getrecursionlimit() < _DEPTH:
        sys.setrecursionlimit(_DEPTH)
