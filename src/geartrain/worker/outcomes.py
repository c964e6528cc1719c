"""What becomes of a job whose handler has run, or gives up."""

from __future__ import annotations

import traceback
from typing import Final, Literal

__all__ = ["MAX_TRACE", "Outcome", "Retry", "trace"]

# release: given back unfinished; lost: its job server waits for it no longer.
Outcome = Literal["complete", "fail", "exception", "retry", "release", "lost"]

MAX_TRACE: Final = 64 * 1024


class Retry(Exception):  # noqa: N818 - it is no error
    """Raised by a handler to have its job tried again.

    On Geartrain the attempt counts, and the job is ready again after ``delay``
    seconds, however many attempts its function's policy grants. On other job servers,
    which know no such thing, the job fails (WORK_FAIL).

    Attributes:
        delay: seconds until the job is ready again.
        error: why, for those who look at the job.
    """

    def __init__(self, delay: float = 0.0, error: str = "") -> None:
        super().__init__(error or f"try again after {delay:g} seconds")
        self.delay = delay
        self.error = error


def trace(error: BaseException) -> bytes:
    """Return an exception with its traceback, as Python prints it.

    Of more than 64 KiB the end is kept: it says what went wrong.
    """
    # The frames of the worker itself are of no interest to who wrote the handler.
    frames = error.__traceback__
    while frames is not None and _is_ours(frames.tb_frame.f_globals.get("__name__")):
        frames = frames.tb_next
    lines = traceback.format_exception(type(error), error, frames)
    text = "".join(lines).encode(errors="replace")
    return text if len(text) <= MAX_TRACE else text[-MAX_TRACE:]


def _is_ours(module: object) -> bool:
    return isinstance(module, str) and module.startswith("geartrain.worker.")
