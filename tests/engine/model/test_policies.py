"""Policies: which settings apply to a function, and the pauses between attempts."""

from __future__ import annotations

import statistics
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.engine.model.policies import Policies, Policy
from geartrain.engine.model.settings import Value
from geartrain.errors import OptionError

SECONDS = st.floats(0, 1e9)
NUMBERS = st.integers(1, 2**63)
ATTEMPTS = st.integers(1, 100) | st.integers(1, 10**30)


def policy(**settings: Value) -> Policy:
    """Return the defaults with some settings changed."""
    policies = Policies()
    policies.change(b"f", settings)
    return policies.find(b"f")


@st.composite
def policies_with_backoff(draw: st.DrawFn) -> Policy:
    return policy(
        backoff=draw(st.sampled_from(["fixed", "exponential"])),
        backoff_delay=draw(SECONDS),
        backoff_cap=draw(SECONDS),
        backoff_jitter=draw(st.floats(0, 1)),
    )


# Pauses


def test_the_defaults() -> None:
    assert Policy().settings() == {
        "max_attempts": 1,
        "max_crashes": 5,
        "backoff": "exponential",
        "backoff_delay": 1.0,
        "backoff_cap": 3600.0,
        "backoff_jitter": 0.1,
        "timeout": 0.0,
        "ttl": 0.0,
        "delay": 0.0,
        "rate": "none",
        "burst": 0,
        "concurrency": 0,
        "key_rate": "none",
        "key_concurrency": 0,
        "key_from": "none",
        "order": "priority",
        "dead_letter": True,
        "paused": False,
        "draining": False,
        "options_in_names": False,
        "alert_age": 300.0,
        "alert_no_worker": 0.0,
        "alert_dead": 1,
        "history": 3600.0,
        "result_ttl": 0.0,
        "result_size": 1048576,
        "cache_ttl": 0.0,
        "dedupe": "join",
        "dedupe_window": 0.0,
        "dedupe_wait": 0.0,
        "max_waiting": 0,
        "when_full": "refuse",
        "when_no_worker": "wait",
        "no_worker_grace": 10.0,
    }


def test_a_fixed_backoff_pauses_always_the_same() -> None:
    fixed = policy(backoff="fixed", backoff_delay=5, backoff_jitter=0)
    assert [fixed.pause(7, attempt) for attempt in (1, 2, 3, 99)] == [5, 5, 5, 5]


def test_an_exponential_backoff_doubles_up_to_its_cap() -> None:
    doubling = policy(backoff_delay=0.5, backoff_cap=10, backoff_jitter=0)
    pauses = [doubling.pause(7, attempt) for attempt in range(1, 8)]
    assert pauses == [0.5, 1, 2, 4, 8, 10, 10]


def test_the_cap_holds_for_a_fixed_backoff_too() -> None:
    fixed = policy(backoff="fixed", backoff_delay=50, backoff_cap=10, backoff_jitter=0)
    assert fixed.pause(7, 1) == 10


@pytest.mark.parametrize("attempt", [1001, 1075, 5000, 10**9, 10**30])
@pytest.mark.parametrize("delay", [0.0, 1e-9, 1.0, 1e9])
def test_any_number_of_attempts_has_its_pause(attempt: int, delay: float) -> None:
    plain = policy(backoff_delay=delay, backoff_jitter=0)
    assert plain.pause(7, attempt) == (3600 if delay else 0)


@given(policies_with_backoff(), NUMBERS, ATTEMPTS)
def test_a_pause_is_near_its_plain_length_and_within_the_cap(
    found: Policy, number: int, attempt: int
) -> None:
    pause = found.pause(number, attempt)
    plain = found.backoff_delay
    if found.backoff == "exponential":
        plain *= 2.0 ** min(attempt - 1, 1000)
    plain = min(plain, found.backoff_cap)
    jitter = found.backoff_jitter
    assert 0 <= pause <= found.backoff_cap
    assert plain * (1 - jitter) * 0.999999 <= pause <= plain * (1 + jitter) * 1.000001


@given(policies_with_backoff(), NUMBERS, ATTEMPTS)
def test_a_pause_depends_on_nothing_but_policy_number_and_attempt(
    found: Policy, number: int, attempt: int
) -> None:
    twin = Policies(found).find(b"other")
    assert twin is not found
    assert twin.pause(number, attempt) == found.pause(number, attempt)


