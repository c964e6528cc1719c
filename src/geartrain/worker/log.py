"""The worker's log, which handlers cannot break."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any

__all__ = ["LOG"]


class _Log(logging.LoggerAdapter[logging.Logger]):
    """A logger that never raises.

    Handlers may close the streams that the program logs to, or raise exceptions that
    cannot be printed. Neither may end the worker.
    """

    def process(
        self, msg: object, kwargs: MutableMapping[str, Any]
    ) -> tuple[object, MutableMapping[str, Any]]:
        """Leave ``extra`` as it is given; the base class would drop it."""
        return msg, kwargs

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Log, or do nothing where that fails."""
        with suppress(Exception):
            super().log(level, msg, *args, **kwargs)


LOG = _Log(logging.getLogger("geartrain.worker"), {})
