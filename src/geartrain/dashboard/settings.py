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
from geartrain.engine.model.policies import Policy
from geartrain.engine.model.settings import SETTINGS

__all__ = ["MEANINGS", "SettingGroup", "SettingShown", "settings_shown"]

# Settings that a page has buttons for.
_BUTTONS: Final = ("paused", "draining")
_USUAL: Final = Policy().settings()


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
    "rate": Meaning("Rate", "How many jobs may start in which time, evenly."),
    "burst": Meaning(
        "Burst", "How many may start at once after a pause.", "", "as the rate needs"
    ),
    "concurrency": Meaning(
        "Concurrency", "How many jobs may run at once.", "", "no limit"
    ),
    "key_rate": Meaning("Rate of a key", "The same for the jobs of each flow key."),
    "key_concurrency": Meaning(
        "Concurrency of a key",
        "How many jobs of each flow key may run at once.",
        "",
        "no limit",
    ),
    "key_from": Meaning(
        "Key from", "Where in a JSON workload its flow key is, unless it was given one."
    ),
    "order": Meaning(
        "Order", "By priority, or strictly as submitted, also over retries."
    ),
    "options_in_names": Meaning(
        "Options in names",
        "What follows a ? in a function's name are options of the submission.",
    ),
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
    "dedupe": Meaning(
        "Equal unique",
        "What a submission does whose unique a job has: join it, be dropped, replace"
        " its workload, or run again after it.",
    ),
    "dedupe_window": Meaning(
        "Drop within",
        "For how long after a job was submitted equal ones are dropped, if it"
        " succeeded.",
        "s",
        "while it is there",
    ),
    "dedupe_wait": Meaning(
        "Longest wait",
        "How long a job is delayed at most while newer ones replace it.",
        "s",
        "no limit",
    ),
    "max_waiting": Meaning("Waiting at most", "So many jobs may wait.", "", "no limit"),
    "when_full": Meaning(
        "If that many wait",
        "A new job is refused, or the oldest is dropped for it.",
    ),
    "when_no_worker": Meaning(
        "Without a worker", "A new job waits for one, or is refused."
    ),
    "no_worker_grace": Meaning(
        "Worker away",
        "For how long a worker that left is expected to come back.",
        "s",
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
        source: where it is from: ``default``, ``option`` for an option of the job
            server, ``file`` or ``runtime``.
        pattern: the name or glob that it was given for; empty for the first two.
        is_number: whether it is written as a number.
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
    is_number: bool
    choices: tuple[str, ...]
    allowed: str
    is_own: bool


@dataclass(frozen=True, kw_only=True)
class SettingGroup:
    """Settings that are about the same.

    Attributes:
        title: what they are about.
        settings: each of them.
    """

    title: str
    settings: tuple[SettingShown, ...]

    @property
    def given(self) -> list[SettingShown]:
        """Return those that are not as they are by default."""
        return [each for each in self.settings if each.source != "default"]


def settings_shown(
    function: str, values: Mapping[str, Value], given: Iterable[Row]
) -> list[SettingGroup]:
    """Return a function's settings in force, without those that have buttons.

    Args:
        function: its name.
        values: the values in force.
        given: rows of ``show policies`` for it, in the order in which they apply.
    """
    sources: dict[str, Row] = {}
    for row in given:
        sources.update({name: row for name in row if name in SETTINGS})
    groups: dict[str, list[SettingShown]] = {}
    for name in SETTINGS:
        if name in values and name not in _BUTTONS:
            shown = _shown(name, values[name], sources.get(name), function)
            groups.setdefault(SETTINGS[name].group, []).append(shown)
    return [
        SettingGroup(title=title, settings=tuple(settings))
        for title, settings in groups.items()
    ]


def _shown(name: str, value: Value, row: Row | None, function: str) -> SettingShown:
    setting = SETTINGS[name]
    meaning = MEANINGS.get(name) or Meaning(name, "")
    is_usual = setting_text(value) == setting_text(_USUAL.get(name, value))
    unnamed = "default" if is_usual else "option"
    source = unnamed if row is None else str(row["source"])
    pattern = "" if row is None else str(row["pattern"])
    choices = ("true", "false") if setting.kind == "flag" else tuple(setting.choices)
    return SettingShown(
        name=name,
        meaning=meaning,
        value=setting_text(value),
        shown=_text(meaning, value),
        source=source,
        pattern=pattern,
        is_number=setting.kind in ("count", "number"),
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
