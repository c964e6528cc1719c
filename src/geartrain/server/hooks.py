"""Hooks in the configuration file: ``[[hooks]]``, who is told what of the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any

from geartrain.configuration.file import ConfigFile
from geartrain.durations import read_duration
from geartrain.engine.state.problems import NAMES
from geartrain.errors import OptionError

__all__ = ["DEAD_LETTER", "Hook", "read_hooks"]

DEAD_LETTER = "dead_letter"
"""The event that a job has become a dead letter; all others are problems."""

_TABLE = "hooks"
_EVENTS = (DEAD_LETTER, *NAMES)


@dataclass(frozen=True, kw_only=True)
class Hook:
    """A command or a web address that is told of events.

    Attributes:
        on: the names of events; empty for all.
        function: a glob; events of other functions are not told.
        command: the program and its arguments; it reads the events from stdin.
        url: where they are posted.
        secret: signs what is posted; empty for no signature.
        every: seconds from one message about the same to the next.
        lasting: seconds that a problem has to last before it is told.
    """

    on: tuple[str, ...] = ()
    function: str = "*"
    command: tuple[str, ...] = ()
    url: str = ""
    secret: str = ""
    every: float = 300.0
    lasting: float = 30.0

    @property
    def name(self) -> str:
        """Return what to call it in the log, without what is secret."""
        return self.command[0] if self.command else self.url.partition("?")[0]

    def wants(self, event: str, function: str) -> bool:
        """Tell whether it is to be told of an event; no function is the server."""
        if self.on and event not in self.on:
            return False
        return fnmatchcase(function, self.function)


def read_hooks(file: ConfigFile) -> tuple[Hook, ...]:
    """Return the hooks of a configuration file.

    Raises:
        OptionError: one means nothing; the message names the file and the hook.
    """
    tables: Any = file.tables.get(_TABLE, [])
    return tuple(
        _hook(file, number, settings) for number, settings in enumerate(tables, 1)
    )


def _hook(file: ConfigFile, number: int, settings: Any) -> Hook:
    try:
        values = {name: _read(name, value) for name, value in settings.items()}
        _check(values)
    except OptionError as error:
        keys = [error.setting] if error.setting else []
        words = f"[[{_TABLE}]] {number}: {error}"
        raise file.refusal(words, _TABLE, number - 1, *keys) from None
    return Hook(**values)


def _check(values: dict[str, Any]) -> None:
    """Check that settings make sense together."""
    called = [name for name in values if name in ("command", "url")]
    if len(called) != 1:
        setting = called[-1] if called else ""
        raise OptionError("give a command, or else a url", setting=setting)
    if "secret" in values and "url" not in values:
        words = "secret signs what is posted to a url"
        raise OptionError(words, setting="secret")


def _read(name: str, value: Any) -> Any:
    reader = _READERS.get(name)
    try:
        if reader is None:
            known = ", ".join(field.name for field in fields(Hook))
            raise OptionError(f"{name!r} is no setting of a hook: use {known}")
        return reader(name, value)
    except OptionError as error:
        raise OptionError(str(error), setting=name) from None


def _events(name: str, value: Any) -> tuple[str, ...]:
    events = _texts(name, value)
    for event in events:
        if event not in _EVENTS:
            raise OptionError(f"{event!r} is no event: use {', '.join(_EVENTS)}")
    return events


def _texts(name: str, value: Any) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(each, str) and each for each in texts):
        raise OptionError(f"{name} cannot be {value!r}: it is a list of texts")
    return tuple(texts)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise OptionError(f"{name} is a text, and not empty")
    return value


def _url(name: str, value: Any) -> str:
    url = _text(name, value)
    if not url.startswith(("https://", "http://")) or not url.isascii() or " " in url:
        raise OptionError(f"{url!r} is no address of the web: https://host/path")
    return url


def _seconds(name: str, value: Any) -> float:
    seconds = read_duration(value) if isinstance(value, str) else value
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
        raise OptionError(
            f"{name} cannot be {value!r}: it is a number of seconds, or a time such as"
            " 20m"
        )
    return float(seconds)


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "on": _events,
    "function": _text,
    "command": _texts,
    "url": _url,
    "secret": _text,
    "every": _seconds,
    "lasting": _seconds,
}
