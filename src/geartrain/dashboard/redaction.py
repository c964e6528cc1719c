"""Redaction: what pages may show of workloads, results and streamed data.

A hook, ``package.module:function``, is called with the name of the function and the
bytes that would be shown, and returns what may be: bytes or text. One that fails shows
nothing: better a page without a workload than one with a password.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from typing import Final

from geartrain.errors import OptionError

__all__ = ["READ", "Redaction", "load_redaction"]

READ: Final = 65536
"""Bytes of a workload that a hook is given: a document is often whole then."""

_log = logging.getLogger("geartrain.http")

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

    @property
    def is_on(self) -> bool:
        """Tell whether there is a hook."""
        return self._hook is not None

    def shown(self, function: str, data: bytes) -> bytes | None:
        """Return what may be shown of some bytes; None where the hook has failed."""
        if self._hook is None:
            return data
        try:
            found = self._hook(function, data)
            return found.encode() if isinstance(found, str) else bytes(found)
        except Exception:
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