@given(policies_with_backoff(), SECONDS, NUMBERS, ATTEMPTS)
def test_a_longer_cap_makes_no_pause_shorter(
    found: Policy, cap: float, number: int, attempt: int
) -> None:
    other = Policies(found).find(b"f")
    other.backoff_cap = cap
    shorter, longer = sorted((found, other), key=lambda each: each.backoff_cap)
    # Allow for the last digit.
    assert shorter.pause(number, attempt) <= longer.pause(number, attempt) * (1 + 1e-12)


@given(policies_with_backoff(), NUMBERS, st.integers(1, 100))
def test_without_jitter_no_pause_is_shorter_than_the_one_before(
    found: Policy, number: int, attempt: int
) -> None:
    found.backoff_jitter = 0.0
    assert found.pause(number, attempt) <= found.pause(number, attempt + 1)


def deciles(pauses: list[float], least: float, most: float) -> list[int]:
    """Count the pauses in each tenth between two bounds."""
    counts = [0] * 10
    for pause in pauses:
        counts[min(int((pause - least) / (most - least) * 10), 9)] += 1
    return counts


def test_jitter_spreads_the_jobs_of_one_moment_evenly() -> None:
    found = policy(backoff_delay=10, backoff_jitter=0.5)
    pauses = [found.pause(number, 1) for number in range(1, 10_001)]
    assert all(900 < count < 1100 for count in deciles(pauses, 5, 15))
    assert len(set(pauses)) > 9_990


def test_jitter_spreads_the_attempts_of_one_job_evenly() -> None:
    found = policy(backoff="fixed", backoff_delay=10, backoff_jitter=0.5)
    pauses = [found.pause(4711, attempt) for attempt in range(1, 10_001)]
    assert all(900 < count < 1100 for count in deciles(pauses, 5, 15))


def test_jitter_spreads_evenly_at_the_cap_too() -> None:
    found = policy(backoff_delay=10, backoff_cap=10, backoff_jitter=0.5)
    pauses = [found.pause(number, 3) for number in range(1, 10_001)]
    assert all(900 < count < 1100 for count in deciles(pauses, 5, 10))
    assert len(set(pauses)) > 9_990


def test_jobs_that_met_once_part_at_the_next_attempt() -> None:
    found = policy(backoff="fixed", backoff_delay=10, backoff_jitter=0.5)
    for step in (1, 2, 64, 1000, 2**20):
        numbers = range(1, 2000 * step + 1, step)
        first = [found.pause(number, 1) for number in numbers]
        second = [found.pause(number, 2) for number in numbers]
        assert abs(statistics.correlation(first, second)) < 0.1
        assert abs(statistics.correlation(first[1:], second[:-1])) < 0.1


# Layers


def test_without_entries_the_defaults_are_found() -> None:
    assert Policies().find(b"f").settings() == Policy().settings()
    told = Policy()
    told.max_crashes = 0
    assert Policies(told).find(b"f").settings() == {
        **Policy().settings(),
        "max_crashes": 0,
    }


def test_defaults_changed_later_change_nothing() -> None:
    told = Policy()
    policies = Policies(told)
    told.max_attempts = 9
    assert policies.find(b"f").max_attempts == 1


def test_an_exact_name_is_its_own_only() -> None:
    policies = Policies()
    policies.change(b"mail", {"max_attempts": 3})
    assert policies.find(b"mail").max_attempts == 3
    for other in (b"mai", b"mail2", b"Mail", b"MAIL", b"", b"mail\n", b"mail\0"):
        assert policies.find(other).max_attempts == 1


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        (b"*", [b"", b"a", b"a b", b"\xff\0\n"], []),
        (b"mail.*", [b"mail.", b"mail.send", b"mail.a.b"], [b"mail", b"a.mail.b"]),
        (b"v?", [b"v1", b"v\xff", b"v\n"], [b"v", b"v12"]),
        (b"v[12]", [b"v1", b"v2"], [b"v3", b"v[12]", b"v"]),
        (b"v[!12]", [b"v3"], [b"v1", b"v"]),
        (b"f[*]", [b"f*"], [b"f", b"fx"]),
        (b"f[[]1]", [b"f[1]"], [b"f1", b"f["]),
        (b"f[1", [b"f[1"], [b"f1"]),
        (b"MAIL*", [b"MAILS"], [b"mails"]),
    ],
)
def test_a_glob_is_for_all_it_matches(
    pattern: bytes, matching: list[bytes], other: list[bytes]
) -> None:
    policies = Policies()
    policies.change(pattern, {"ttl": 9})
    assert [name for name in matching if policies.find(name).ttl != 9] == []
    assert [name for name in other if policies.find(name).ttl != 0] == []


