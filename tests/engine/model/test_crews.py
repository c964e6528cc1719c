"""A crew's functions, in the order of their registration."""

from __future__ import annotations

from geartrain.engine.dispatch.crews import PriorityCrew
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.policies import Policy


def new_function(name: bytes) -> Function:
    return Function(name, Policy())


def test_the_oldest_registration_comes_first() -> None:
    old, new = new_function(b"old"), new_function(b"new")
    crew = PriorityCrew([new, old])
    newest = new_function(b"newest")
    crew.add(newest)
    assert list(crew.functions) == [old, new, newest]
    crew.discard(new)
    assert list(crew.functions) == [old, newest]


def test_a_crew_learns_of_what_is_ready_in_a_function_it_gains() -> None:
    crew = PriorityCrew([new_function(b"f")])
    function = new_function(b"g")
    job = Job(function, b"", b"", [], 2)
    function.ready[2].push(job)
    crew.add(function)
    assert crew.next_job() is job
    crew.discard(function)
    assert crew.next_job() is None
