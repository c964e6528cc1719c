"""The calendar of SUBMIT_JOB_SCHED: five cron-like fields, Monday being day 0."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from geartrain.engine.model.cron_fields import cron_of
from geartrain.errors import OptionError
from geartrain.server.cron import calendar
from tests.support.dialogue import World, job_created

UTC = ZoneInfo("UTC")
VIENNA = ZoneInfo("Europe/Vienna")

SystemZone = Callable[[str], None]


@pytest.fixture
def system_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[SystemZone]:
    """Set the system's zone for the length of the test."""

    def set_zone(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield set_zone
    monkeypatch.undo()
    time.tzset()


def fields(text: str) -> list[bytes]:
    """Read ``minute hour day month weekday``; a lone dot is an empty field."""
    return [b"" if word == "." else word.encode() for word in text.split()]


def stamp(text: str, zone: ZoneInfo) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def runs(
    text: str, after: str, count: int = 1, zone: ZoneInfo = UTC, named: bool = True
) -> list[str]:
    """Return the times that follow ``after``, all of them in ``zone``."""
    next_time = calendar(str(zone) if named else None)
    when = stamp(after, zone)
    found = []
    for _ in range(count):
        following = next_time(cron_of(fields(text)), "", when)
        assert following > when
        when = following
        found.append(datetime.fromtimestamp(when, zone).strftime("%Y-%m-%d %H:%M:%S"))
    return found


def days(weekday: str) -> str:
    """Return the days of a week, from Monday on, that a weekday field names."""
    found = []
    # 2026-06-01 is a Monday.
    for run in runs(f"0 0 . . {weekday}", "2026-05-31 23:59:59", 7):
        day = datetime.fromisoformat(run)
        if day < datetime.fromisoformat("2026-06-08"):
            found.append(day.strftime("%a"))
    return " ".join(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (". . . . .", "2026-03-04 10:21:00"),
        ("* * * * *", "2026-03-04 10:21:00"),
        ("30 . . . .", "2026-03-04 10:30:00"),
        ("20 . . . .", "2026-03-04 11:20:00"),
        ("0 12 . . .", "2026-03-04 12:00:00"),
        ("0 0 . . .", "2026-03-05 00:00:00"),
        ("0 0 1 . .", "2026-04-01 00:00:00"),
        ("0 0 1 1 .", "2027-01-01 00:00:00"),
        ("59 23 31 12 .", "2026-12-31 23:59:00"),
        ("0 0 29 2 .", "2028-02-29 00:00:00"),
    ],
)
def test_the_next_time_matches_all_fields(text: str, expected: str) -> None:
    assert runs(text, "2026-03-04 10:20:30") == [expected]


def test_the_next_time_is_later_than_a_time_that_matches() -> None:
    assert runs("20 10 . . .", "2026-03-04 10:20:00") == ["2026-03-05 10:20:00"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10,40 . . . .", ["10:40", "11:10", "11:40"]),
        ("21-23 . . . .", ["10:21", "10:22", "10:23"]),
        ("*/20 . . . .", ["10:40", "11:00", "11:20"]),
        ("10-50/20 . . . .", ["10:30", "10:50", "11:10"]),
        ("0 11,13 . . .", ["11:00", "13:00", "11:00"]),
        ("0 */6 . . .", ["12:00", "18:00", "00:00"]),
    ],
)
def test_lists_ranges_and_steps(text: str, expected: list[str]) -> None:
    times = runs(text, "2026-03-04 10:20:30", 3)
    assert [each[11:16] for each in times] == expected


@pytest.mark.parametrize("month", ["6", "jun", "JUN", "Jun"])
def test_months_have_names(month: str) -> None:
    assert runs(f"0 0 1 {month} .", "2026-03-04 00:00:00") == ["2026-06-01 00:00:00"]


def test_ranges_of_months_have_names() -> None:
    assert runs("0 0 1 nov-dec .", "2026-03-04 00:00:00", 3) == [
        "2026-11-01 00:00:00",
        "2026-12-01 00:00:00",
        "2027-11-01 00:00:00",
    ]


