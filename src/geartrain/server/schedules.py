"""Schedules in the configuration file: the tables ``[schedules.NAME]``."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from geartrain.configuration.file import ConfigFile
from geartrain.engine.jobs.schedules import is_name
from geartrain.engine.model.schedule_settings import (
    SCHEDULE_SETTINGS,
    check_schedule,
    read_schedule_setting,
    settings_of,
)
from geartrain.engine.model.schedules import Calendar
from geartrain.engine.model.settings import Value
from geartrain.errors import OptionError

__all__ = ["Definitions", "read_schedules", "schedule_places"]

Definitions = Mapping[bytes, Mapping[str, Value]]
"""The settings of each schedule, by its name."""

_TABLE: Final = "schedules"
# Other ways to give a workload, in the file alone.
_WORKLOAD_FILE: Final = "workload_file"
_JSON: Final = "json"


def read_schedules(file: ConfigFile, calendar: Calendar) -> Definitions:
    """Return the schedules, in the order of the file.

    ``calendar`` is the job server's: it knows which times mean something.

    Raises:
        OptionError: one means nothing; the message names the file, line and table.
    """
    found: dict[bytes, dict[str, Value]] = {}
    for name, settings in file.tables.get(_TABLE, {}).items():
        if not is_name(name.encode()):
            words = (
                f"{name!r} is no name of a schedule: use 1 to 64 letters, digits and"
                " . _ -"
            )
            raise file.refusal(words, _TABLE, name)
        if not isinstance(settings, dict):
            words = f"{name} belongs into the table of a schedule: write [schedules.x]"
            raise file.refusal(words, _TABLE, name)
        found[name.encode()] = _schedule(file, calendar, name, settings)
    return found


def schedule_places(file: ConfigFile) -> list[tuple[str, str]]:
    """Return each table of ``read_schedules`` by its name, with its file and line."""
    names = file.tables.get(_TABLE, {})
    return [(f"{_TABLE}.{each}", file.place(_TABLE, each)) for each in names]


def _schedule(
    file: ConfigFile, calendar: Calendar, name: str, settings: Mapping[str, Any]
) -> dict[str, Value]:
    """Read one table."""
    given: dict[str, Value] = {}
    for key, value in settings.items():
        try:
            setting, text = _plain(file, key, value)
            if setting in given:
                raise OptionError("the workload is given twice")
            given[setting] = read_schedule_setting(setting, text)
        except OptionError as error:
            words = f"[{_TABLE}.{name}]: {error}"
            raise file.refusal(words, _TABLE, name, key) from None
    values = settings_of(given)
    try:
        check_schedule(values)
        _check_times(calendar, values)
    except OptionError as error:
        keys = [error.setting] if error.setting in settings else []
        words = f"[{_TABLE}.{name}]: {error}"
        raise file.refusal(words, _TABLE, name, *keys) from None
    return given


def _plain(file: ConfigFile, key: str, value: Any) -> tuple[str, Value]:
    """Return the setting that a key of the file gives, and its value."""
    if key == _WORKLOAD_FILE:
        return "workload", _content(file, value)
    if key == _JSON:
        return "workload", json.dumps(value, default=str)
    if key in ("headers", "options") and isinstance(value, dict):
        return key, urlencode(value, errors="surrogateescape")
    if isinstance(value, date):
        value = value.isoformat()
    if isinstance(value, dict | list):
        raise OptionError(f"{key} is no table and no list")
    if value == "":
        raise OptionError(f"{key} is empty: leave it out")
    known: Value = value
    return key, known


def _content(file: ConfigFile, value: Any) -> str:
    """Return what is in a file that is named beside this one."""
    if not isinstance(value, str):
        raise OptionError(f"{_WORKLOAD_FILE} is the name of a file")
    path = Path(file.path).parent / value
    most = SCHEDULE_SETTINGS["workload"].most
    try:
        with path.open("rb") as opened:
            data = opened.read(most + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise OptionError(f"{_WORKLOAD_FILE} {value!r}: {why}") from None
    if len(data) > most:
        raise OptionError(f"{_WORKLOAD_FILE} {value!r} is larger than {most} bytes")
    return data.decode("utf-8", "surrogateescape")


def _check_times(calendar: Calendar, values: Mapping[str, Value]) -> None:
    """Have the calendar look at what says when a schedule is due."""
    timezone = str(values["timezone"])
    tried = {"timezone": "@daily", "cron": values["cron"], "until": values["until"]}
    for setting, text in tried.items():
        try:
            if text:
                calendar(str(text), timezone, time.time())
        except ValueError as error:
            raise OptionError(str(error), setting=setting) from None
