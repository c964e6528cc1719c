"""The settings of a schedule."""

from __future__ import annotations

import pytest

from geartrain.engine.model.schedule_settings import (
    SCHEDULE_SETTINGS,
    check_schedule,
    headers_of,
    read_schedule_setting,
    settings_of,
    times_of,
)
from geartrain.engine.model.settings import Value
from geartrain.errors import OptionError
from geartrain.protocol.headers import split_headers


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("every", "90", 90.0),
        ("every", "1h30m", 5400.0),
        ("every", 90, 90.0),
        ("missed", "all", "all"),
        ("paused", "true", True),
        ("paused", False, False),
        ("workload", '{"a": 1}', '{"a": 1}'),
    ],
)
def test_a_value_is_read(name: str, value: str | float, expected: str | float) -> None:
    assert read_schedule_setting(name, value) == expected


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("corn", "@daily", "did you mean 'cron'"),
        ("speed", "1", "use function, workload"),
        ("missed", "twice", "missed cannot be 'twice': it is once or skip or all"),
        ("every", "-1", "every cannot be"),
        ("every", True, "every cannot be"),
        ("unique", "u" * 65, "of at most 64 bytes"),
        ("cron", 5, "cron cannot be 5"),
    ],
)
def test_a_wrong_value_is_refused(name: str, value: str | float, reason: str) -> None:
    with pytest.raises(OptionError, match=reason):
        read_schedule_setting(name, value)


def test_a_long_wrong_value_is_cut() -> None:
    with pytest.raises(OptionError) as caught:
        read_schedule_setting("workload", "x" * 2**21)
    assert len(str(caught.value)) < 400


def test_the_last_layer_counts_and_every_replaces_cron() -> None:
    values = settings_of({"cron": "@daily", "missed": "all"}, None, {"every": 5.0})
    assert (values["cron"], values["every"]) == ("", 5.0)
    assert (values["missed"], values["overlap"]) == ("all", "allow")
    values = settings_of({"every": 5.0}, {"cron": "@daily"})
    assert (values["cron"], values["every"]) == ("@daily", 0.0)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"cron": "@daily"}, "it needs a function"),
        ({"function": "f"}, "either cron, .* or every"),
        ({"function": "f", "cron": "@daily", "every": 5.0}, "either cron, .* or every"),
        ({"function": "f", "every": 0.5}, "at least one second"),
        ({"function": "f", "every": 5.0, "jitter": 6.0}, "longer than every"),
        ({"function": "f", "every": 5.0, "headers": "a b=1"}, "headers cannot be"),
        ({"function": "f", "every": 5.0, "options": "tl=1"}, "did you mean"),
        ({"function": "f", "every": 5.0, "options": "dedupe=drop"}, "overlap"),
        (
            {"function": "f", "every": 5.0, "options": "at=1"},
            "no options of jobs",
        ),
        (
            {"function": "f", "every": 5.0, "options": "to=worker:a&key=b"},
            "to and key",
        ),
    ],
)
def test_settings_have_to_make_sense_together(
    settings: dict[str, Value], reason: str
) -> None:
    values: dict[str, Value] = {**settings_of(), **settings}
    with pytest.raises(OptionError, match=reason):
        check_schedule(values)


def test_headers_are_read_as_a_query_is() -> None:
    assert headers_of("") == b""
    assert split_headers(headers_of("tenant=a%20b&x=1")) == [
        (b"tenant", b"a b"),
        (b"x", b"1"),
    ]


CHANGES: list[dict[str, Value]] = [
    {"cron": "@daily"},
    {"every": 5.0},
    {"timezone": "UTC"},
    {"jitter": 1.0},
    {"until": "2030-01-01"},
    {"missed": "all"},
    {"overlap": "wait"},
]


def test_what_says_when_it_is_due_tells_schedules_apart() -> None:
    assert len({times_of(settings_of(each)) for each in CHANGES}) == 6
    assert all(setting.name == name for name, setting in SCHEDULE_SETTINGS.items())
