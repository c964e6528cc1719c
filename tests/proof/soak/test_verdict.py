"""The verdict of a soak finds what it is there to find."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import cast

import pytest

from proof.soak.machine import Machine
from proof.soak.soak import Soak
from proof.soak.verdict import figures, judge


class _Machine:
    kills = 0
    stops = 1
    peak = 2**20


@pytest.fixture
def soak(tmp_path: Path) -> Soak:
    for name in ("server.log", "attacks", "echoes"):
        (tmp_path / name).write_text("")
    return Soak(tmp_path, cast("Machine", _Machine()), 1, "seed")


def test_a_good_day_has_no_faults(soak: Soak) -> None:
    soak.submitters[0].acknowledged = [b"s0-plain-1", b"s0-dies-2", b"s0-forks-3"]
    soak.dead = {b"s0-dies-2"}
    runs = Counter([b"s0-plain-1", b"s0-dies-2", b"s0-dies-2", b"s0-forks-3"])
    assert judge(soak, runs) == []


def test_a_lost_job_is_found(soak: Soak) -> None:
    soak.submitters[1].acknowledged = [b"s1-plain-1"]
    assert judge(soak, Counter()) == ["s1-plain-1 was acknowledged and is lost"]


@pytest.mark.parametrize(
    ("key", "dead", "fault"),
    [
        (b"s0-plain-1", {b"s0-plain-1"}, "should have succeeded and is dead"),
        (b"s0-large-1", set(), "should be dead and is not"),
    ],
)
def test_a_job_with_the_wrong_end_is_found(
    soak: Soak, key: bytes, dead: set[bytes], fault: str
) -> None:
    soak.submitters[0].acknowledged = [key]
    soak.dead = dead
    assert judge(soak, Counter([key])) == [f"{key.decode()} {fault}"]


def test_jobs_that_run_again_without_a_kill_are_found(soak: Soak) -> None:
    soak.submitters[0].acknowledged = [b"s0-plain-1"]
    runs = Counter({b"s0-plain-1": 3})
    assert judge(soak, runs) == ["2 runs too many after 0 kills"]


def test_outages_do_not_count_as_latency(soak: Soak, tmp_path: Path) -> None:
    (tmp_path / "echoes").write_text(
        "10.000 0.00100\n20.500 9.00000\n21.000 lost\n30.000 0.00300\n"
    )
    (tmp_path / "attacks").write_text("11.000 page\n12.000 page\n")
    soak.outages = [(20.0, 21.0)]
    told = figures(soak, Counter(), tmp_path)
    assert "attacks: 2 page" in told
    (latency,) = [line for line in told if line.startswith("ECHO")]
    assert latency.endswith("2, p50 3.0 ms, p99 3.0 ms, p99.9 3.0 ms, maximum 3 ms")
