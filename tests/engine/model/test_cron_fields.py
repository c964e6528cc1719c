"""The fields of SUBMIT_JOB_SCHED as cron writes them."""

from __future__ import annotations

import pytest

from geartrain.engine.model.cron_fields import cron_of


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("* * * * *", "* * * * *"),
        ("30 7 . . mon-fri", "30 7 * * mon-fri"),
        ("0 0 . . 0", "0 0 * * 1"),
        ("0 0 . . 0-4,6", "0 0 * * 1-5,7"),
        ("*/5 0 1 jan *", "*/5 0 1 jan *"),
        ("0 0 . . */2", "0 0 * * 1-7/2"),
        ("0 0 . . 4#2", "0 0 * * 5#2"),
    ],
)
def test_days_count_from_monday_and_nothing_is_a_star(
    fields: str, expected: str
) -> None:
    words = [b"" if word == "." else word.encode() for word in fields.split()]
    assert cron_of(words) == expected


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        (b"7", "days are 0 .Monday. to 6, or names"),
        (b"1 2", "a field has no white space"),
        (b"1" * 201, "a field has at most 200 bytes"),
    ],
)
def test_a_wrong_field_is_named(field: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=f"day of week .*{reason}"):
        cron_of([b"", b"", b"", b"", field])
