"""Exceptions at any moment, as those of signal handlers come."""

from __future__ import annotations

import dis
import gc
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

__all__ = ["Interrupted", "interrupted"]

# After these Python looks whether there are signals to be handled.
_POINTS = ("CALL", "RESUME", "JUMP_BACKWARD", "SEND", "FOR_ITER")


class Interrupted(BaseException):
    """What a signal handler raises."""


def interrupted(
    call: Callable[[], Any],
    moment: int,
    where: tuple[str, ...],
    *,
    anywhere: bool = False,
) -> bool:
    """Call something, and raise at one of the moments when signals are handled.

    ``moment`` counts those of this thread in modules whose names begin with one of
    ``where``, from 1; with ``anywhere`` each bytecode is one. Returns False if there
    were fewer: the call has ended then.
    """
    left = moment
    is_raised = False
    # The bytecode before, by frame.
    befores: dict[FrameType, str] = {}

    def each(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left, is_raised
        if event == "opcode":
            before = befores.get(frame, "RESUME")
            befores[frame] = dis.opname[frame.f_code.co_code[frame.f_lasti]]
            left -= anywhere or before.startswith(_POINTS)
            if left == 0:
                left = -1
                is_raised = True
                raise Interrupted("by a test")
        elif event == "return":
            befores.pop(frame, None)
        return each

    def begin(frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_globals.get("__name__", "").startswith(where):
            return None
        frame.f_trace_opcodes = True
        return each

    tracer = sys.gettrace()
    # What ends by chance is not what is called.
    gc.disable()
    sys.settrace(begin)
    try:
        call()
    except Interrupted:
        if not is_raised:
            raise
    finally:
        sys.settrace(tracer)
        gc.enable()
    return is_raised
