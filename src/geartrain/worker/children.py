"""What handlers leave behind: forked children that come back, and limits they moved.

A child that a handler forks is no worker. It has no connection to the job servers
(``geartrain.transport.forks``), its parent ends the job, and when it leaves the handler
it ends: whatever is above the handler on its stack is its parent's.
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
    """Counts the forks between the first process and this one."""

    def __init__(self) -> None:
        self.forks = 0
        forks.tell(self)

    def in_child(self) -> None:
        """Take note of being in a child."""
        self.forks += 1


LINEAGE = _Lineage()


def end_if_forked(born: int, error: BaseException | None = None) -> None:
    """End this process if it was forked since ``born``, a count of forks.

    Else only ``restore``.

    With status 0 if its handler returned, what ``sys.exit`` gave if that is how it
    left, and 1, with a traceback on stderr, after another exception. As
    ``multiprocessing`` does with its children, nothing else is run: the functions of
    ``atexit`` are the parent's.
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
    """Raise the recursion limit if a handler has lowered it: the worker needs some."""
    if sys.getrecursionlimit() < _DEPTH:
        sys.setrecursionlimit(_DEPTH)
