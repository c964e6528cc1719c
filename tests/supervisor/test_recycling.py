"""When a process makes way for a fresh one."""

from __future__ import annotations

import gc
import time

from geartrain.supervisor.options import ProcessLimits
from geartrain.supervisor.recycling import Recycling, resident_memory


def test_without_limits_a_process_lives_for_ever() -> None:
    assert Recycling(ProcessLimits()).reason(10**9) == ""


def test_the_number_of_jobs_is_spread_but_never_above_the_limit() -> None:
    most = Recycling(ProcessLimits(jobs=1000), share=1.0)
    assert (most.reason(999), most.reason(1000)) == ("", "1000 jobs")
    least = Recycling(ProcessLimits(jobs=1000), share=0.9)
    assert (least.reason(899), least.reason(900)) == ("", "900 jobs")


def test_a_few_jobs_are_not_spread_away() -> None:
    assert Recycling(ProcessLimits(jobs=2), share=0.9).reason(1) == ""
    assert Recycling(ProcessLimits(jobs=1), share=0.9).reason(1) == "1 jobs"


def test_processes_that_start_together_do_not_end_together() -> None:
    limits = ProcessLimits(jobs=100_000)
    ends = {_end(Recycling(limits)) for _ in range(20)}
    assert len(ends) > 10
    assert min(ends) >= 90_000


def _end(recycling: Recycling) -> int:
    low, high = 0, 100_000
    while low < high:
        middle = (low + high) // 2
        if recycling.reason(middle):
            high = middle
        else:
            low = middle + 1
    return low


def test_an_old_process_ends() -> None:
    recycling = Recycling(ProcessLimits(seconds=0.02), share=1.0)
    assert recycling.reason(0) == ""
    time.sleep(0.03)
    assert recycling.reason(0) == "its age"


def test_a_process_that_has_grown_ends() -> None:
    # What other tests have left must not shrink the process meanwhile.
    gc.collect()
    recycling = Recycling(ProcessLimits(memory=resident_memory() + 32 * 1024**2))
    assert recycling.reason(0) == ""
    growth = b"x" * (256 * 1024**2)
    assert recycling.reason(0).endswith(" MiB of memory")
    del growth
