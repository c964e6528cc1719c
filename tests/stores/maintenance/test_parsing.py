"""Lines that no export writes, refused for what is wrong with them."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.engine.records import JobRecord
from geartrain.errors import StoreError
from geartrain.stores.maintenance.lines import job_line, schedule_line
from geartrain.stores.maintenance.parsing import parse_line
from tests.support.maintained_stores import named_schedule
from tests.support.store_records import failures, record


def job(**changes: Any) -> bytes:
    """Return the line of a job with other values."""
    made = record(7)
    made.failures = failures()
    line = b"".join(job_line(made, [b"x"], is_dead=False, is_text=True))
    return json.dumps(json.loads(line) | changes).encode()


def recurring(**changes: Any) -> bytes:
    line = b"".join(schedule_line(named_schedule(7)))
    return json.dumps(json.loads(line) | changes).encode()


def without(line: bytes, name: str) -> bytes:
    values = json.loads(line)
    del values[name]
    return json.dumps(values).encode()


FAILED = json.loads(job())["failures"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"", "it is no JSON"),
        (b"{", "it is no JSON"),
        (b"\xff", "it is no JSON"),
        (b"[" * 100_000, "it is no JSON"),
        (b'{"number": NaN}', "it is no JSON: NaN is no number"),
        (b'{"number": -Infinity}', "it is no JSON"),
        (b"[]", "it is no JSON object"),
        (b"{}", "'kind' is none of job, dead, schedule, entry, result, ending"),
        (job(kind=["job"]), "'kind' is none"),
        (job(clock="sun"), "'clock' is none of calendar and steady"),
        (job(clock=["steady"]), "'clock' is none of"),
        (recurring(clock="steady"), "the field 'clock' is unknown"),
        (job(colour="red"), "the field 'colour' is unknown"),
        (without(job(), "unique"), "the field 'unique' is missing"),
        (job(number=0), "'number' is no integer from 1"),
        (job(number=True), "'number' is no integer"),
        (job(number=7.0), "'number' is no integer"),
        (job(number=2**63), "'number' is no integer"),
        (job(number=8), "'handle' does not end with :8, its number"),
        (job(handle=7), "'handle' is no text"),
        (job(handle="a\0:7"), "'handle' has a NUL character"),
        (job(function=""), "'function' is empty"),
        (job(unique="\ud800"), "'unique' has a lone surrogate"),
        (job(priority="urgent"), "'priority' is none of high, normal and low"),
        (job(priority=[]), "'priority' is none of"),
        (job(due=-1), "'due' is no time in seconds since 1970"),
        (job(due="soon"), "'due' is no time"),
        (job(due=10**400), "'due' is no time"),
        (job(due=True), "'due' is no time"),
        (job(died=5), "only a dead letter has 'died'"),
        (job(kind="dead"), "a dead letter has 'failures' and 'died', and no 'due'"),
        (job(kind="dead", died=5, failures=None), "a dead letter has 'failures'"),
        (job(kind="dead", died=5, due=5), "a dead letter has 'failures'"),
        (job(failures=[]), "'failures' is no JSON object"),
        (job(failures={}), "the field 'attempts' is missing"),
        (job(failures={**FAILED, "x": 1}), "the field 'x' is unknown"),
        (job(failures={**FAILED, "attempts": -1}), "'attempts' is no integer from 0"),
        (job(failures={**FAILED, "reason": "luck"}), "'reason' is none of fail"),
        (job(failures={**FAILED, "error": "x" * 65537}), "'error' has more than 65536"),
        (job(workload=5), "'workload' is no text"),
        (job(workload="\udc80"), "'workload' is no utf-8"),
        (job(workload="x!", encoding="base64"), "'workload' is no base64"),
        (job(workload="é", encoding="base64"), "'workload' is no base64"),
        (job(encoding="utf-16"), "'encoding' is neither utf-8 nor base64"),
        (recurring(fields=["*"] * 4), "'fields' is no list of minute, hour, day"),
        (recurring(fields="*****"), "'fields' is no list"),
        (recurring(fields=[1, 2, 3, 4, 5]), "'fields' is no text"),
        (recurring(due=5), "the field 'due' is unknown"),
    ],
)
def test_what_is_wrong_is_named(line: bytes, expected: str) -> None:
    with pytest.raises(StoreError) as raised:
        parse_line(line)
    assert str(raised.value).startswith(expected)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.sampled_from(sorted(json.loads(job()))), _values)
def test_any_value_of_any_field_is_taken_or_refused(name: str, value: object) -> None:
    with suppress(StoreError):
        record = parse_line(job(**{name: value}))[0]
        assert isinstance(record, JobRecord)
        assert record.number == 7


@given(st.binary())
def test_any_bytes_are_refused(line: bytes) -> None:
    with pytest.raises(StoreError):
        parse_line(line)


def test_a_line_of_an_older_geartrain_is_due_by_the_calendar() -> None:
    record, _ = parse_line(without(job(due=5.5), "clock"))
    assert isinstance(record, JobRecord)
    assert (record.due, record.is_steady) == (5.5, False)
