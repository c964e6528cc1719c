"""The comparison of docs/map-reduce.md, small: every way comes to the same counts."""

from __future__ import annotations

from pathlib import Path

from benchmarks.access_logs import write_access_log
from benchmarks.map_reduce import measure


def test_workers_count_what_programs_of_the_shell_count() -> None:
    found = measure(2_000_000, 2, 1)
    assert list(found)[-1] == "geartrain, 2 workers"
    assert len(found) == 4
    assert sum(found["awk"].counts.values()) > 8000


def test_a_log_is_the_same_for_each_seed(tmp_path: Path) -> None:
    logs = [tmp_path / name for name in "abc"]
    for log, seed in zip(logs, (1, 1, 2), strict=True):
        lines = write_access_log(log, 100_000, seed)
        assert log.stat().st_size >= 100_000
        assert lines == log.read_bytes().count(b"\n")
    first, again, other = (log.read_bytes() for log in logs)
    assert first == again != other
