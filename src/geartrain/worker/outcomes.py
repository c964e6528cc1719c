"""How an attempt can end: outcomes, ``Retry``, and tracebacks."""

from __future__ import annotations

import traceback
from types import TracebackType
from typing import Final, Literal

from geartrain.errors import WorkerError
from geartrain.seconds import FOREVER, Seconds, number

__all__ = ["MAX_TRACE", "Outcome", "Retry", "trace"]

# release: given back unfinished; lost: the job server no longer waits for it.
Outcome = Literal["complete", "fail", "exception", "retry", "release", "lost"]

MAX_TRACE: Final = 64 * 1024


class Retry(Exception):  # noqa: N818 - not an error
    """Raised by a handler to make the job server try its job again.

    On Geartrain the attempt counts, and the job is ready again after ``delay`` (seconds
    or a ``timedelta``), even beyond the attempts that its function's policy allows.
    Other job servers cannot do that: there the job fails (WORK_FAIL).

    Attributes:
        delay: seconds until the job is ready again.
        error: the reason, shown with the job.

    Raises:
        WorkerError: the delay is not from 0 to 1,000,000,000 seconds.
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

    If it is longer than 64 KiB, its end is kept, which says what went wrong.
    """
    try:
        lines = traceback.format_exception(type(error), error, _frames(error))
    # An exception's own __str__ may raise anything.
    except Exception:
        lines = [f"{type(error).__name__}: it cannot be printed"]
    text = "".join(lines).encode(errors="replace")
    return text if len(text) <= MAX_TRACE else text[-MAX_TRACE:]


def _frames(error: BaseException) -> TracebackType | None:
    """Return where it was raised, from the handler on.

    The worker's own frames do not help the handler's author.
    """
    frames = error.__traceback__
    while frames is not None and _is_ours(frames.tb_frame.f_globals.get("__name__")):
        frames = frames.tb_next
    return frames


def _is_ours(module: object) -> bool:
    return isinstance(module, str) and module.startswith("geartrain.worker.")
