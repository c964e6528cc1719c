"""The options of a submission: what one job is to have otherwise than its function.

PROTOCOL, "Options of a submission", says how they are sent. ``SUBMISSION_OPTIONS`` is
the one table of them: what each may be, and where ``read_options`` puts it. An option
that is a setting of policies, too, has that setting's bounds, and wins over it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from geartrain.engine.model.addressees import (
    EVERYONE,
    HOST,
    HOSTS,
    WORKER,
    addressee_of,
    is_addressed,
)
from geartrain.engine.model.graph import BATCH, WHEN
from geartrain.engine.model.settings import SETTINGS
from geartrain.engine.records import StoredJob
from geartrain.errors import OptionError
from geartrain.protocol.constants import Priority

__all__ = [
    "LAST_TIME",
    "MAX_NAME",
    "MAX_OPTIONS",
    "NOT_GIVEN",
    "SUBMISSION_OPTIONS",
    "SubmissionOption",
    "SubmissionOptions",
    "kept_number",
    "options_told",
    "read_options",
]

MAX_OPTIONS: Final = 4096
"""The most bytes of a submission's options, as many as its headers may have."""

MAX_NAME: Final = 255
"""The most bytes of a flow key and of a batch's name."""

LAST_TIME: Final = 253402300799.0
"""The last second of the year 9999, in seconds since 1970."""

NOT_GIVEN: Final = -1.0
"""Stands for a number that no option gives."""

_MOST_AFTER: Final = 100
_LONGEST_HANDLE: Final = 63
_PRIORITIES: Final = {
    "high": int(Priority.HIGH),
    "normal": int(Priority.NORMAL),
    "low": int(Priority.LOW),
}

_SINCE_1970: Final = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?")
# A plus sign that is not percent-encoded arrives as a space. Without a zone, nobody
# could say when it is.
_ISO: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]"
    r"([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)"
    r"(?:(Z)|([-+ ])([0-9]{2}):?([0-9]{2}))"
)


class SubmissionOptions:
    """What a submission asks for; whatever it does not is as the policy has it."""

    def __init__(self) -> None:
        self.delay: float = NOT_GIVEN
        """Seconds from now until the job is due."""
        self.at: float = NOT_GIVEN
        """When it is due by the calendar, in seconds since 1970."""
        self.ttl: float = NOT_GIVEN
        """Seconds it may wait (0: no limit)."""
        self.priority: int = -1
        """``Priority`` as a number; -1 for that of the packet."""
        self.key: bytes = b""
        """Its flow key."""
        self.dedupe: str = ""
        """What becomes of one that is there already: ``"join"`` and others."""
        self.result_ttl: float = NOT_GIVEN
        """Seconds to keep its result (0: not at all)."""
        self.max_attempts: int = -1
        """Maximum number of attempts."""
        self.batch: bytes = b""
        """The name of the batch that it belongs to."""
        self.after: list[bytes] = []
        """What it waits for: handles, and names of batches behind ``batch:``."""
        self.when: str = ""
        """What these have to come to: ``"success"`` and others."""
        self.to: bytes = b""
        """Who is to run it: an addressee, ``EVERYONE`` or ``HOSTS``; empty for anybody.
        """
        self.kept: bytes = b""
        """Those that hold as long as the job exists, for ``StoredJob.options``."""

    def has_time(self) -> bool:
        """Tell whether they say when the job is due."""
        return self.delay >= 0 or self.at >= 0


class SubmissionOption:
    """One option of a submission."""

    def __init__(
        self,
        name: str,
        meaning: str,
        allowed: str,
        read: Callable[[bytes], object],
        is_kept: bool = False,
    ) -> None:
        self.name = name
        """Its name, and that of the attribute of ``SubmissionOptions``."""
        self.meaning = meaning
        """What it does, in a sentence for people."""
        self.allowed = allowed
        """What it may be, for people, to follow "it is"."""
        self.read = read
        """Returns the value that bytes stand for, or None."""
        self.is_kept = is_kept
        """It holds as long as the job exists, and a store keeps it."""
        self.choices: tuple[str, ...] = ()
        """All that may be chosen; empty if it is no choice."""


