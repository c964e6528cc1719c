"""The action that submits a job."""

from __future__ import annotations

from typing import Any, Final

from geartrain.dashboard.action import Action
from geartrain.dashboard.calls import PageCall
from geartrain.engine.model.submission_options import (
    SUBMISSION_OPTIONS,
    SubmissionOption,
)
from geartrain.errors import OptionError
from geartrain.texts import shown

__all__ = ["ACTIONS"]


async def submit(call: PageCall) -> str:
    """Submit a job, and go on to the page that tells what becomes of it."""
    values = _values(call)
    waits = call.field("waits") == "yes"
    if waits and ("delay" in values or "at" in values):
        raise OptionError("a delayed job runs in the background: nobody waits for it")
    # Browsers send line breaks as CR LF, whatever was typed.
    text = call.field("workload").replace("\r\n", "\n")
    workload = text.encode("utf-8", "surrogateescape")
    handle = await call.trials.submit(values, workload, call.visitor, waits=waits)
    if waits:
        call.page_after = f"/try?job={call.encoded(handle)}"
    elif call.may("see", values["function"]):
        call.page_after = f"/jobs/{call.encoded(handle)}"
    return f"{shown(handle)} is submitted to {shown(values['function'])}."


def _values(call: PageCall) -> dict[str, Any]:
    function = call.field("function")
    if not function:
        raise OptionError("name the function that is to do the job")
    values: dict[str, Any] = {
        "function": function,
        "priority": call.field("priority") or "normal",
    }
    if call.field("unique"):
        values["unique"] = call.field("unique")
    if values["priority"] not in ("high", "normal", "low"):
        raise OptionError("the priority is high, normal or low")
    for name, option in SUBMISSION_OPTIONS.items():
        text = call.field(name).strip()
        if text and name not in values:
            values[name] = _read(option, text)
    return values


def _read(option: SubmissionOption, text: str) -> Any:
    """Return the value that a field stands for."""
    value = option.read(text.encode("utf-8", "surrogateescape"))
    if value is None:
        raise OptionError(
            f"{option.name} cannot be {text[:40]!r}: it is {option.allowed}"
        )
    return value


ACTIONS: Final = (
    Action(name="submit-job", label="Submit", run=submit, right="submit"),
)
