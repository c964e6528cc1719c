"""Actions on schedules, and on delayed jobs."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from geartrain.admin.connection import handle_word, word
from geartrain.dashboard.action import Action, Confirmation, Fields
from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.sweeps import Selection, required, sweep
from geartrain.engine.model.schedule_settings import SCHEDULE_SETTINGS
from geartrain.errors import OptionError
from geartrain.texts import shown

__all__ = ["ACTIONS", "setting_texts"]


def setting_texts(row: dict[str, Any]) -> dict[str, str]:
    """Return the settings of a schedule's row as a form has them."""
    texts: dict[str, str] = {}
    for name in SCHEDULE_SETTINGS:
        value = row.get(name)
        if isinstance(value, dict):
            value = urlencode(value, errors="surrogateescape")
        if isinstance(value, float | int) and not isinstance(value, bool):
            value = f"{value:g}" if value else ""
        texts[name] = "" if value is None else str(value)
    return texts


async def add(call: PageCall) -> str:
    """Add a schedule, and go on to its page."""
    name = call.field("name").strip()
    if not name:
        raise OptionError("the schedule has no name: give it one, such as nightly")
    given = {each: value for each, value in _given(call).items() if value}
    await call.line(f"schedule add {word(name)}{_words(given)}")
    call.page_after = f"/schedules/{call.encoded(name)}"
    return f"{shown(name)} is added."


async def change(call: PageCall) -> str:
    """Change what is different from what the schedule has."""
    name = call.field("name")
    (row,) = await call.ask(f"schedule show {word(name)}")
    before = setting_texts(row)
    given = _given(call)
    changed = {each: given[each] for each in given if given[each] != before[each]}
    if not changed:
        return f"Nothing of {shown(name)} is different."
    await call.line(f"schedule change {word(name)}{_words(changed)}")
    return f"{shown(name)} has changed: {', '.join(changed)}."


def _given(call: PageCall) -> dict[str, str]:
    """Return the settings that a form has; browsers send line breaks as CR LF."""
    return {
        name: call.field(name).replace("\r\n", "\n").strip()
        for name in SCHEDULE_SETTINGS
        if name in call.fields
    }


def _words(settings: dict[str, str]) -> str:
    """Return settings as words of a command, each after a space."""
    return "".join(f" {name}={word(value)}" for name, value in settings.items())


async def run_schedule(call: PageCall) -> str:
    """Submit a schedule's job now."""
    await _steer(call, "run")
    return f"{_name(call)} runs as soon as a worker is free."


async def skip(call: PageCall) -> str:
    """Leave the next time out."""
    await _steer(call, "skip")
    return f"{_name(call)} is left out next time."


async def pause(call: PageCall) -> str:
    """Let a schedule have no times."""
    await _steer(call, "pause")
    return f"{_name(call)} is paused."


async def resume(call: PageCall) -> str:
    """Let a schedule have times again."""
    await _steer(call, "resume")
    return f"{_name(call)} goes on."


async def ask_remove(call: PageCall) -> Confirmation:
    """Ask whether to remove a schedule."""
    return Confirmation(
        text=f"Remove the schedule {shown(call.field('name'))}?",
        detail="Jobs that it has submitted stay. To have it again, add it again.",
        confirm="Remove the schedule",
    )


async def remove(call: PageCall) -> str:
    """Remove a schedule."""
    await _steer(call, "remove")
    call.page_after = "/schedules"
    return f"{shown(call.field('name'))} is removed."


async def _steer(call: PageCall, verb: str) -> None:
    await call.line(f"schedule {verb} {word(call.field('name'))}")


async def run_now(call: PageCall) -> str:
    """Let a delayed job wait no longer."""
    await call.line(f"run {handle_word(call.field('handle'))}")
    return f"{_name(call)} runs as soon as a worker is free."


async def ask_cancel(call: PageCall) -> Confirmation:
    """Ask whether to cancel a delayed job."""
    return Confirmation(
        text=f"Cancel {shown(call.field('handle'))} of {_name(call)}?",
        detail="It does not run. This cannot be undone.",
        confirm="Cancel the job",
    )


async def cancel(call: PageCall) -> str:
    """Cancel a delayed job."""
    await call.line(f"cancel job {handle_word(call.field('handle'))}")
    return f"{shown(call.field('handle'))} of {_name(call)} is cancelled."


def _delayed(fields: Fields) -> Selection:
    """Return all delayed jobs of the function."""
    function = required(fields, "function", "name the function whose jobs these are")
    return Selection(
        filters={"function": function, "state": "scheduled"},
        said=f" of {shown(function)}",
    )


def _name(call: PageCall) -> str:
    return shown(call.field("function"))


ACTIONS: Final = (
    Action(name="run-now", label="Run now", run=run_now),
    Action(name="run-schedule", label="Run now", run=run_schedule),
    Action(name="skip-time", label="Skip next", run=skip),
    Action(name="pause-schedule", label="Pause", run=pause),
    Action(name="resume-schedule", label="Resume", run=resume),
    Action(name="add-schedule", label="Add", run=add, right="administer"),
    Action(name="change-schedule", label="Save", run=change, right="administer"),
    Action(
        name="remove-schedule",
        label="Remove",
        run=remove,
        ask=ask_remove,
        right="administer",
        is_dangerous=True,
    ),
    Action(
        name="cancel-delayed-job",
        label="Cancel",
        run=cancel,
        ask=ask_cancel,
        is_dangerous=True,
    ),
    sweep(
        "run-delayed",
        "Run all now",
        _delayed,
        command="run jobs",
        verb="Run {} now",
        past="made ready to run",
        noun="delayed job",
        detail="They wait for no time any more.",
    ),
    sweep(
        "cancel-delayed",
        "Cancel all",
        _delayed,
        command="cancel jobs",
        verb="Cancel {}",
        past="cancelled",
        noun="delayed job",
        detail="They do not run. This cannot be undone.",
        is_dangerous=True,
    ),
)
