"""The action that submits a job."""

from __future__ import annotations

from typing import Any, Final

from geartrain.dashboard.action import Action
from geartrain.dashboard.calls import PageCall
from geartrain.errors import OptionError
from geartrain.texts import shown

__all__ = ["ACTIONS"]


async def submit(call: PageCall) -> str:
    """Submit a job, and go on to the page that tells what becomes of it."""
    values = _values(call)
    waits = call.field("waits") == "yes"
    if waits and "delay" in values:
        raise OptionError("a delayed job runs in the background: nobody waits for it")
    # Browsers send line breaks as CR LF, whatever was typed.
    text = call.field("workload").replace("\r\n", "\n")
    workload = text.encode("utf-8", "surrogateescape")
    handle = await call.trials.submit(values, workload, call.visitor, waits=waits)
    call.page_after = (
        f"/try?job={call.encoded(handle)}" if waits else f"/jobs/{call.encoded(handle)}"
    )
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
    delay = call.field("delay").strip()
    if delay:
        try:
            values["delay"] = float(delay)
        except ValueError:
            raise OptionError(
                f"the delay is a number of seconds, not {delay[:40]!r}"
            ) from None
    if values["priority"] not in ("high", "normal", "low"):
        raise OptionError("the priority is high, normal or low")
    return values


ACTIONS: Final = (
    Action(name="submit-job", label="Submit", run=submit, right="submit"),
)
