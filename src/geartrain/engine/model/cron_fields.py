"""The five fields of SUBMIT_JOB_SCHED, as cron writes them."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["cron_of"]

# Longer than any field that means something.
_MAX_FIELD: Final = 200
_NAMES: Final = ("minute", "hour", "day of month", "month", "day of week")

_STEPS_OF_ALL: Final = re.compile(r"(?:(?<=,)|^)\*/")
_DAYS: Final = re.compile(r"(?<![/#\w])[0-9]+")


def cron_of(fields: list[bytes]) -> str:
    """Return the fields of SUBMIT_JOB_SCHED as an expression of cron.

    Raises:
        ValueError: a field is too long, has white space, or names no day.
    """
    for name, field in zip(_NAMES, fields, strict=True):
        if len(field) > _MAX_FIELD:
            shown = field[:_MAX_FIELD].decode("ascii", "replace")
            raise ValueError(
                f"{name} {shown!r}…: a field has at most {_MAX_FIELD} bytes"
            )
    texts = [field.decode("ascii", "replace").strip(" ") or "*" for field in fields]
    if any(text.split() != [text] for text in texts):
        raise ValueError(f"{_shown(fields)}: a field has no white space")
    return " ".join([*texts[:4], _weekdays(fields, texts[4])])


def _shown(fields: list[bytes]) -> str:
    shown = [
        f"{name} {field.decode('ascii', 'replace')!r}"
        for name, field in zip(_NAMES, fields, strict=True)
    ]
    return ", ".join(shown)


def _weekdays(fields: list[bytes], text: str) -> str:
    """Count days from Monday, 1, as cron does.

    PROTOCOL, "SUBMIT_JOB_SCHED": "day of week (0-6, 0 = Monday)". Names of days mean
    the same in both; steps and the n of "the nth such day" are no days.
    """

    def shift(found: re.Match[str]) -> str:
        if int(found.group()) > 6:
            raise ValueError(f"{_shown(fields)}: days are 0 (Monday) to 6, or names")
        return str(int(found.group()) + 1)

    return _DAYS.sub(shift, _STEPS_OF_ALL.sub("0-6/", text))
