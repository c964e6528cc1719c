from __future__ import annotations

import dataclasses

import pytest

from geartrain.importing.records import Occurrences, QueuedJob, made_unique
from geartrain.protocol.constants import Priority

JOB = QueuedJob(
    function=b"f",
    unique=b"",
    priority=Priority.NORMAL,
    when=0,
    workload=b"data",
    origin="row 1",
    identity=b"1",
    key=1,
)


@pytest.mark.parametrize("unique", [b"u", b"x" * 64, b"\xff", b"--"])
def test_a_unique_that_can_be_submitted_is_kept(unique: bytes) -> None:
    assert made_unique(dataclasses.replace(JOB, unique=unique)) == (unique, "")


@pytest.mark.parametrize("unique", [b"", b"-"])
def test_a_job_without_a_unique_always_gets_the_same(unique: bytes) -> None:
    job = dataclasses.replace(JOB, unique=unique)
    made, why = made_unique(job)
    assert made.startswith(b"import:")
    assert len(made) == 47
    assert not why
    moved = dataclasses.replace(job, origin="elsewhere", key=2)
    assert made_unique(moved) == (made, "")


@pytest.mark.parametrize(
    "changes",
    [
        {"function": b"g"},
        {"unique": b"-"},
        {"when": 1},
        {"workload": b"other"},
        {"identity": b"2"},
        {"function": b"f1", "unique": b""},
        {"unique": b"x" * 65},
        {"unique": b"\0"},
    ],
)
def test_whatever_tells_jobs_apart_makes_another_unique(
    changes: dict[str, object],
) -> None:
    other = dataclasses.replace(JOB, **changes)  # type: ignore[arg-type]
    assert made_unique(other)[0] != made_unique(JOB)[0]


def test_equal_jobs_without_a_unique_are_numbered() -> None:
    occurrences = Occurrences()
    row = (b"", b"f", 1, b"data", 0)
    assert [occurrences.number(*row) for _ in range(3)] == [b"0", b"1", b"2"]
    assert occurrences.number(b"-", *row[1:]) == b"0"
    assert occurrences.number(b"", b"g", *row[2:]) == b"0"
    assert [occurrences.number(b"u", *row[1:]) for _ in range(2)] == [b"", b""]