def _setting(name: str, meaning: str) -> SubmissionOption:
    """Return an option that is a setting of policies, too, and a number."""
    setting = SETTINGS[name]

    def read(value: bytes) -> object:
        try:
            return setting.read(_text(value))
        except OptionError:
            return None

    is_kept = name != "delay"
    return SubmissionOption(name, meaning, setting.allowed, read, is_kept)


def _choice(name: str, meaning: str, choices: tuple[str, ...]) -> SubmissionOption:
    def read(value: bytes) -> object:
        text = _text(value)
        return text if text in choices else None

    option = SubmissionOption(name, meaning, " or ".join(choices), read)
    option.choices = choices
    return option


def _name(
    name: str, meaning: str, of_what: str, is_kept: bool = False
) -> SubmissionOption:
    def read(value: bytes) -> object:
        is_taken = is_addressed(value)
        return value if 0 < len(value) <= MAX_NAME and not is_taken else None

    allowed = f"{of_what} of 1 to {MAX_NAME} bytes that begins with no NUL"
    return SubmissionOption(name, meaning, allowed, read, is_kept)


def _read_batch(value: bytes) -> object:
    """Read the name of a batch, which has to be one that ``after`` can name."""
    return value if 0 < len(value) <= MAX_NAME and b"," not in value else None


def _read_priority(value: bytes) -> object:
    return _PRIORITIES.get(_text(value))


def _read_time(value: bytes) -> object:
    """Read a time of the calendar in seconds since 1970; before that, it is 0."""
    text = _text(value)
    if _SINCE_1970.fullmatch(text) is not None:
        when = float(text)
        return when if when <= LAST_TIME else None
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    # Imported here: only those who name times need it.
    from datetime import datetime

    date, time, _, sign, hours, minutes = found.groups()
    zone = "+00:00" if sign is None else f"{sign}{hours}:{minutes}".replace(" ", "+")
    try:
        when = datetime.fromisoformat(f"{date}T{time}{zone}").timestamp()
    except (OverflowError, ValueError):
        return None
    # West of Greenwich the year 9999 ends when it is over there.
    return max(when, 0.0) if when <= LAST_TIME else None


def _read_sources(value: bytes) -> object:
    sources = list(dict.fromkeys(value.split(b",")))
    if len(sources) > _MOST_AFTER:
        return None
    return sources if all(_is_source(each) for each in sources) else None


def _read_to(value: bytes) -> object:
    if value in (EVERYONE, HOSTS):
        return value
    for kind in (WORKER, HOST):
        if value.startswith(kind) and len(kind) < len(value) <= MAX_NAME:
            return None if b"\0" in value else value
    return None


def _is_source(source: bytes) -> bool:
    if source.startswith(BATCH):
        return 0 < len(source) - len(BATCH) <= MAX_NAME
    return 0 < len(source) <= _LONGEST_HANDLE


SUBMISSION_OPTIONS: Final[dict[str, SubmissionOption]] = {
    option.name: option
    for option in (
        _setting("delay", "Run no earlier than after this time."),
        SubmissionOption(
            "at",
            "Run no earlier than at this time of the calendar.",
            "a time with its zone, such as 2030-01-31T08:00:00Z, or seconds since 1970",
            _read_time,
        ),
        _setting("ttl", "Drop the job if it waits longer for a worker."),
        SubmissionOption(
            "priority",
            "Jobs of higher priority run before others.",
            "high, normal or low",
            _read_priority,
        ),
        _name("key", "What it shares a rate and places with: an account.", "a text"),
        _choice(
            "dedupe",
            "What becomes of it if its unique is known.",
            tuple(SETTINGS["dedupe"].choices),
        ),
        _setting("result_ttl", "Keep the result for this long."),
        _setting("max_attempts", "How many attempts it has."),
        SubmissionOption(
            "batch",
            "The batch that it belongs to.",
            f"a name of 1 to {MAX_NAME} bytes, without commas",
            _read_batch,
            is_kept=True,
        ),
        SubmissionOption(
            "after",
            "Run once these jobs have ended.",
            f"1 to {_MOST_AFTER} handles, and batch: with a name, with commas between",
            _read_sources,
        ),
        _choice("when", "Which ends of the jobs in after let it run.", WHEN),
        SubmissionOption(
            "to",
            "Who is to run it: one worker, one of a host, or each of them all.",
            "everyone, hosts, worker: with an id, or host: with an address",
            _read_to,
        ),
    )
}
"""Every option of a submission by its name."""


