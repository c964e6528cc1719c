"""The garbage collector of a server's process.

Python looks for garbage in all objects whenever their number has grown by a quarter:
with 100,000 functions, as one peer can name them, everybody waits for 300 ms. What has
survived one such pass is not looked at again for an hour, so that a pass takes time by
what is new alone. The server's own objects go by their reference counts; what is left
to passes is the frames of exceptions, and a kilobyte for each connection.
"""

from __future__ import annotations

import gc
from time import monotonic

__all__ = ["spare_survivors"]

_ALL = 2

# Seconds after which a pass is over all objects again.
_THAW = 3600.0


def spare_survivors() -> None:
    """From now on, look at each object in one pass over all of them an hour at most."""
    gc.callbacks.append(_Spared())


class _Spared:
    """Exempts what has survived a pass over all from later ones, for a while."""

    def __init__(self) -> None:
        self._thawed = monotonic()

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        """React to a pass's ``"start"`` or ``"stop"``."""
        if info["generation"] != _ALL:
            return
        if phase == "stop":
            gc.freeze()
        elif monotonic() - self._thawed > _THAW:
            self._thawed = monotonic()
            gc.unfreeze()
