"""What holds for one job: its own options, or else its function's policy."""

from __future__ import annotations

import pytest

from geartrain.engine.model.jobs import Job
from geartrain.engine.state import functions, terms
from tests.support.dialogue import World


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (b"", (60, 3, 5)),
        (b"ttl=7", (7, 3, 5)),
        (b"ttl=0&max_attempts=1&result_ttl=0", (0, 1, 0)),
        # An imported job may have anything.
        (b"ttl=x&max_attempts=nan&other", (60, 3, 5)),
    ],
)
def test_an_option_wins_over_the_policy(
    options: bytes, expected: tuple[int, int, int]
) -> None:
    world = World()
    world.policy(b"f", ttl=60, max_attempts=3, result_ttl=5)
    state = world.engine.state
    job = Job(functions.find(state, b"f"), b"", b"w", [], 1)
    job.options = options
    found = terms.ttl(state, job), terms.max_attempts(state, job)
    assert (*found, terms.result_ttl(state, job)) == expected
