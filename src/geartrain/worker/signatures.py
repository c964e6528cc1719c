"""Checks of a function's name and handler when it is registered.

Without them each job would fail by the same mistake.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final

from geartrain.errors import WorkerError

__all__ = [
    "can_be_called",
    "check_call",
    "check_id",
    "check_name",
    "parameters",
]

# Bytes of a name: with the timeout in CAN_DO_TIMEOUT it must fit 64 KiB (PROTOCOL.md,
# "Limits").
_MOST_NAME: Final = 64 * 1024 - 32
_REQUIRED: Final = inspect.Parameter.empty
_KEYWORD: Final = inspect.Parameter.KEYWORD_ONLY
_POSITIONAL: Final = inspect.Parameter.POSITIONAL_ONLY


def check_name(name: object) -> None:
    """Raise WorkerError unless a function can have this name."""
    if callable(name) and not isinstance(name, str):
        raise WorkerError(
            "a function needs a name before its handler: write"
            f" @worker.function({_called(name)!r}), with parentheses"
        )
    if not isinstance(name, str):
        raise WorkerError(f"the function's name is {name!r}: give text, as 'resize'")
    if not name:
        raise WorkerError("the function's name is empty: give it one")
    if "\0" in name:
        raise WorkerError(f"the function's name {name!r} has a NUL: leave it out")
    try:
        size = len(name.encode(errors="surrogateescape"))
    except UnicodeEncodeError:
        raise WorkerError(
            f"the function's name {name!r} cannot be encoded: leave its surrogates out"
        ) from None
    if size > _MOST_NAME:
        raise WorkerError(
            f"the function's name has {size} bytes: give it {_MOST_NAME} at most"
        )


def check_id(name: object) -> None:
    """Raise WorkerError unless the ``workers`` command can show this id.

    Its rows are words separated by spaces.
    """
    is_fit = isinstance(name, str) and not any(
        each.isspace() or not each.isprintable() for each in _printable(name)
    )
    if not is_fit:
        raise WorkerError(
            f"id is {name!r}: give text without spaces and control characters"
        )


def _printable(name: str) -> str:
    """Return a name with bytes that are not UTF-8 replaced: they are allowed."""
    return name.encode(errors="surrogateescape").decode(errors="replace")


def parameters(handler: Callable[..., Any]) -> list[inspect.Parameter] | None:
    """Return the parameters of a handler; None if they cannot be known."""
    try:
        return list(inspect.signature(handler).parameters.values())
    # Some handlers in C have no signature, and a wrapper may raise anything.
    except Exception:
        return None


def can_be_called(handler: Callable[..., Any], *arguments: object) -> bool:
    """Return whether a handler can be called with these, as far as is known."""
    try:
        signature = inspect.signature(handler)
    except Exception:
        return bool(arguments)
    try:
        signature.bind(*arguments)
    except TypeError:
        return False
    return True


def check_call(name: str, handler: Callable[..., Any], spreads: bool) -> None:
    """Raise WorkerError if the handler's parameters fit no job.

    With ``spreads`` its codec turns lists and dicts into several arguments; else it is
    called with one, the job or the workload.
    """
    found = parameters(handler)
    if found is None or can_be_called(handler, None):
        return
    required = [each for each in found if each.default is _REQUIRED]
    by_list = not any(each.kind is _KEYWORD for each in required)
    by_dict = not any(each.kind is _POSITIONAL for each in required)
    if spreads and (by_list or by_dict):
        return
    if not found:
        raise WorkerError(
            f"the handler of {name!r} takes no argument: give it one, as in"
            f" def {_called(handler)}(job), for the job or its workload"
        )
    raise WorkerError(
        f"the handler of {name!r}, {_called(handler)}{_shown(handler)}, cannot be"
        " called with one argument, the job or its workload: give it one, and defaults"
        " to the others"
    )


def _called(handler: object) -> str:
    name = getattr(handler, "__name__", None)
    return name if isinstance(name, str) and name.isidentifier() else "handler"


def _shown(handler: Callable[..., Any]) -> str:
    text = str(inspect.signature(handler))
    return text if len(text) <= 80 else "(…)"
