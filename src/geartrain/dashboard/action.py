"""Actions: what a page can have done, each defined once, for whatever page has it.

An action is a form that is sent to ``/do/NAME``. It asks the text command that the API
asks, so that it is in the log of operators. Where it cannot be undone, or is about
many, what was sent is first answered by a question with the count; the answer is the
same form with ``sure``. Afterwards the page that it came from is shown again, with a
message. All of it works without scripts, too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from geartrain.dashboard.calls import PageCall

__all__ = ["Action", "Confirmation", "Fields"]

Fields = Mapping[str, str]
"""The fields of a form, each with its first value."""


def _named(fields: Fields) -> str:
    return fields.get("function", "")


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """What is asked before an action is done.

    Attributes:
        text: the question, with the count of what is concerned.
        detail: what follows from it, and whether it can be undone.
        confirm: what the button says, such as ``Cancel 1,204 jobs``.
        is_possible: whether it can be done at all; if not, ``text`` says why.
    """

    text: str
    detail: str = ""
    confirm: str
    is_possible: bool = True


@dataclass(frozen=True, kw_only=True)
class Action:
    """One thing that can be done.

    Attributes:
        name: the end of its path.
        label: what its button says, unless a page says something else.
        run: the function that does it and returns, in a sentence, what was done. The
            fields of the form are ``call.field(name)`` and ``call.fields``.
        ask: the function that returns the question that is asked before; None for what
            is done at once.
        right: what who asks must have the right to: ``submit``, ``operate`` or
            ``administer``.
        about: returns the name or glob of the functions on which it takes that right;
            empty for what the job server alone can tell, as of one job.
        is_dangerous: whether something is lost by it.
    """

    name: str
    label: str
    run: Callable[[PageCall], Awaitable[str]]
    ask: Callable[[PageCall], Awaitable[Confirmation]] | None = None
    right: str = "operate"
    about: Callable[[Fields], str] = _named
    is_dangerous: bool = False
