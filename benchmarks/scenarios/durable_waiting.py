"""A million jobs wait on disk: does the next submission cost what the first did?"""

from __future__ import annotations

from benchmarks.peers import BEANSTALKD_FSYNC, GEARMAND_DEFAULT, GEARMAND_SQLITE
from benchmarks.scenario import Scenario
from benchmarks.scenarios.waiting import FIGURES, PLACEMENTS, TIME_LIMIT, measure
from benchmarks.suites import DURABLE

SCENARIO = Scenario(
    name="durable-waiting",
    title=f"1,000,000 waiting jobs with uniques, at most {TIME_LIMIT:.0f} s",
    placements=PLACEMENTS,
    figures=FIGURES,
    measure=measure,
    suite=DURABLE,
    without=frozenset({GEARMAND_SQLITE.name, BEANSTALKD_FSYNC.name}),
    once=frozenset({GEARMAND_DEFAULT.name}),
)
