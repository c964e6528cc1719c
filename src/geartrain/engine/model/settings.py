"""The settings of a policy: their names, and the values that each may have."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Final

from geartrain.durations import read_duration
from geartrain.engine.model.pointers import check_pointer
from geartrain.engine.model.rates import check_rate
from geartrain.errors import OptionError

__all__ = [
    "NONE",
    "SETTINGS",
    "Setting",
    "Value",
    "check_name",
    "check_setting",
    "read_setting",
]

Value = str | int | float | bool

NONE: Final = "none"
"""A text setting's value that stands for no value: an empty text takes back a change.
"""

# Bounds that keep every sum of times and every counter far from where numbers end.
_MAX_COUNT: Final = 1_000_000_000
_MAX_SECONDS: Final = 1_000_000_000
# A store writes a result as one value, for which it needs a few times its size.
_MAX_RESULT: Final = 64 * 1024 * 1024

# Characters of a wrong text that an error shows.
_MOST_SHOWN: Final = 200
# More than any number within these bounds needs.
_MAX_DIGITS: Final = 40
_RATE: Final = "a number of jobs and a time, such as 100/1m or 50/s"
_NUMERALS: Final = frozenset("0123456789.eE+-")


class Setting:
    """One setting of a policy: its name and the values it may have."""

    def __init__(self, name: str, kind: str, allowed: str) -> None:
        self.name = name
        """Its name in the configuration file and in text commands."""
        self.kind = kind
        """``count``, ``number``, ``duration`` in seconds, ``choice``, ``flag`` or
        ``text``.
        """
        self.allowed = allowed
        """The same for people, to follow "it is"."""
        self.least: int = 0
        """Of a count, number or duration, the least."""
        self.most: int = 0
        """Of a count, number or duration, the greatest; of a text, the most bytes."""
        self.choices: list[str] = []
        """Of a choice, all that may be chosen."""
        self.reads: Callable[[str], bool] | None = None
        """Of a text, tells whether it is one, unless it is ``none``."""
        self.group: str = ""
        """What it is about: the heading under which people find it."""

    def check(self, value: object) -> Value:
        """Return a value of the setting's own type; a duration may be a text.

        Raises:
            OptionError: it is of another type, or out of bounds.
        """
        checked = self._checked(value)
        if checked is None:
            raise self._refusal(value)
        return checked

    def read(self, text: str) -> Value:
        """Return the value that a text, such as ``3``, ``0.5`` or ``true``, stands for.

        Raises:
            OptionError: it stands for none.
        """
        checked = self._checked(self._parsed(text))
        if checked is None:
            raise self._refusal(text)
        return checked

    def _checked(self, value: object) -> Value | None:
        """Return a value of the setting's own type, or None for any other."""
        if self.kind == "flag":
            return value if isinstance(value, bool) else None
        if self.kind in ("choice", "text"):
            return self._word(value)
        if self.kind == "duration" and isinstance(value, str):
            value = read_duration(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if not self.least <= value <= self.most:
            return None
        if self.kind == "count":
            return value if isinstance(value, int) else None
        # Zero has no sign here: a shown value is one that can be given.
        return abs(float(value))

    def _word(self, value: object) -> str | None:
        if not isinstance(value, str):
            return None
        if self.kind == "choice":
            return value if value in self.choices else None
        if self.reads is not None:
            return value if value == NONE or self.reads(value) else None
        size = len(value.encode("utf-8", "surrogateescape"))
        return value if size <= self.most else None

    def _parsed(self, text: str) -> Value:
        """Return what a text says, or the text where it says nothing."""
        if self.kind == "flag":
            return text == "true" if text in ("true", "false") else text
        if self.kind not in ("count", "number") or not _is_numeral(text):
            return text
        try:
            return int(text) if self.kind == "count" else float(text)
        except ValueError:
            return text

    def _refusal(self, value: object) -> OptionError:
        shown = repr(value)
        if self.kind == "text" and len(shown) > _MOST_SHOWN:
            shown = f"{shown[:_MOST_SHOWN]}…"
        return OptionError(f"{self.name} cannot be {shown}: it is {self.allowed}")


def _is_numeral(text: str) -> bool:
    """Tell whether a text may be a number that is written plainly."""
    return 0 < len(text) <= _MAX_DIGITS and _NUMERALS.issuperset(text)


def _count(name: str, least: int, allowed: str, most: int = _MAX_COUNT) -> Setting:
    setting = Setting(name, "count", f"{allowed} to {most}")
    setting.least = least
    setting.most = most
    return setting


def _seconds(name: str, zero: str) -> Setting:
    """Return a setting that is a duration in seconds, or a text such as ``20m``."""
    allowed = f"a number of seconds from 0{zero} to {_MAX_SECONDS}"
    setting = Setting(name, "duration", f"{allowed}, or a time such as 20m or 1h30m")
    setting.most = _MAX_SECONDS
    return setting


def _share(name: str) -> Setting:
    setting = Setting(name, "number", "a number from 0 to 1")
    setting.most = 1
    return setting


def _choice(name: str, choices: list[str]) -> Setting:
    setting = Setting(name, "choice", " or ".join(choices))
    setting.choices = choices
    return setting


def _text(name: str, allowed: str, reads: Callable[[str], bool]) -> Setting:
    setting = Setting(name, "text", f"{NONE} or {allowed}")
    setting.reads = reads
    return setting


def _about(group: str, *settings: Setting) -> tuple[Setting, ...]:
    """Give a heading to settings that are about the same."""
    for setting in settings:
        setting.group = group
    return settings


SETTINGS: Final[dict[str, Setting]] = {
    setting.name: setting
    for setting in (
        *_about(
            "Attempts",
            _count("max_attempts", 1, "a whole number from 1"),
            _count("max_crashes", 0, "a whole number from 0, which is no limit,"),
            _choice("backoff", ["fixed", "exponential"]),
            _seconds("backoff_delay", ""),
            _seconds("backoff_cap", ""),
            _share("backoff_jitter"),
        ),
        *_about(
            "Times",
            _seconds("timeout", ", which is no limit,"),
            _seconds("ttl", ", which is no limit,"),
            _seconds("delay", ""),
        ),
        *_about(
            "Equal jobs",
            _choice("dedupe", ["join", "drop", "replace", "again"]),
            _seconds("dedupe_window", ""),
            _seconds("dedupe_wait", ", which is no limit,"),
        ),
        *_about(
            "Limits",
            _count("max_waiting", 0, "a whole number from 0, which is no limit,"),
            _choice("when_full", ["refuse", "drop_oldest"]),
            _choice("when_no_worker", ["wait", "refuse"]),
            _seconds("no_worker_grace", ""),
        ),
        *_about(
            "Flow",
            _text("rate", _RATE, check_rate),
            _count("burst", 0, "a whole number from 0, which is as the rate allows,"),
            _count("concurrency", 0, "a whole number from 0, which is no limit,"),
            _text("key_rate", _RATE, check_rate),
            _count("key_concurrency", 0, "a whole number from 0, which is no limit,"),
            _text("key_from", "a JSON pointer such as /account/id", check_pointer),
            _choice("order", ["priority", "fifo"]),
        ),
        *_about("Submissions", Setting("options_in_names", "flag", "true or false")),
        *_about(
            "Pause and drain",
            Setting("paused", "flag", "true or false"),
            Setting("draining", "flag", "true or false"),
        ),
        *_about(
            "Alerts",
            _seconds("alert_age", ", which is never,"),
            _seconds("alert_no_worker", ""),
            _count("alert_dead", 0, "a whole number from 0, which is never,"),
        ),
        *_about(
            "What is kept",
            Setting("dead_letter", "flag", "true or false"),
            _seconds("history", ", which keeps nothing,"),
            _seconds("result_ttl", ", which keeps no results,"),
            _count("result_size", 0, "a whole number of bytes from 0", _MAX_RESULT),
            _seconds("cache_ttl", ", which is never,"),
        ),
    )
}
"""By their names; those of one ``group`` stand together."""


def check_setting(name: str, value: object) -> Value:
    """Return a setting's value, given in the setting's own type.

    Raises:
        OptionError: there is no such setting, or it cannot have such a value.
    """
    return _find(name).check(value)


def read_setting(name: str, value: Value) -> Value:
    """Return a setting's value, given in its own type or as a text of it.

    Raises:
        OptionError: there is no such setting, or it cannot have such a value.
    """
    setting = _find(name)
    return setting.read(value) if isinstance(value, str) else setting.check(value)


def check_name(name: str) -> str:
    """Return the name of a setting.

    Raises:
        OptionError: there is no such setting.
    """
    return _find(name).name


def _find(name: str) -> Setting:
    setting = SETTINGS.get(name)
    if setting is None:
        raise OptionError(f"{name!r} is no setting of a policy: {_hint(name)}")
    return setting


def _hint(name: str) -> str:
    near = difflib.get_close_matches(name, SETTINGS, 1)
    return f"did you mean {near[0]!r}?" if near else f"use {', '.join(SETTINGS)}"
