"""What becomes of a job whose handler has run, or gives up."""

from __future__ import annotations

import traceback
from types import TracebackType
from typing import Final, Literal

from geartrain.errors import WorkerError
from geartrain.seconds import FOREVER, Seconds, number

__all__ = ["MAX_TRACE", "Outcome", "Retry", "trace"]

# release: given back unfinished; lost: its job server waits for it no longer.
Outcome = Literal["complete", "fail", "exception", "retry", "release", "lost"]

MAX_TRACE: Final = 64 * 1024


class Retry(Exception):  # noqa: N818 - it is no error
    """Raised by a handler to have its job tried again.

    On Geartrain the attempt counts, and the job is ready again after ``delay``, in
    seconds or as a ``timedelta``, however many attempts its function's policy grants.
    On other job servers, which know no such thing, the job fails (WORK_FAIL).

    Attributes:
        delay: seconds until the job is ready again.
        error: why, for those who look at the job.

    Raises:
        WorkerError: the delay is no number of seconds from 0 to a thousand million.
    """

    def __init__(self, delay: Seconds = 0.0, error: str = "") -> None:
        seconds = number(delay, "Retry: delay", WorkerError)
        if not 0 <= seconds <= FOREVER:
            raise WorkerError(
                f"Retry: delay={delay!r}: give seconds from 0 on, at most {FOREVER:.0f}"
            )
        super().__init__(error or f"try again after {seconds:g} seconds")
        self.delay = seconds
        self.error = str(error)


def trace(error: BaseException) -> bytes:
    """Return an exception with its traceback, as Python prints it.

    Of more than 64 KiB the end is kept: it says what went wrong.
    """
    try:
        lines = traceback.format_exception(type(error), error, _frames(error))
    # An exception is code of its own: what it raises when it is looked at may be any.
    except Exception:
        lines = [f"{type(error).__name__}: it cannot be printed"]
    text = "".join(lines).encode(errors="replace")
    return text if len(text) <= MAX_TRACE else text[-MAX_TRACE:]


def _frames(error: BaseException) -> TracebackType | None:
    """Return where it was raised.

    The frames of the worker itself are of no interest to who wrote the handler.
    """
    frames = error.__traceback__
    while frames is not None and _is_ours(frames.tb_frame.f_globals.get("__name__")):
        frames = frames.tb_next
    return frames


def _is_ours(module: object) -> bool:
    return isinstance(module, str) and module.startswith("geartrain.worker.")