def read_options(data: bytes) -> SubmissionOptions:
    """Read options as they are sent: ``delay=20m&key=shop-7``.

    Names and values are encoded as by HTML forms: ``%26`` is an ampersand, and ``+`` a
    space.

    Raises:
        OptionError: one is unknown, wrong, or given twice; it says which, and what may
            be given.
    """
    if len(data) > MAX_OPTIONS:
        raise OptionError(f"options have at most {MAX_OPTIONS} bytes, not {len(data)}")
    found = SubmissionOptions()
    given: set[str] = set()
    kept: list[str] = []
    for pair in data.split(b"&"):
        option, value = _read_pair(pair)
        if option.name in given:
            raise OptionError(f"{option.name} is given twice")
        given.add(option.name)
        setattr(found, option.name, value)
        if option.is_kept:
            kept.append(f"{option.name}={_shortest(value)}")
    if found.delay >= 0 and found.at >= 0:
        raise OptionError("delay and at both say when the job is due: give one of them")
    if found.when and not found.after:
        raise OptionError("when says which ends of the jobs in after count: give after")
    if kept:
        found.kept = "&".join(kept).encode()
    return found


def _read_pair(pair: bytes) -> tuple[SubmissionOption, object]:
    """Read one ``name=value``."""
    name_bytes, equals, value_bytes = pair.replace(b"+", b" ").partition(b"=")
    name = _text(unquote_to_bytes(name_bytes))
    option = SUBMISSION_OPTIONS.get(name)
    if option is None:
        raise OptionError(f"{name[:40]!r} is no option of a submission: {_hint(name)}")
    if not equals:
        raise OptionError(f"{name} has no value: it is {option.allowed}")
    data = unquote_to_bytes(value_bytes)
    value = option.read(data)
    if value is None:
        shown = _text(data)[:40]
        raise OptionError(f"{name} cannot be {shown!r}: it is {option.allowed}")
    return option, value


def _hint(name: str) -> str:
    near = difflib.get_close_matches(name[:40], SUBMISSION_OPTIONS, 1)
    all_names = ", ".join(SUBMISSION_OPTIONS)
    return f"did you mean {near[0]!r}?" if near else f"use {all_names}"


def _shortest(value: object) -> object:
    if isinstance(value, bytes):
        return quote_from_bytes(value, safe="")
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def options_told(job: StoredJob) -> dict[str, str]:
    """Return the options that hold for a job, as texts by their names."""
    told: dict[str, str] = {}
    if job.flow_key:
        addressee = addressee_of(job.flow_key)
        told["to" if addressee else "key"] = _text(addressee or job.flow_key)
    for pair in job.options.split(b"&"):
        name, equals, value = pair.partition(b"=")
        if equals:
            told[_text(unquote_to_bytes(name))] = _text(unquote_to_bytes(value))
    return told


def kept_number(options: bytes, name: bytes) -> float:
    """Return a number that ``StoredJob.options`` has; ``NOT_GIVEN`` if it has none.

    >>> kept_number(b"ttl=60&max_attempts=3", b"max_attempts")
    3.0
    """
    for pair in options.split(b"&"):
        given, _, value = pair.partition(b"=")
        if given == name:
            try:
                return float(value)
            except ValueError:
                # An imported job may have anything.
                return NOT_GIVEN
    return NOT_GIVEN
