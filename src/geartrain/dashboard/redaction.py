"""Redaction: what pages may show of workloads, results and streamed data.

A hook, ``package.module:function``, is called with the name of the function and the
bytes that would be shown, and returns what may be: bytes or text. One that fails shows
nothing: better a page without a workload than one with a password.

It runs in a thread of its own, so that one that waits for something, or never returns,
holds up no jobs: the page goes without after two seconds, and so do all others until it
has returned. The thread is a daemon's, and not one of a pool: a pool's would be waited
for when the job server stops. What holds Python's lock all the time, such as a regular
expression that backtracks without end, a thread does not help against.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import threading
from collections.abc import Callable
from typing import Final

from geartrain.errors import OptionError

__all__ = ["READ", "Redaction", "load_redaction"]

READ: Final = 65536
"""Bytes of a workload that a hook is given: a document is often whole then."""

_log = logging.getLogger("geartrain.http")

# Seconds after which a page goes without what a hook has not returned.
_PATIENCE: Final = 2.0

Hook = Callable[[str, bytes], bytes | str]


class Redaction:
    """What decides what is shown.

    Attributes:
        failure: what is said where the hook has failed.
    """

    failure = "It is not shown: the redaction hook has failed, and the log says why."

    def __init__(self, hook: Hook | None = None) -> None:
        """Without a ``hook`` everything is shown."""
        self._hook = hook
        self._turn = asyncio.Lock()
        self._thread: threading.Thread | None = None

    @property
    def is_on(self) -> bool:
        """Tell whether there is a hook."""
        return self._hook is not None

    async def shown(self, function: str, data: bytes) -> bytes | None:
        """Return what may be shown of some bytes; None where the hook has failed."""
        hook = self._hook
        if hook is None:
            return data
        async with self._turn:
            if self._thread is not None and self._thread.is_alive():
                # The log has said so.
                return None
            return await self._asked(hook, function, data)

    async def _asked(self, hook: Hook, function: str, data: bytes) -> bytes | None:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bytes | None] = loop.create_future()

        def run() -> None:
            found = _answer(hook, function, data)
            # The job server may have stopped meanwhile.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(_settle, answer, found)

        self._thread = threading.Thread(target=run, name="redaction", daemon=True)
        self._thread.start()
        try:
            async with asyncio.timeout(_PATIENCE):
                return await answer
        except TimeoutError:
            _log.error(
                "the redaction hook has not returned for %g s: nothing is shown until"
                " it does",
                _PATIENCE,
                extra={"action": "redaction_failed"},
            )
            return None


def _settle(answer: asyncio.Future[bytes | None], found: bytes | None) -> None:
    if not answer.done():
        answer.set_result(found)


def _answer(hook: Hook, function: str, data: bytes) -> bytes | None:
    """Return what a hook does; None where it fails, also by ``sys.exit``."""
    try:
        found: object = hook(function, data)
        if isinstance(found, str):
            return found.encode()
        if not isinstance(found, (bytes, bytearray, memoryview)):
            # bytes() would make a number that many zeros.
            kind = type(found).__name__
            raise TypeError(f"it returned {kind}, and not bytes or text")
        return bytes(found)
    except BaseException:
        _log.exception(
            "the redaction hook has failed: nothing is shown",
            extra={"action": "redaction_failed"},
        )
        return None


def load_redaction(text: str) -> Redaction:
    """Return the redaction that ``package.module:function`` names; empty for none.

    Raises:
        OptionError: it cannot be imported, or is no function.
    """
    if not text:
        return Redaction()
    module, colon, name = text.partition(":")
    if not (module and colon and name):
        raise OptionError(f"{text!r}: write package.module:function")
    try:
        hook = getattr(importlib.import_module(module), name)
    except Exception as error:
        raise OptionError(f"{text} cannot be imported: {error}") from None
    if not callable(hook):
        raise OptionError(f"{text} is no function")
    return Redaction(hook)
