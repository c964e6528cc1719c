"""The garbage collector of a server's process.

Python looks for garbage in all objects whenever their number has grown by a quarter:
with 100,000 functions, as one peer can name them, everybody waits for 300 ms. What has
survived one such pass is not looked at again, so that a pass takes time by what is new
alone. The server's own objects go by their reference counts; what is left to passes
is short-lived, such as the frames of an exception.
"""

from __future__ import annotations

import gc

__all__ = ["spare_survivors"]

_ALL = 2


def spare_survivors() -> None:
    """From now on, look at an object in one pass over all of them at most."""
    if _freeze not in gc.callbacks:
        gc.callbacks.append(_freeze)


def _freeze(phase: str, info: dict[str, int]) -> None:
    if phase == "stop" and info["generation"] == _ALL:
        gc.freeze()
