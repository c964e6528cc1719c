"""Whole years of schedules in zones whose clocks are changed in every way there is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from geartrain.engine.model.cron_fields import cron_of
from geartrain.server.cron import calendar

# A zone with its year: one hour, at midnight, half an hour, two hours, and half an hour
# for good; one that left out a day, and two whose clocks are never changed.
YEARS = [
    ("Europe/Vienna", 2026),
    ("America/New_York", 2027),
    ("America/Sao_Paulo", 2018),
    ("Australia/Lord_Howe", 2026),
    ("Antarctica/Troll", 2026),
    ("America/Havana", 2026),
    ("America/Caracas", 2016),
    ("Pacific/Apia", 2011),
    ("Asia/Kolkata", 2026),
    ("Asia/Kathmandu", 2026),
]

MINUTE = 60
HOUR = 3600


def fields(text: str) -> list[bytes]:
    return [word.encode() for word in text.split()]


def year_of(zone: str, year: int) -> tuple[float, float]:
    return tuple(
        datetime(each, 1, 1, tzinfo=ZoneInfo(zone)).timestamp()
        for each in (year, year + 1)
    )  # type: ignore[return-value]


def runs(text: str, zone: str, year: int) -> list[float]:
    """Return all times of a year."""
    next_time = calendar(zone)
    when, end = year_of(zone, year)
    when -= 1
    found = []
    while (when := _later(next_time(cron_of(fields(text)), "", when), when)) < end:
        found.append(when)
    return found


def _later(following: float, when: float) -> float:
    assert following > when
    return following


@cache
def shown(zone: str, year: int) -> list[tuple[float, datetime]]:
    """Return what a clock shows, every five minutes of a year."""
    begin, end = map(int, year_of(zone, year))
    moments = range(begin, end, 5 * MINUTE)
    return [
        (float(each), datetime.fromtimestamp(each, ZoneInfo(zone))) for each in moments
    ]


def changes(zone: str, year: int) -> list[float]:
    """Return when clocks are changed in a year, to the hour."""
    return [
        moment
        for (_, earlier), (moment, later) in pairwise(shown(zone, year))
        if earlier.utcoffset() != later.utcoffset()
    ]


@pytest.mark.parametrize(("zone", "year"), YEARS)
def test_each_ten_minutes_come_without_a_pause(zone: str, year: int) -> None:
    next_time = calendar(zone)
    for change in changes(zone, year):
        when = change - change % 600 - 12 * HOUR
        for _ in range(6 * 36):
            following = next_time("*/10 * * * *", "", when)
            assert following == when + 600
            when = following


@pytest.mark.parametrize(("zone", "year"), YEARS)
@pytest.mark.parametrize("text", ["0 * * * *", "45 */2 * * *"])
def test_every_hour_that_clocks_show_has_its_times(
    zone: str, year: int, text: str
) -> None:
    minute, hours = int(text.split()[0]), range(0, 24, text.count("/") + 1)
    expected = [
        moment
        for moment, clock in shown(zone, year)
        if clock.minute == minute and clock.hour in hours
    ]
    assert runs(text, zone, year) == expected


@pytest.mark.parametrize(("zone", "year"), YEARS)
@pytest.mark.parametrize("text", ["*/10 2 * * *", "*/15 5 * * *"])
def test_every_time_of_a_named_hour_comes_each_time_clocks_show_it(
    zone: str, year: int, text: str
) -> None:
    step, hour = int(text.split()[0][2:]), int(text.split()[1])
    expected = {
        moment
        for moment, clock in shown(zone, year)
        if clock.hour == hour and clock.minute % step == 0
    }
    found = runs(text, zone, year)
    assert expected <= set(found)
    # What clocks skip is made up for once.
    assert len(found) - len(expected) <= 1


@pytest.mark.parametrize(("zone", "year"), YEARS)
@pytest.mark.parametrize("text", ["30 2 * * *", "20 0 * * *", "45 1 * * *"])
def test_a_time_of_day_comes_once_each_day(zone: str, year: int, text: str) -> None:
    minute, hour = map(int, text.split()[:2])
    clocks = iter(shown(zone, year))
    expected: list[float] = []
    for day in range((datetime(year + 1, 1, 1) - datetime(year, 1, 1)).days):
        time = datetime(year, 1, 1, hour, minute) + timedelta(days=day)
        # When clocks show it for the first time, or a later one because they skip it.
        moment = next(
            each for each, clock in clocks if clock.replace(tzinfo=None) >= time
        )
        expected.append(moment)
    assert runs(text, zone, year) == expected


@pytest.mark.parametrize(
    ("zone", "after", "expected"),
    [
        # Both passes of an hour, of half an hour and of two, from within.
        ("Europe/Vienna", datetime(2026, 10, 25, 0, 20), datetime(2026, 10, 25, 0, 30)),
        ("Europe/Vienna", datetime(2026, 10, 25, 0, 55), datetime(2026, 10, 26, 1, 30)),
        ("Europe/Vienna", datetime(2026, 10, 25, 1, 20), datetime(2026, 10, 26, 1, 30)),
        (
            "Antarctica/Troll",
            datetime(2026, 10, 25, 0, 20),
            datetime(2026, 10, 25, 0, 30),
        ),
        (
            "Antarctica/Troll",
            datetime(2026, 10, 25, 2, 20),
            datetime(2026, 10, 26, 2, 30),
        ),
        # A gap of one hour and of two.
        ("Europe/Vienna", datetime(2027, 3, 28, 0, 50), datetime(2027, 3, 28, 1, 0)),
        ("Antarctica/Troll", datetime(2026, 3, 29, 0, 50), datetime(2026, 3, 29, 1, 0)),
    ],
)
def test_half_past_two_in_the_night_of_the_change(
    zone: str, after: datetime, expected: datetime
) -> None:
    found = calendar(zone)(
        cron_of(fields("30 2 * * *")), "", after.replace(tzinfo=UTC).timestamp()
    )
    assert datetime.fromtimestamp(found, UTC).replace(tzinfo=None) == expected


@pytest.mark.parametrize("after", [-1e9, 0.0, 2**31 - 1.0, 2**31 + 0.0, 4e9])
def test_other_centuries_have_their_times(after: float) -> None:
    found = calendar("Europe/Vienna")(cron_of(fields("30 2 * * *")), "", after)
    assert 0 < found - after <= 26 * HOUR


@pytest.mark.parametrize("after", [253402300000.0, 1e12, 1e300, float("inf")])
def test_after_the_last_year_there_is_no_time(after: float) -> None:
    with pytest.raises((ValueError, OverflowError)):
        calendar("Europe/Vienna")(cron_of(fields("0 0 1 1 *")), "", after)
