"""Do what an operator wants: ask for what it needs, count, confirm, and do it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from geartrain.texts import counted
from geartrain.top.dialogs import Choose, Confirm, Enter
from geartrain.top.page import Action, ActionTarget, Value

if TYPE_CHECKING:
    from geartrain.top.app import Top

__all__ = ["steer"]


async def steer(app: Top, action: Action[Any], target: ActionTarget[Any]) -> None:
    """Do something to one row or many, once the operator has confirmed it.

    How many jobs it is about is counted first, by the job server.

    Raises:
        AdminError: the job server refuses, or is lost.
    """
    if action.value is not None:
        value = await _asked(app, action.value)
        if value is None:
            return
        target = replace(target, value=value)
    question, count = action.question(target), action.count
    if count is not None:
        number = await app.orders.ask(lambda admin: count(admin, target))
        if not number:
            app.tell("there are no such jobs: nothing was done")
            return
        question = question.replace("{count}", counted(number, "job"))
    if not await app.push_screen_wait(Confirm(question, action.label)):
        return
    changed = await app.orders.ask(lambda admin: action.act(admin, target))
    what = "" if changed is None else f"{counted(changed, 'job')} "
    app.tell(f"{what}{action.done}")


async def _asked(app: Top, value: Value) -> str | None:
    if value.choices:
        return await app.push_screen_wait(Choose(value.question, value.choices))
    return await app.push_screen_wait(Enter(value.question))
