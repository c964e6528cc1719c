"""A function's policy as people read and change it: each setting, and where it is from.

What a setting means and how it is written stands here once; its kind and bounds are
those of ``engine/model/settings.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from geartrain.admin.rows import Setting as Value
from geartrain.admin.rows import setting_text
from geartrain.dashboard.shown import duration, size
from geartrain.dashboard.snapshots import Row
from geartrain.engine.model.settings import SETTINGS

__all__ = ["MEANINGS", "SettingShown", "settings_shown"]


@dataclass(frozen=True)
class Meaning:
    """What a setting means.

    Attributes:
        label: its name for people.
        help: what it does, in a sentence.
        unit: ``s``, ``bytes`` or none.
        zero: what 0 means; empty if it is a number as any.
    """

    label: str
    help: str
    unit: str = ""
    zero: str = ""


MEANINGS: Final[Mapping[str, Meaning]] = {
    "max_attempts": Meaning("Attempts", "Maximum number of attempts of a job."),
    "max_crashes": Meaning(
        "Crashes", "A job fails after it lost its worker this many times.", "", "never"
    ),
    "backoff": Meaning(
        "Pauses", "Fixed, or exponential: each is twice as long as the one before."
    ),
    "backoff_delay": Meaning("First pause", "Before the second attempt.", "s"),
    "backoff_cap": Meaning("Longest pause", "No pause is longer.", "s"),
    "backoff_jitter": Meaning(
        "Variation", "Random variation of each pause, as a fraction: 0.1 is ±10 %."
    ),
    "timeout": Meaning("Timeout", "How long an attempt may run.", "s", "no limit"),
    "ttl": Meaning("Time to live", "How long a job may wait.", "s", "no limit"),
    "delay": Meaning("Delay", "How long each job waits at least.", "s", "none"),
    "dead_letter": Meaning(
        "Dead letters", "Background jobs that failed are kept, to be run again."
    ),
    "alert_age": Meaning(
        "Too old", "A job that has waited so long is a problem.", "s", "never"
    ),
    "alert_no_worker": Meaning(
        "Without worker",
        "Jobs that have waited so long without a worker are a problem.",
        "s",
        "at once",
    ),
    "alert_dead": Meaning(
        "Dead letters to tell of",
        "So many new ones in five minutes are a problem.",
        "",
        "never",
    ),
    "paused": Meaning("Paused", "No job is given to a worker."),
    "draining": Meaning("Draining", "New jobs are refused."),
    "history": Meaning(
        "History", "How long it is known what became of a job.", "s", "not at all"
    ),
    "result_ttl": Meaning(
        "Results", "How long results of background jobs are kept.", "s", "not kept"
    ),
    "result_size": Meaning("Largest result", "Larger ones are not kept.", "bytes"),
    "cache_ttl": Meaning(
        "Cache",
        "For how long the same unique is answered with the result of a job that"
        " succeeded.",
        "s",
        "never",
    ),
}
"""By the name of the setting."""


@dataclass(frozen=True, kw_only=True)
class SettingShown:
    """A setting in force.

    Attributes:
        name: its name in the file and in text commands.
        meaning: what it means.
        value: its value, as it is written.
        shown: the same for people.
        source: where it is from: ``default``, ``file`` or ``runtime``.
        pattern: the name or glob that it was given for; empty for a default.
        kind: ``count``, ``number``, ``choice`` or ``flag``.
        choices: what may be chosen, of a choice or a flag.
        allowed: what it may be, in words.
        is_own: whether it was changed at run time for this very function.
    """

    name: str
    meaning: Meaning
    value: str
    shown: str
    source: str
    pattern: str
    kind: str
    choices: tuple[str, ...]
    allowed: str
    is_own: bool


def settings_shown(
    function: str, values: Mapping[str, Value], given: Iterable[Row]
) -> list[SettingShown]:
    """Return a function's settings in force.

    Args:
        function: its name.
        values: the values in force.
        given: rows of ``show policies`` for it, in the order in which they apply.
    """
    sources: dict[str, Row] = {}
    for row in given:
        sources.update({name: row for name in row if name in SETTINGS})
    return [
        _shown(name, value, sources.get(name), function)
        for name, value in values.items()
    ]


def _shown(name: str, value: Value, row: Row | None, function: str) -> SettingShown:
    setting = SETTINGS[name]
    meaning = MEANINGS.get(name) or Meaning(name, "")
    source = "default" if row is None else str(row["source"])
    pattern = "" if row is None else str(row["pattern"])
    choices = ("true", "false") if setting.kind == "flag" else tuple(setting.choices)
    return SettingShown(
        name=name,
        meaning=meaning,
        value=setting_text(value),
        shown=_text(meaning, value),
        source=source,
        pattern=pattern,
        kind=setting.kind,
        choices=choices,
        allowed=setting.allowed,
        is_own=source == "runtime" and pattern == function,
    )


def _text(meaning: Meaning, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value == 0 and meaning.zero:
        return meaning.zero
    if meaning.unit == "s":
        return duration(value)
    return size(value) if meaning.unit == "bytes" else setting_text(value)