@pytest.mark.parametrize("name", [b"a]", b"a!", b"a-z", b"{a,b}", b"a\\"])
def test_a_name_without_a_globs_marks_goes_before_any_glob(name: bytes) -> None:
    policies = Policies()
    policies.change(name, {"ttl": 1})
    policies.change(b"*", {"ttl": 2})
    assert policies.find(name).ttl == 1


@pytest.mark.parametrize("pattern", [b"a*", b"a?", b"a[b]", b"a[", b"["])
def test_a_pattern_with_any_mark_is_a_glob_and_goes_in_its_turn(pattern: bytes) -> None:
    policies = Policies()
    policies.change(pattern, {"ttl": 1})
    policies.change(b"*", {"ttl": 2})
    assert policies.find(pattern).ttl == 2


def set_in(
    policies: Policies, function: bytes = b""
) -> list[tuple[bytes, bool, dict[str, Value]]]:
    found = policies.entries(function)
    return [(each.pattern, each.is_changed, each.settings) for each in found]


def test_what_was_changed_comes_before_what_the_file_says_and_can_be_taken_back() -> (
    None
):
    policies = Policies()
    policies.give(b"mail.*", {"ttl": 1, "timeout": 1})
    policies.give(b"mail.send", {"delay": 1})
    policies.change(b"mail.*", {"ttl": 2, "paused": "true"})
    policies.change(b"mail.send", {"ttl": "3"})
    found = policies.find(b"mail.send")
    assert (found.ttl, found.timeout, found.delay, found.paused) == (3, 1, 1, True)
    assert set_in(policies, b"mail.read") == [
        (b"mail.*", False, {"ttl": 1.0, "timeout": 1.0}),
        (b"mail.*", True, {"ttl": 2.0, "paused": True}),
    ]
    policies.change(b"mail.send", {"ttl": ""})
    policies.change(b"mail.*", {"ttl": "", "paused": "", "backoff": ""})
    assert policies.find(b"mail.send").ttl == 1
    assert set_in(policies) == [
        (b"mail.*", False, {"ttl": 1.0, "timeout": 1.0}),
        (b"mail.send", False, {"delay": 1.0}),
    ]


def test_a_pattern_whose_changes_are_all_taken_back_is_forgotten() -> None:
    policies = Policies()
    for pattern in (b"f", b"f*"):
        policies.change(pattern, {"ttl": 1})
        policies.change(pattern, {"ttl": ""})
        policies.change(pattern, {"ttl": ""})
    assert policies.entries() == []
    assert policies.glob_count() == 0
    with pytest.raises(OptionError, match="did you mean 'ttl'"):
        policies.change(b"f", {"tl": ""})


def test_changes_are_restored_in_their_order() -> None:
    policies, again = Policies(), Policies()
    for pattern in (b"a*", b"*b", b"x"):
        policies.change(pattern, {"delay": len(pattern)})
    policies.put_last(b"a*")
    for pattern in (b"x", b"*b", b"a*"):
        settings = policies.changed(pattern)
        again.restore(pattern, settings, policies.order(pattern))
    assert set_in(again) == set_in(policies)
    again.change(b"?b", {"delay": 9})
    orders = [again.order(pattern) for pattern in (b"*b", b"x", b"a*", b"?b")]
    assert orders == sorted(orders)


def test_later_globs_override_earlier_ones_and_the_name_all_setting_by_setting() -> (
    None
):
    policies = Policies()
    policies.change(b"mail.send", {"ttl": 3})
    policies.change(b"*", {"ttl": 1, "timeout": 1, "delay": 1, "max_attempts": 9})
    policies.change(b"mail.*", {"ttl": 2, "timeout": 2})
    found = policies.find(b"mail.send")
    assert (found.ttl, found.timeout, found.delay) == (3, 2, 1)
    assert found.max_attempts == 9
    found = policies.find(b"mail.read")
    assert (found.ttl, found.timeout, found.delay) == (2, 2, 1)
    found = policies.find(b"other")
    assert (found.ttl, found.timeout, found.delay) == (1, 1, 1)


def test_a_change_adds_to_a_pattern_and_leaves_its_place() -> None:
    policies = Policies()
    policies.change(b"a*", {"ttl": 1, "delay": 1})
    policies.change(b"*b", {"ttl": 2})
    policies.change(b"a*", {"ttl": 3, "timeout": 3})
    found = policies.find(b"ab")
    assert (found.ttl, found.delay, found.timeout) == (2, 1, 3)
    assert set_in(policies) == [
        (b"a*", True, {"ttl": 3.0, "delay": 1.0, "timeout": 3.0}),
        (b"*b", True, {"ttl": 2.0}),
    ]


