"""The worker's log, which a handler cannot turn against the worker."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

__all__ = ["LOG"]


class _Log(logging.LoggerAdapter[logging.Logger]):
    """A logger that never raises.

    Handlers close or replace streams that the program logs to, and exceptions that
    cannot be printed are logged: neither may end the worker.
    """

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Log, or do nothing where that fails."""
        with suppress(Exception):
            super().log(level, msg, *args, **kwargs)


LOG = _Log(logging.getLogger("geartrain.worker"), {})
