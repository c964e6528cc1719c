"""Options of a submission: what one job is to have otherwise than its function."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, Literal, TypeAlias, TypedDict

from geartrain.durations import DURATION, read_duration
from geartrain.errors import OptionError
from geartrain.protocol.options import join_options
from geartrain.seconds import Seconds, number

__all__ = ["JobOptions", "option_bytes"]

Text: TypeAlias = str | bytes


class JobOptions(TypedDict, total=False):
    """What ``submit`` and others take beside the workload, each by its name.

    Only Geartrain knows them; another job server refuses, and nothing is submitted. An
    option wins over the policy of the function. Lengths of time are seconds, or texts
    such as ``"20m"``.
    """

    ttl: Seconds | str
    """How long it may wait for a worker (0: no limit)."""
    key: Text
    """What it shares a rate and places with, such as an account."""
    dedupe: Literal["join", "drop", "replace", "again"]
    """What becomes of it if there is one with its unique."""
    result_ttl: Seconds | str
    """How long to keep its result (0: not at all)."""
    max_attempts: int
    """Maximum number of attempts."""
    batch: Text
    """The name of the batch that it belongs to."""
    after: Text | Iterable[Text]
    """Handles of the jobs that it waits for, and ``batch:NAME`` for a batch."""
    when: Literal["success", "failure", "done"]
    """Which ends of these let it run."""
    to: Text
    """``"everyone"`` for a job for each worker, ``"hosts"`` for one of each host, or
    whose it is alone: ``"worker:ID"``, ``"host:ADDRESS"``.
    """


def option_bytes(options: JobOptions) -> bytes:
    """Return options as they are sent.

    The job server checks their bounds.

    Raises:
        OptionError: there is no such option, or a value is of a wrong type.
    """
    return join_options(
        {name: _encoded(name, value) for name, value in options.items()}
    )


def _encoded(name: str, value: object) -> Text:
    encode = _ENCODERS.get(name)
    if encode is None:
        raise OptionError(
            f"{name} is no option of a submission: use {', '.join(_ENCODERS)}"
        )
    return encode(name, value)


def _seconds(name: str, value: Any) -> Text:
    if isinstance(value, str):
        if read_duration(value) is None:
            raise OptionError(
                f"{name}={value!r}: give seconds, or a text as {DURATION}"
            )
        return value
    return f"{number(value, name):.9f}".rstrip("0").rstrip(".")


def _whole(name: str, value: object) -> Text:
    if type(value) is not int:
        raise OptionError(f"{name}={value!r}: give a whole number")
    return str(value)


def _text(name: str, value: object) -> Text:
    if not isinstance(value, str | bytes):
        raise OptionError(f"{name} is text or bytes, not {type(value).__name__}")
    if isinstance(value, bytes):
        return value
    try:
        return value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise OptionError(
            f"{name}= holds half a character: it cannot be sent"
        ) from None


def _handles(name: str, value: Any) -> Text:
    if isinstance(value, str | bytes):
        return _text(name, value)
    try:
        each = [_text(name, handle) for handle in value]
    except TypeError:
        raise OptionError(f"{name}= is a handle, or an iterable of some") from None
    return b",".join(one.encode() if isinstance(one, str) else one for one in each)


_ENCODERS: Final[dict[str, Callable[[str, Any], Text]]] = {
    "ttl": _seconds,
    "key": _text,
    "dedupe": _text,
    "result_ttl": _seconds,
    "max_attempts": _whole,
    "batch": _text,
    "after": _handles,
    "when": _text,
    "to": _text,
}
