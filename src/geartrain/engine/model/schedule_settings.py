"""The settings of a schedule: what recurs, when, and what if that was not possible.

``SCHEDULE_SETTINGS`` is the one table of them: the configuration file, text commands,
HTTP, the command line and the dashboard's form take these names and values.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from geartrain.engine.model.settings import Setting, Value
from geartrain.engine.model.submission_options import (
    MAX_OPTIONS,
    SubmissionOptions,
    read_options,
)
from geartrain.errors import OptionError
from geartrain.protocol.constants import MAX_UNIQUE
from geartrain.protocol.headers import fault, join

__all__ = [
    "JOB_SETTINGS",
    "SCHEDULE_SETTINGS",
    "check_schedule",
    "headers_of",
    "options_of",
    "read_schedule_setting",
    "settings_of",
    "times_of",
]

_MAX_SECONDS: Final = 1_000_000_000
# A cron expression of six full fields of lists.
_LONGEST: Final = 1_024
_LONGEST_WORKLOAD: Final = 1024 * 1024
_LONGEST_HEADERS: Final = 16 * 1024


class ScheduleSetting(Setting):
    """One setting of a schedule, with the value that holds where none is given."""

    def __init__(self, name: str, kind: str, allowed: str, default: Value) -> None:
        super().__init__(name, kind, allowed)
        self.default: Value = default
        """Its value where none is given."""


def _text(name: str, allowed: str, most: int = _LONGEST) -> ScheduleSetting:
    setting = ScheduleSetting(name, "text", f"{allowed} of at most {most} bytes", "")
    setting.most = most
    return setting


def _seconds(name: str, allowed: str) -> ScheduleSetting:
    allowed = f"{allowed}, or a duration such as 90s or 20m"
    setting = ScheduleSetting(name, "duration", allowed, 0.0)
    setting.most = _MAX_SECONDS
    return setting


def _choice(name: str, *choices: str) -> ScheduleSetting:
    setting = ScheduleSetting(name, "choice", " or ".join(choices), choices[0])
    setting.choices = list(choices)
    return setting


SCHEDULE_SETTINGS: Final[dict[str, ScheduleSetting]] = {
    setting.name: setting
    for setting in (
        _text("function", "the name of a function"),
        _text("workload", "a text", _LONGEST_WORKLOAD),
        _text("unique", "a text", MAX_UNIQUE),
        _choice("priority", "normal", "high", "low"),
        _text("headers", "name=value&name=value, percent-encoded,", _LONGEST_HEADERS),
        _text("options", "options of a submission: ttl=1h&max_attempts=3", MAX_OPTIONS),
        _text("cron", "five fields of cron, six with seconds first, or @daily,"),
        _seconds("every", "a number of seconds from 1"),
        _text("timezone", "a time zone, such as Europe/Vienna,"),
        _seconds("jitter", "a number of seconds from 0"),
        _text("until", "a date, such as 2030-12-31 or 2030-12-31 18:00,"),
        _choice("missed", "once", "skip", "all"),
        _choice("overlap", "allow", "skip", "wait"),
        ScheduleSetting("paused", "flag", "true or false", False),
    )
}
"""Every setting by its name; the first of a choice is the default."""

JOB_SETTINGS: Final = ("function", "workload", "unique", "headers")
"""Those that a client gives with its job: they are its own to change."""

_TIMES: Final = ("cron", "every", "timezone", "jitter", "until")


def read_schedule_setting(name: str, value: Value) -> Value:
    """Return a setting's value, given in its own type or as a text of it.

    Raises:
        OptionError: there is no such setting, or it cannot have such a value.
    """
    setting = SCHEDULE_SETTINGS.get(name)
    if setting is None:
        near = difflib.get_close_matches(name, SCHEDULE_SETTINGS, 1)
        names = ", ".join(SCHEDULE_SETTINGS)
        hint = f"did you mean {near[0]!r}?" if near else f"use {names}"
        raise OptionError(f"{name!r} is no setting of a schedule: {hint}")
    if isinstance(value, str):
        return setting.read(value)
    return setting.check(value)


def settings_of(*layers: Mapping[str, Value] | None) -> dict[str, Value]:
    """Return every setting by its name; of several layers, the last counts.

    One that gives ``every`` takes ``cron`` from those before it, and the other way.
    """
    found = {name: setting.default for name, setting in SCHEDULE_SETTINGS.items()}
    for layer in layers:
        if layer is None:
            continue
        if layer.get("every"):
            found["cron"] = ""
        if layer.get("cron"):
            found["every"] = 0.0
        found.update(layer)
    return found


def check_schedule(values: Mapping[str, Value]) -> None:
    """Check that settings make sense together.

    Raises:
        OptionError: they do not; the message names them.
    """
    if not values["function"]:
        raise OptionError("it needs a function: the name that its workers register")
    if bool(values["cron"]) == bool(values["every"]):
        raise OptionError(
            "it needs either cron, such as '0 3 * * mon-fri', or every, such as 90s",
            setting="every" if values["every"] else "",
        )
    every, jitter = values["every"], values["jitter"]
    assert isinstance(every, float)
    assert isinstance(jitter, float)
    if 0 < every < 1:
        words = f"every cannot be {every:g}: it is at least one second"
        raise OptionError(words, setting="every")
    if 0 < every < jitter:
        raise OptionError("jitter cannot be longer than every", setting="jitter")
    for name, read in (("headers", headers_of), ("options", options_of)):
        try:
            read(str(values[name]))
        except OptionError as error:
            raise OptionError(str(error), setting=name) from error


def headers_of(text: str) -> bytes:
    """Return headers that are written ``name=value&name=value`` as they are kept.

    Raises:
        OptionError: these are none.
    """
    if not text:
        return b""
    pairs = parse_qsl(text, keep_blank_values=True, errors="surrogateescape")
    joined = join(
        (
            name.encode("utf-8", "surrogateescape"),
            value.encode("utf-8", "surrogateescape"),
        )
        for name, value in pairs
    )
    wrong = fault(joined) if joined else "write name=value&name=value"
    if wrong:
        raise OptionError(f"headers cannot be {text[:200]!r}: {wrong}")
    return joined


def options_of(text: str) -> SubmissionOptions | None:
    """Return the options of a schedule's jobs; None for none.

    Raises:
        OptionError: they are wrong.
    """
    if not text:
        return None
    options = read_options(text.encode("utf-8", "surrogateescape"))
    if options.at >= 0 or options.after or options.batch or options.dedupe:
        raise OptionError(
            "at, after, batch and dedupe are no options of jobs that recur: overlap"
            " says what becomes of a time while the job before has not ended"
        )
    if options.to and options.key:
        raise OptionError("to and key: a job for one worker waits for that alone")
    return options


def times_of(values: Mapping[str, Value]) -> str:
    """Return what says when a schedule is due, to tell whether that has changed."""
    return "\n".join([str(values[name]) for name in _TIMES])
