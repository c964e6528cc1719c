"""Jobs and dead letters as lines of JSON."""

from __future__ import annotations

import base64
import json

import pytest

from geartrain.engine.commands.rows import (
    job_row,
    record_row,
    row,
    text,
    whole_job,
    whole_record,
)
from geartrain.engine.engine import Engine
from geartrain.engine.model.jobs import RUNNING, record_of
from geartrain.engine.model.options import EngineOptions
from geartrain.engine.records import Failures, JobRecord
from geartrain.engine.state.state import State
from tests.support.dialogue import H1, WALL_START
from tests.support.stored_engine import grab, stored, submit, submit_due

LONG = '"\n' + "ä" * 70_000 + "x" * 100


def b64encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def record() -> JobRecord:
    made = JobRecord(7, b"H:test:7", b"f\xff")
    made.priority = 2
    made.submitted = 5.25
    made.size = 3
    made.workload, made.more = b"a", [b"bc"]
    return made


def read(line: bytes) -> dict[str, object]:
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    return dict(json.loads(line))


def at(wall_time: float) -> State:
    """Return the state of a job server at a time by the calendar."""
    engine = Engine(EngineOptions())
    engine.set_clock(wall_time)
    return engine.state


def test_a_row_is_one_line_of_ascii() -> None:
    line = row({"name": "a\nb\u00e4\udcff", "none": None, "flag": True})
    assert line == b'{"name": "a\\nb\\u00e4\\udcff", "none": null, "flag": true}\n'


@pytest.mark.parametrize("data", [b"", b"f", b"\xff\xfe", "ä".encode(), b"\0"])
def test_text_can_be_turned_back(data: bytes) -> None:
    assert text(data).encode("utf-8", "surrogateescape") == data


def test_a_state_has_a_name() -> None:
    world = stored()
    client = world.client()
    submit(client, "ready")
    submit_due(client, WALL_START + 60, "scheduled")
    state = world.engine.state
    names = [read(job_row(state, job))["state"] for job in state.jobs.values()]
    assert names == ["ready", "scheduled"]
    grab(world.worker("f"))
    assert read(job_row(state, state.jobs[H1]))["state"] == "running"
    assert state.jobs[H1].state is RUNNING


def test_a_record_says_all_but_its_workload() -> None:
    assert read(record_row(at(10.0), record())) == {
        "handle": "H:test:7",
        "function": "f\udcff",
        "unique": "",
        "priority": "low",
        "state": "ready",
        "status": "waiting",
        "background": True,
        "submitted": 5.25,
        "due": None,
        "started": None,
        "died": None,
        "worker": None,
        "attempts": 0,
        "crashes": 0,
        "reason": None,
        "error": None,
        "size": 3,
        "numerator": None,
        "denominator": None,
    }


@pytest.mark.parametrize(
    ("due", "died", "state"),
    [
        (0.0, 0.0, "ready"),
        (10.0, 0.0, "ready"),
        (10.5, 0.0, "scheduled"),
        (0.0, 9.0, "dead"),
        (99.0, 9.0, "dead"),
    ],
)
def test_times_tell_the_state_of_a_record(due: float, died: float, state: str) -> None:
    made = record()
    made.due, made.died = due, died
    found = read(record_row(at(10.0), made))
    assert (found["state"], found["due"]) == (state, due or None)
    assert found["died"] == (died or None)


def test_a_record_says_how_it_failed() -> None:
    made = record()
    failures = made.failures = Failures()
    failures.attempts, failures.crashes = 3, 2
    failures.reason, failures.error = b"exception", b"no \xff"
    failures.worker, failures.started = b"w-1 ::1", 8.5
    found = read(record_row(at(10.0), made))
    assert (found["attempts"], found["crashes"]) == (3, 2)
    assert (found["reason"], found["error"]) == ("exception", "no \udcff")
    assert (found["worker"], found["started"]) == ("w-1 ::1", 8.5)


@pytest.mark.parametrize(
    ("pieces", "workload", "encoding"),
    [
        ([b"a", b"bc"], "abc", "utf-8"),
        (["ä".encode()[:1], "ä".encode()[1:]], "ä", "utf-8"),
        ([b"\xff", b"\0"], "/wA=", "base64"),
        ([b""], "", "utf-8"),
        (["ä".encode()[:1]], "ww==", "base64"),
        # Shown in pieces, and as one text all the same.
        ([b'"\n', "ä".encode() * 70_000, b"x" * 100], LONG, "utf-8"),
        ([b"\0" * 100_000, b"\xff"], b64encode(b"\0" * 100_000 + b"\xff"), "base64"),
    ],
)
def test_a_workload_is_text_or_base64(
    pieces: list[bytes], workload: str, encoding: str
) -> None:
    made = record()
    made.workload, made.more = pieces[0], pieces[1:]
    rows = list(whole_record(at(0.0), made))
    found = read(b"".join(rows))
    assert (found["workload"], found["encoding"]) == (workload, encoding)
    assert max(map(len, rows)) < 400_000


def test_a_job_in_memory_is_told_like_a_record() -> None:
    world = stored()
    submit(world.client(), "abc")
    state = world.engine.state
    job = state.jobs[H1]
    assert job_row(state, job) == record_row(state, record_of(job))
    grab(world.worker("f"))
    found = read(b"".join(whole_job(state, job)))
    assert (found["state"], found["started"]) == ("running", WALL_START)
    assert (found["worker"], found["workload"]) == ("- 127.0.0.1", "abc")
