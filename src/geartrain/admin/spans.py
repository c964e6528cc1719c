"""Which job servers text commands are about, where there are several.

A job server that shares its store with others answers for all of them. ``about`` says
otherwise for the connections that are made within its block, and takes what is told of
job servers that did not answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from geartrain.errors import OptionError

__all__ = ["SPANS", "about", "checked_span", "tell_unanswered"]

SPANS: Final = ("", "local", "all")
"""As the job server sees fit; the one that is asked; all, whatever store they have."""

Told = Callable[[str, str], None]

_SPAN: ContextVar[str] = ContextVar("span", default="")
_TOLD: ContextVar[Told | None] = ContextVar("told", default=None)


@contextmanager
def about(span: str, told: Told) -> Iterator[None]:
    """Ask about these job servers; ``told`` takes who did not answer, and why."""
    before = _SPAN.set(span), _TOLD.set(told)
    try:
        yield
    finally:
        _SPAN.reset(before[0])
        _TOLD.reset(before[1])


def checked_span(span: str | None) -> str:
    """Return what a connection is to ask about; None is what the block around it says.

    Raises:
        OptionError: it is none of ``SPANS``.
    """
    if span is None:
        return _SPAN.get()
    if span not in SPANS:
        raise OptionError(f"span={span!r}: give 'local', 'all' or ''")
    return span


def tell_unanswered(name: str, reason: str) -> None:
    """Tell whoever is to know that a job server did not answer."""
    told = _TOLD.get()
    if told is not None:
        told(name, reason)
