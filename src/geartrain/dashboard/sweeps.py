"""Sweeps: actions on all jobs that a form selects.

Each of them is one text command with filters. It counts first, by the same command with
``count=yes``, asks with that number, and says afterwards how many it has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from geartrain.admin.connection import word
from geartrain.dashboard.action import Action, Confirmation, Fields
from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.shown import plural
from geartrain.errors import OptionError
from geartrain.texts import shown

__all__ = ["EVERYTHING", "Selection", "required", "sweep"]

EVERYTHING: Final = "*"
"""What a sweep is about that names no function."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which jobs a form means.

    Attributes:
        filters: what they have to be like, by what text commands call that.
        said: which these are, to follow their number: `` of mail.send``.
        note: a sentence about them; empty for none.
    """

    filters: Mapping[str, str]
    said: str = ""
    note: str = ""


def sweep(  # noqa: PLR0913 - each has its own name
    name: str,
    label: str,
    select: Callable[[Fields], Selection],
    *,
    command: str,
    verb: str,
    past: str,
    noun: str = "job",
    detail: str = "",
    needs: Mapping[str, str] | None = None,
    is_dangerous: bool = False,
) -> Action:
    """Return the action that gives an order to all jobs of a selection.

    Args:
        name: the end of its path.
        label: what its button says.
        select: returns what the fields of a form mean, or raises OptionError.
        command: the text command, without filters.
        verb: what is done, with ``{}`` for the jobs: ``Cancel {}``.
        past: what they then are: ``cancelled``.
        noun: what one of them is called.
        detail: what follows from it, and whether it can be undone.
        needs: the fields that must not be empty, each with what is said if it is. They
            stand in ``command``, ``verb`` and ``past`` as ``{name}``.
        is_dangerous: whether something is lost by it.
    """
    needed = needs or {}

    async def swept(call: PageCall, selection: Selection, more: str = "") -> int:
        words = {each: word(call.field(each).strip()) for each in needed}
        filters = "".join(
            f" {each}={word(value)}" for each, value in selection.filters.items()
        )
        answer = await call.line(f"{command.format(**words)}{filters}{more}")
        return int(answer.split(" ")[1])

    def selected(call: PageCall) -> tuple[Selection, dict[str, str]]:
        given = {
            each: shown(required(call.form, each, text))
            for each, text in needed.items()
        }
        return select(call.form), given

    async def ask(call: PageCall) -> Confirmation:
        selection, given = selected(call)
        count = await swept(call, selection, " count=yes")
        which = f"{plural(count, noun)}{selection.said}"
        confirm = verb.format(plural(count, noun), **given)
        if not count:
            return Confirmation(
                text=f"There is no such {noun} now.",
                detail=selection.note,
                confirm=confirm,
                is_possible=False,
            )
        return Confirmation(
            text=f"{verb.format(which, **given)}?",
            detail=f"{selection.note} {detail}".strip(),
            confirm=confirm,
        )

    async def run(call: PageCall) -> str:
        selection, given = selected(call)
        count = await swept(call, selection)
        if not count:
            return f"There is no such {noun} any more: nothing was changed."
        which = f"{plural(count, noun)}{selection.said}"
        return f"{which} {past.format(**given)}."

    def about(fields: Fields) -> str:
        try:
            return select(fields).filters.get("function", EVERYTHING)
        except OptionError:
            # What is wrong with it is said when it is to be done.
            return ""

    return Action(
        name=name,
        label=label,
        run=run,
        ask=ask,
        about=about,
        is_dangerous=is_dangerous,
    )


def required(fields: Fields, name: str, text: str) -> str:
    """Return the value of a field, without spaces around it.

    Raises:
        OptionError: it is empty, as ``text`` says.
    """
    value = fields.get(name, "").strip()
    if not value:
        raise OptionError(text)
    return value