@pytest.mark.parametrize(
    ("weekday", "expected"),
    [
        ("0", "Mon"),
        ("1", "Tue"),
        ("2", "Wed"),
        ("3", "Thu"),
        ("4", "Fri"),
        ("5", "Sat"),
        ("6", "Sun"),
        ("0,6", "Mon Sun"),
        ("0-4", "Mon Tue Wed Thu Fri"),
        ("5-6", "Sat Sun"),
        ("0-6", "Mon Tue Wed Thu Fri Sat Sun"),
        ("0-6/2", "Mon Wed Fri Sun"),
        ("1-5/2", "Tue Thu Sat"),
        ("*", "Mon Tue Wed Thu Fri Sat Sun"),
        ("*/2", "Mon Wed Fri Sun"),
        ("*/3", "Mon Thu Sun"),
    ],
)
def test_monday_is_day_0(weekday: str, expected: str) -> None:
    assert days(weekday) == expected


@pytest.mark.parametrize(
    ("weekday", "expected"),
    [
        ("mon", "Mon"),
        ("SUN", "Sun"),
        ("mon-wed", "Mon Tue Wed"),
        ("Sat,Sun", "Sat Sun"),
        ("mon,2", "Mon Wed"),
    ],
)
def test_days_have_names(weekday: str, expected: str) -> None:
    assert days(weekday) == expected


def test_a_day_of_month_or_a_weekday_will_do_as_for_cron() -> None:
    assert runs("0 0 15 . 0", "2026-06-09 00:00:00", 3) == [
        "2026-06-15 00:00:00",
        "2026-06-22 00:00:00",
        "2026-06-29 00:00:00",
    ]
    assert runs("0 0 10 . 0", "2026-06-09 00:00:00", 2) == [
        "2026-06-10 00:00:00",
        "2026-06-15 00:00:00",
    ]


@pytest.mark.parametrize("field", ["5L", "5#2"])
def test_crons_extensions_are_refused_or_count_from_monday_too(field: str) -> None:
    try:
        (run,) = runs(f"0 0 . . {field}", "2026-06-01 00:00:00")
        outcome = datetime.fromisoformat(run).strftime("%a")
    except ValueError:
        outcome = "refused"
    assert outcome in ("Sat", "refused")


# Zones


def test_the_zone_decides_which_noon_is_meant() -> None:
    times = [
        calendar(zone)(
            cron_of(fields("0 12 . . .")), "", stamp("2026-06-01 00:00:00", UTC)
        )
        for zone in ("UTC", "Europe/Vienna", "America/New_York")
    ]
    hours = [datetime.fromtimestamp(each, UTC).hour for each in times]
    assert hours == [12, 10, 16]


@pytest.mark.parametrize("named", [True, False])
def test_noon_stays_noon_when_summer_time_begins(
    system_zone: SystemZone, named: bool
) -> None:
    system_zone("Europe/Vienna")
    assert runs("0 12 . . .", "2026-03-27 13:00:00", 3, VIENNA, named) == [
        "2026-03-28 12:00:00",
        "2026-03-29 12:00:00",
        "2026-03-30 12:00:00",
    ]


@pytest.mark.parametrize("named", [True, False])
def test_noon_in_summer_is_noon_as_seen_from_winter(
    system_zone: SystemZone, named: bool
) -> None:
    system_zone("Europe/Vienna")
    expected = ["2026-07-01 12:00:00"]
    assert runs("0 12 1 7 .", "2026-01-01 00:00:00", 1, VIENNA, named) == expected


@pytest.mark.parametrize("named", [True, False])
def test_a_time_that_summer_time_skips_is_not_left_out(
    system_zone: SystemZone, named: bool
) -> None:
    """There is no 02:30 on 2026-03-29 in Vienna; cron runs such jobs at 03:00."""
    system_zone("Europe/Vienna")
    times = runs("30 2 . . .", "2026-03-28 12:00:00", 2, VIENNA, named)
    assert times[0] in ("2026-03-29 03:00:00", "2026-03-29 03:30:00")
    assert times[1] == "2026-03-30 02:30:00"


