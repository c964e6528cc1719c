"""Conditions: which jobs a method of ``Admin`` is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict, cast

from geartrain.seconds import Seconds, number

__all__ = ["Conditions", "LetterConditions", "filters_of"]


class LetterConditions(TypedDict, total=False):
    """Which dead letters are meant; what is left out, or None, is any.

    Attributes:
        function: the name of their function, or a glob such as ``mail.*``.
        reason: how their last attempt ended: ``fail``, ``exception``, ``retry``,
            ``timeout`` or ``crash``.
        unique: their unique.
        error: a part of their last error, in whatever case.
        kind: the kind of their last error, as ``DeadGroupRow`` has it.
        key: their flow key.
        batch: the name of the batch that they were submitted in.
        older: they were submitted more than so many seconds ago.
        newer: they were submitted less than so many seconds ago.
    """

    function: str | None
    reason: str | None
    unique: str | None
    error: str | None
    kind: str | None
    key: str | None
    batch: str | None
    older: Seconds | None
    newer: Seconds | None


class Conditions(TypedDict, total=False):
    """Which jobs are meant; what is left out, or None, is any.

    Attributes:
        function: the name of their function, or a glob such as ``mail.*``.
        state: where they are: ``ready``, ``running`` or ``scheduled``; lists also take
            ``dead``, a way to end such as ``succeeded``, ``ended`` for any of these,
            and ``all``.
        unique: their unique.
        owner: the principal, or the address, whose limits count them; of jobs that have
            ended none is known.
        error: a part of their last error, in whatever case.
        kind: the kind of their last error, as ``FailureRow`` has it.
        key: their flow key; of jobs that have ended none is known.
        batch: the name of the batch that they were submitted in.
        older: they were submitted more than so many seconds ago.
        newer: they were submitted less than so many seconds ago.
    """

    function: str | None
    state: str | None
    unique: str | None
    owner: str | None
    error: str | None
    kind: str | None
    key: str | None
    batch: str | None
    older: Seconds | None
    newer: Seconds | None


def filters_of(conditions: Conditions | LetterConditions) -> dict[str, str | None]:
    """Return conditions as arguments of a text command.

    Raises:
        OptionError: an age is not a number of seconds.
    """
    return {
        name: f"{number(cast('Seconds', value), name):.3f}"
        if name in ("older", "newer") and value is not None
        else cast("str | None", value)
        for name, value in cast("Mapping[str, object]", conditions).items()
    }
