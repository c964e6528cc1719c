"""Records as lines of JSON, and back."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from geartrain.engine.records import Entry, Failures, JobRecord, ScheduleRecord
from geartrain.stores.maintenance.lines import entry_line, job_line, schedule_line
from geartrain.stores.maintenance.parsing import parse_line
from tests.support.store_records import record, schedule_value, value

names = st.binary(max_size=20).map(lambda data: data.replace(b"\0", b""))
functions = names.map(lambda data: data + b"f")
times = st.floats(0, 1e300)
REASONS = (b"fail", b"exception", b"timeout", b"crash", b"retry")
counts = st.integers(0, 2**31 - 1)
texts = st.lists(st.text(max_size=8).map(str.encode), max_size=4)


@st.composite
def failures(draw: st.DrawFn) -> Failures:
    made = Failures()
    made.attempts, made.crashes = draw(counts), draw(counts)
    made.reason = draw(st.sampled_from(REASONS))
    made.error, made.worker = draw(st.binary()), draw(st.binary())
    made.started, made.ended = draw(times), draw(times)
    return made


@st.composite
def jobs(draw: st.DrawFn) -> JobRecord:
    number = draw(st.integers(1, 2**62))
    made = JobRecord(number, draw(names) + b":%d" % number, draw(functions))
    made.unique, made.reducer = draw(names), draw(names)
    made.key = draw(st.binary(max_size=40))
    made.priority = draw(st.integers(0, 2))
    made.submitted = draw(times)
    made.failures = draw(st.none() | failures())
    if made.failures is not None and draw(st.booleans()):
        made.died = 1.0 + draw(times)
    else:
        made.due = draw(times)
        made.is_steady = draw(st.booleans())
    return made


def whole(data: bytes) -> bool:
    """Tell whether bytes are UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@given(jobs(), texts | st.lists(st.binary(max_size=8), max_size=4), st.data())
def test_any_job_comes_back_as_it_was(
    job: JobRecord, pieces: list[bytes], data: st.DataObject
) -> None:
    job.workload = b"".join(pieces)
    cut = data.draw(st.integers(0, len(job.workload)))
    parts = [job.workload[:cut], job.workload[cut:]]
    is_text = whole(job.workload)
    line = b"".join(job_line(job, parts, is_dead=job.died > 0, is_text=is_text))
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert json.loads(line)["encoding"] == ("utf-8" if is_text else "base64")
    back, is_dead = parse_line(line)
    assert isinstance(back, JobRecord)
    assert value(back) == value(job)
    assert is_dead == (job.died > 0)


@given(
    st.integers(1, 2**62),
    names,
    functions,
    st.lists(names, min_size=5, max_size=5),
    st.binary(max_size=20),
)
def test_any_recurring_job_comes_back_as_it_was(
    number: int, unique: bytes, function: bytes, fields: list[bytes], workload: bytes
) -> None:
    made = ScheduleRecord(number, b"H:host:%d" % number, function)
    made.unique, made.fields, made.workload = unique, fields, workload
    back, is_dead = parse_line(b"".join(schedule_line(made)))
    assert isinstance(back, ScheduleRecord)
    assert schedule_value(back) == schedule_value(made)
    assert not is_dead


@given(st.binary(), st.binary(), st.binary())
def test_any_entry_comes_back_as_it_was(kind: bytes, key: bytes, value: bytes) -> None:
    line = b"".join(entry_line(Entry(kind, key, value)))
    assert line.isascii()
    assert line.count(b"\n") == 1
    back, is_dead = parse_line(line)
    assert isinstance(back, Entry)
    assert (back.kind, back.key, back.value) == (kind, key, value)
    assert not is_dead


def test_a_large_workload_is_written_piece_by_piece() -> None:
    pieces = (bytes([255, n]) * 50_000 for n in range(10))
    parts = job_line(record(1), pieces, is_dead=False, is_text=False)
    assert max(map(len, parts)) < 140_000


def test_times_that_are_not_set_are_null() -> None:
    line = b"".join(job_line(record(1), [b"x"], is_dead=False, is_text=True))
    values = json.loads(line)
    assert (values["due"], values["died"], values["failures"]) == (None, None, None)
    assert values["submitted"] == 1_700_000_000.25
    assert (values["kind"], values["priority"]) == ("job", "normal")