@pytest.mark.parametrize("named", [True, False])
def test_a_time_that_comes_twice_in_autumn_runs_once(
    system_zone: SystemZone, named: bool
) -> None:
    system_zone("Europe/Vienna")
    assert runs("30 2 . . .", "2026-10-24 12:00:00", 2, VIENNA, named) == [
        "2026-10-25 02:30:00",
        "2026-10-26 02:30:00",
    ]


def test_every_ten_minutes_goes_on_through_the_hour_that_comes_twice() -> None:
    next_time = calendar("Europe/Vienna")
    when = stamp("2026-10-25 01:50:00", VIENNA)
    for _ in range(20):
        following = next_time("*/10 * * * *", "", when)
        assert following - when == 600
        when = following


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "\0", "Europe"])
def test_an_unknown_zone_is_named(zone: str) -> None:
    with pytest.raises(OptionError, match="is unknown: use a name such as") as caught:
        calendar(zone)
    assert repr(zone) in str(caught.value)


# Fields that are wrong


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("60 . . . .", "minute"),
        ("-1 . . . .", "minute"),
        ("x . . . .", "minute"),
        ("*/0 . . . .", "minute"),
        ("5-1 . . . .", "minute"),
        ("99999999999999999999 . . . .", "minute"),
        ("1" * 5000 + " . . . .", "minute"),
        ("1, . . . .", "minute"),
        (". 24 . . .", "hour"),
        (". . 32 . .", "day"),
        (". . 0 . .", "day"),
        (". . . 13 .", "month"),
        (". . . 0 .", "month"),
        (". . . foo .", "month"),
        (". . . . 7", "day"),
        (". . . . 8", "day"),
        (". . . . foo", "day"),
        (". . . . 3-1", "day"),
    ],
)
def test_a_wrong_field_is_refused_and_shown(text: str, named: str) -> None:
    next_time = calendar("UTC")
    with pytest.raises(ValueError, match=named) as caught:
        next_time(cron_of(fields(text)), "", 0.0)
    assert str(caught.value).startswith(("cron '", "minute '"))


@pytest.mark.parametrize("text", ["0 0 31 2 .", "0 0 30 feb .", "0 0 31 4,6,9,11 ."])
def test_a_date_that_never_comes_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"such a time never comes|Bad day-of-month"):
        calendar("UTC")(cron_of(fields(text)), "", 0.0)


@pytest.mark.parametrize("field", [b"1 2", b"1\t2", b"1\n2", b"1\x0b2", b"1\xc2\xa02"])
@pytest.mark.parametrize("place", range(5))
def test_a_field_has_no_spaces_of_any_kind(place: int, field: bytes) -> None:
    """Two words in one field would make six of five."""
    wrong = [b"1"] * 5
    wrong[place] = field
    with pytest.raises(ValueError, match=r"minute .*, hour .*, day of week |Bad "):
        calendar("UTC")(cron_of(wrong), "", 0.0)


@pytest.mark.parametrize("field", [b"\xff", b"\xd9\xa1", b"\xef\xbc\x91", b"\0", b"'"])
def test_a_field_of_other_characters_is_refused(field: bytes) -> None:
    with pytest.raises(ValueError, match="minute"):
        calendar("UTC")(cron_of([field, b"", b"", b"", b""]), "", 0.0)


def test_spaces_around_a_field_are_nothing() -> None:
    next_time = calendar("UTC")
    assert next_time(cron_of([b" 5 ", b" ", b"", b"", b""]), "", 0.0) == 300.0


# With the engine


def test_the_engine_submits_by_the_calendar() -> None:
    world = World(calendar("UTC"))
    client = world.client()
    client.submit_job_sched(b"f", b"", b"*/15", b"", b"", b"", b"", b"w")
    assert client.received == [job_created(b"H:test:1")]
    world.advance(3600)
    assert client.text("status") == b"f\t4\t0\t0\n.\n"


def test_the_engine_passes_the_calendars_refusal_on() -> None:
    world = World(calendar("UTC"))
    client = world.client()
    client.submit_job_sched(b"f", b"", b"61", b"", b"", b"", b"", b"w")
    (answer,) = client.received
    assert answer.name == "error"
    assert answer.arguments[0] == b"INVALID_ARGUMENT"
    assert answer.arguments[1] == b"cron '61 * * * *': Bad minute"
