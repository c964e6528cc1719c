"""Actions on policies: change a setting of a function, and take that back."""

from __future__ import annotations

from typing import Final

from geartrain.admin.connection import word
from geartrain.dashboard.action import Action
from geartrain.dashboard.calls import PageCall
from geartrain.errors import OptionError
from geartrain.texts import shown

__all__ = ["ACTIONS"]


async def change(call: PageCall) -> str:
    """Change a setting."""
    name, value = call.field("setting"), call.field("value").strip()
    if not value:
        raise OptionError(f"{shown(name)} is empty: give a value")
    await _set(call, name, value)
    return f"{shown(name)} of {shown(call.field('function'))} is {shown(value)} now."


async def reset(call: PageCall) -> str:
    """Take back what was changed at run time."""
    name = call.field("setting")
    await _set(call, name, "")
    return f"{shown(name)} of {shown(call.field('function'))} is as it was before."


async def _set(call: PageCall, name: str, value: str) -> None:
    function = word(call.field("function"))
    await call.line(f"policy {function} {word(name)}={word(value)}")


ACTIONS: Final = (
    Action(name="change-setting", label="Save", run=change, right="administer"),
    Action(name="reset-setting", label="Reset", run=reset, right="administer"),
)
