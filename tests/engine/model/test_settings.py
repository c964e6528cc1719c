"""The settings of a policy: what each takes, from files and from texts."""

from __future__ import annotations

import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.durations import read_duration
from geartrain.engine.model.policies import Policy
from geartrain.engine.model.settings import SETTINGS, Value, check_setting, read_setting
from geartrain.errors import OptionError

COUNTS = ["max_attempts", "max_crashes"]
SECONDS = ["backoff_delay", "backoff_cap", "timeout", "ttl", "delay"]
NUMBERS = [*SECONDS, "backoff_jitter"]
MOST = 1_000_000_000

WRONG_TYPES = [None, [], {}, [1], {"a": 1}, b"1", date(2030, 1, 1), 1j]
NO_NUMERALS = [
    *("", " ", "x", "1 ", " 1", "1\n", "1_0", "0x1", "1,5", "--1", "1-", "e", "."),
    *("nan", "NaN", "inf", "-inf", "Infinity", "true", "none", "1x", "½", "\u0661"),
    *("\0", "\udcff", "1" * 41, "0" * 5000),
]


def same(one: Value, other: Value) -> bool:
    """Tell whether two values are equal and of one type."""
    return type(one) is type(other) and one == other


def test_every_setting_has_a_value_in_a_policy_and_it_is_allowed() -> None:
    settings = Policy().settings()
    assert list(settings) == list(SETTINGS)
    for name, value in settings.items():
        assert same(check_setting(name, value), value)


@pytest.mark.parametrize(
    ("name", "value", "checked"),
    [
        ("max_attempts", 1, 1),
        ("max_attempts", MOST, MOST),
        ("max_crashes", 0, 0),
        ("backoff", "fixed", "fixed"),
        ("backoff", "exponential", "exponential"),
        ("backoff_delay", 0, 0.0),
        ("backoff_delay", 0.25, 0.25),
        ("backoff_cap", 7, 7.0),
        ("backoff_jitter", 0, 0.0),
        ("backoff_jitter", 1, 1.0),
        ("timeout", 1e-9, 1e-9),
        ("ttl", MOST, float(MOST)),
        ("delay", 1200, 1200.0),
        ("dead_letter", True, True),
        ("dead_letter", False, False),
    ],
)
def test_a_value_of_the_settings_own_type(
    name: str, value: Value, checked: Value
) -> None:
    assert same(check_setting(name, value), checked)
    assert same(read_setting(name, value), checked)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("max_attempts", "3", 3),
        ("max_attempts", "007", 7),
        ("max_attempts", "+3", 3),
        ("max_crashes", "0", 0),
        ("backoff", "fixed", "fixed"),
        ("backoff_delay", "0.5", 0.5),
        ("backoff_delay", "3", 3.0),
        ("backoff_delay", ".5", 0.5),
        ("backoff_cap", "1e3", 1000.0),
        ("timeout", "1e-07", 1e-07),
        ("timeout", "20m", 1200.0),
        ("ttl", "1h30m", 5400.0),
        ("delay", "500ms", 0.5),
        ("ttl", "1000000000", 1e9),
        ("dead_letter", "true", True),
        ("dead_letter", "false", False),
    ],
)
def test_a_text_stands_for_a_value(name: str, text: str, value: Value) -> None:
    assert same(read_setting(name, text), value)


@pytest.mark.parametrize("text", ["-0", "-0.0", "-0e0"])
def test_zero_has_no_sign(text: str) -> None:
    for value in (read_setting("ttl", text), check_setting("ttl", float(text))):
        assert isinstance(value, float)
        assert math.copysign(1, value) == 1


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize(
    "value", [-1, MOST + 1, 10**400, 1.0, 1.5, True, math.nan, "1", *WRONG_TYPES]
)
def test_what_is_no_count(name: str, value: object) -> None:
    refused(name, value, "a whole number from ")


def test_at_least_one_attempt_is_made() -> None:
    refused("max_attempts", 0, "a whole number from 1 to 1000000000")


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize(
    "value",
    [-1, -1e-9, 1e9 + 1, 10**400, math.nan, math.inf, False, "1x", *WRONG_TYPES],
)
def test_what_is_no_number(name: str, value: object) -> None:
    refused(name, value, "a number ")


def test_a_jitter_is_at_most_the_whole() -> None:
    refused("backoff_jitter", 1.01, "a number from 0 to 1")


@pytest.mark.parametrize("value", ["", "Fixed", "linear", "fixed ", 1, *WRONG_TYPES])
def test_what_is_no_backoff(value: object) -> None:
    refused("backoff", value, "fixed or exponential")


@pytest.mark.parametrize("value", [0, 1, 1.0, "true", "", *WRONG_TYPES])
def test_what_is_no_flag(value: object) -> None:
    refused("dead_letter", value, "true or false")


def refused(name: str, value: object, allowed: str) -> None:
    """Check that a value is refused in a sentence that names all there is to know."""
    with pytest.raises(OptionError) as caught:
        check_setting(name, value)
    assert str(caught.value).startswith(f"{name} cannot be {value!r}: it is {allowed}")


@pytest.mark.parametrize("name", [*COUNTS, *NUMBERS])
@pytest.mark.parametrize("text", NO_NUMERALS)
def test_what_is_no_text_of_a_number(name: str, text: str) -> None:
    with pytest.raises(OptionError) as caught:
        read_setting(name, text)
    assert str(caught.value).startswith(f"{name} cannot be {text!r}: it is a ")


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("text", ["1.0", "1e3", "-1", "1000000001"])
def test_what_is_no_text_of_a_count(name: str, text: str) -> None:
    with pytest.raises(OptionError, match="a whole number"):
        read_setting(name, text)


@pytest.mark.parametrize("text", ["", "True", "1", "yes", "on", "true "])
def test_what_is_no_text_of_a_flag(text: str) -> None:
    with pytest.raises(OptionError, match=r"dead_letter cannot be .*: it is true or"):
        read_setting("dead_letter", text)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("max_attemps", "did you mean 'max_attempts'?"),
        ("time_out", "did you mean 'timeout'?"),
        ("TTL", "use max_attempts, max_crashes, backoff, "),
        ("", "use max_attempts, "),
        ("\udcff", "use max_attempts, "),
        ("__class__", "use max_attempts, "),
        ("pause", "did you mean 'paused'?"),
        ("wait", "use max_attempts, "),
    ],
)
def test_an_unknown_setting_gets_the_nearest_or_all(name: str, hint: str) -> None:
    for ask in (check_setting, read_setting):
        with pytest.raises(OptionError) as caught:
            ask(name, "1")
        assert str(caught.value).startswith(
            f"{name!r} is no setting of a policy: {hint}"
        )


@given(
    st.sampled_from(sorted(SETTINGS)),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
)
def test_any_value_is_taken_as_it_is_or_refused(name: str, value: object) -> None:
    try:
        checked = check_setting(name, value)
    except OptionError:
        return
    is_text = isinstance(value, str) and SETTINGS[name].kind == "duration"
    assert checked == (read_duration(str(value)) if is_text else value)
    assert isinstance(checked, type(getattr(Policy(), name)))


@given(st.sampled_from(sorted(SETTINGS)), st.text() | st.from_regex(r"[-+.e0-9]+"))
def test_any_text_is_read_as_a_value_or_refused(name: str, text: str) -> None:
    try:
        value = read_setting(name, text)
    except OptionError:
        return
    assert same(check_setting(name, value), value)
