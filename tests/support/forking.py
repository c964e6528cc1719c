"""Run something in a child that is forked, and be told what came of it."""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Callable
from typing import Any

from tests.support.waiting import PATIENCE

__all__ = ["in_child"]


def in_child(call: Callable[[], Any], timeout: float = PATIENCE) -> str:
    """Return the ``repr`` of what a call returned, or its error, in a forked child."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        # Whatever happens, the child must not go on with the tests.
        try:
            os.close(reading)
            try:
                said = repr(call())
            except BaseException as error:
                said = f"{type(error).__name__}: {error}"
            os.write(writing, said.encode()[:60000])
        finally:
            sys.stdout.flush()
            os._exit(0)
    os.close(writing)
    try:
        ready, _, _ = select.select([reading], [], [], timeout)
        said = os.read(reading, 65536).decode() if ready else "the child hangs"
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return said