def test_entries_are_in_the_order_in_which_they_apply() -> None:
    policies = Policies()
    for pattern in (b"x", b"[xy]", b"a", b"*", b"?"):
        policies.change(pattern, {"ttl": 1})
    assert [each.pattern for each in policies.entries()] == [
        b"[xy]",
        b"*",
        b"?",
        b"x",
        b"a",
    ]


def test_texts_and_values_mean_the_same() -> None:
    policies = Policies()
    policies.change(b"f", {"ttl": "1.5", "max_attempts": "3", "dead_letter": "false"})
    assert set_in(policies) == [
        (b"f", True, {"ttl": 1.5, "max_attempts": 3, "dead_letter": False})
    ]
    assert policies.find(b"f").dead_letter is False


@pytest.mark.parametrize(
    "settings",
    [
        {"ttl": 5, "timeout": -1},
        {"ttl": 5, "timeout": "soon"},
        {"ttl": 5, "time": 1},
        {"ttl": 5, "max_attempts": True},
        {"ttl": 5, "dead_letter": 1},
    ],
)
@pytest.mark.parametrize("pattern", [b"f", b"f*", b"other", b"other*"])
def test_a_change_is_made_whole_or_not_at_all(
    pattern: bytes, settings: dict[str, Value]
) -> None:
    policies = Policies()
    policies.change(b"f", {"ttl": 1})
    policies.change(b"f*", {"ttl": 2})
    before = set_in(policies)
    with pytest.raises(OptionError):
        policies.change(pattern, settings)
    assert set_in(policies) == before


def test_a_pattern_is_not_empty() -> None:
    policies = Policies()
    with pytest.raises(OptionError, match="the name of a function, or a glob"):
        policies.change(b"", {"ttl": 1})
    assert policies.entries() == []


def test_what_was_found_and_listed_is_not_changed_later() -> None:
    policies = Policies()
    settings: dict[str, Value] = {"ttl": 1}
    policies.change(b"f", settings)
    found, entries = policies.find(b"f"), policies.entries()
    settings["ttl"] = 3
    entries[0].settings["ttl"] = 4
    found.ttl = 5.0
    assert policies.find(b"f").ttl == 1
    policies.change(b"f", {"ttl": 2})
    assert found.ttl == 5
    assert policies.find(b"f").ttl == 2


def test_a_number_is_exact_in_the_policy_found() -> None:
    found = policy(ttl=3, max_attempts=4, backoff="fixed", dead_letter=False)
    assert type(found.ttl) is float
    assert type(found.max_attempts) is int
    assert (found.backoff, found.dead_letter) == ("fixed", False)


PIECES = st.sampled_from([b"a", b"b", b"*", b"?", b"[ab]", b"[!a]", b"[", b"]"])
PATTERNS = st.lists(PIECES, min_size=1, max_size=4).map(b"".join)


@given(
    st.lists(st.tuples(PATTERNS, st.sampled_from(["ttl", "delay"]), st.integers(1, 9))),
    st.text("ab[]*", max_size=4).map(str.encode),
)
def test_the_last_that_applies_decides(
    changes: list[tuple[bytes, str, int]], function: bytes
) -> None:
    policies = Policies()
    for pattern, name, value in changes:
        policies.change(pattern, {name: value})
    found = policies.find(function)
    for setting, decided in (("ttl", found.ttl), ("delay", found.delay)):
        values = {pattern: value for pattern, name, value in changes if name == setting}
        order = list(dict.fromkeys(pattern for pattern, _, _ in changes))
        matching = [
            pattern
            for pattern in order
            if pattern in values
            and any(mark in pattern for mark in (b"*", b"?", b"["))
            and fnmatchcase(function, pattern)
        ]
        if function in values and not any(mark in function for mark in (b"*", b"[")):
            matching.append(function)
        assert decided == (values[matching[-1]] if matching else 0)


@given(st.binary(min_size=1), st.binary())
def test_any_bytes_are_a_pattern(pattern: bytes, function: bytes) -> None:
    policies = Policies()
    policies.change(pattern, {"ttl": 1})
    assert policies.find(function).ttl in (0, 1)
    if not any(mark in pattern for mark in (b"*", b"?", b"[")):
        assert policies.find(pattern).ttl == 1
        assert policies.find(pattern + function).ttl == (not function)
