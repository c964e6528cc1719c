"""How workers of equal abilities choose their next job."""

from __future__ import annotations

import time

import pytest

from geartrain.engine.dispatch.crews import InOrderCrew, PriorityCrew, TurnsCrew
from geartrain.engine.model.crews import Crew
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.policies import Policy
from tests.support.dialogue import Answer, DialoguePeer, World

KINDS = [PriorityCrew, TurnsCrew, InOrderCrew]


def drain(worker: DialoguePeer) -> str:
    """Grab until there is no job; return the workloads, in order."""
    workloads: list[bytes] = []
    while True:
        worker.grab_job()
        (answer,) = worker.received
        if answer == Answer("no_job"):
            return b" ".join(workloads).decode()
        workloads.append(answer.arguments[2])


def submit(client: DialoguePeer, workloads: str) -> None:
    """Submit jobs such as ``a1``, ``A1`` (high) and ``_a1`` (low) to function a."""
    for workload in workloads.split():
        data = workload.encode()
        if workload.startswith("_"):
            client.submit_job_low_bg(data[1:2], b"", data)
        elif workload[0].isupper():
            client.submit_job_high_bg(data[:1].lower(), b"", data)
        else:
            client.submit_job_bg(data[:1], b"", data)


def test_within_a_function_and_priority_the_oldest_is_first(world: World) -> None:
    submit(world.client(), "a1 a2 a3")
    assert drain(world.worker("a")) == "a1 a2 a3"


def test_a_function_gives_high_before_normal_before_low(world: World) -> None:
    submit(world.client(), "_a1 a2 A3 _a4 a5 A6")
    assert drain(world.worker("a")) == "A3 A6 a2 a5 _a1 _a4"


def test_functions_of_one_priority_take_turns_the_newest_ability_first(
    world: World,
) -> None:
    submit(world.client(), "a0 a1 a2 b0 b1 b2 c0 c1 c2")
    assert drain(world.worker("a", "b", "c")) == "c0 b0 a0 c1 b1 a1 c2 b2 a2"


def test_priority_counts_across_functions(world: World) -> None:
    submit(world.client(), "_a1 a2 A3 _b1 b2 B3")
    assert drain(world.worker("a", "b")) == "B3 A3 b2 a2 _b1 _a1"


def test_a_function_that_runs_dry_leaves_the_turns(world: World) -> None:
    submit(world.client(), "a0 b0 b1 b2")
    assert drain(world.worker("a", "b")) == "b0 a0 b1 b2"


def test_a_function_that_gets_new_jobs_takes_turns_again(world: World) -> None:
    client, worker = world.client(), world.worker("a", "b")
    submit(client, "a0 b0")
    assert drain(worker) == "b0 a0"
    submit(client, "a1 a2 b1 b2")
    assert drain(worker) == "a1 b1 a2 b2"


def test_turns_are_shared_by_workers_of_equal_abilities(world: World) -> None:
    one, two = world.worker("a", "b"), world.worker("a", "b")
    submit(world.client(), "a0 a1 b0 b1")
    taken = []
    for worker in (one, two, one, two):
        worker.grab_job()
        taken += [answer.arguments[2] for answer in worker.received]
    assert taken == [b"b0", b"a0", b"b1", b"a1"]


def test_a_worker_gets_only_what_it_can_do(world: World) -> None:
    submit(world.client(), "a0 b0")
    assert drain(world.worker("b")) == "b0"
    assert drain(world.worker("c")) == ""
    assert drain(world.worker()) == ""


def test_a_job_grabbed_through_one_crew_is_gone_for_the_other(world: World) -> None:
    one, two = world.worker("a", "b"), world.worker("b", "a")
    submit(world.client(), "a0 b0")
    assert drain(one) == "b0 a0"
    assert drain(two) == ""
    submit(world.client(), "a1")
    assert drain(two) == "a1"


def test_in_order_drains_the_newest_ability_first() -> None:
    world = World(choice="order")
    submit(world.client(), "a0 _a1 A2 b0 _b1 B2")
    assert drain(world.worker("a", "b")) == "B2 b0 _b1 A2 a0 _a1"


def test_in_order_returns_to_an_earlier_function_that_got_a_job() -> None:
    world = World(choice="order")
    client, worker = world.client(), world.worker("a", "b")
    submit(client, "a0 a1 b0")
    assert drain(worker) == "b0 a0 a1"
    submit(client, "a2 a3")
    worker.grab_job()
    submit(client, "b1")
    assert [answer.arguments[2] for answer in worker.received] == [b"a2"]
    assert drain(worker) == "b1 a3"


def test_turns_go_round_functions_and_then_by_priority() -> None:
    world = World(choice="turns")
    submit(world.client(), "a0 _a1 A2 b0 _b1 B2")
    assert drain(world.worker("a", "b")) == "B2 A2 b0 a0 _b1 _a1"


def with_jobs(name: bytes, *priorities: int) -> Function:
    function = Function(name, Policy())
    for priority in priorities:
        function.ready[priority].push(Job(function, b"", b"", [], priority))
    return function


def take(crew: Crew) -> Job | None:
    """Take the crew's next job from its queue."""
    job = crew.next_job()
    if job is not None:
        job.function.ready[job.priority].remove(job)
    return job


@pytest.mark.parametrize("kind", KINDS)
def test_a_crew_learns_what_was_ready_before_it_formed(kind: type[Crew]) -> None:
    idle, busy = with_jobs(b"idle"), with_jobs(b"busy", 0, 2)
    crew = kind([idle, busy])
    assert crew.candidate_count() == 0
    assert take(crew) is None
    crew.learn()
    assert crew.unpromised() is busy
    taken = [take(crew), take(crew)]
    assert [job.priority for job in taken if job is not None] == [0, 2]
    assert take(crew) is None
    assert crew.candidate_count() == 0
    assert crew.unpromised() is None


@pytest.mark.parametrize("kind", KINDS)
def test_noticing_twice_is_noticing_once(kind: type[Crew]) -> None:
    function = with_jobs(b"f", 1, 1)
    crew = kind([function])
    crew.notice(function, 1)
    crew.notice(function, 1)
    assert crew.candidate_count() == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_that_was_withdrawn_is_passed_over(kind: type[Crew]) -> None:
    function, other = with_jobs(b"f", 1), with_jobs(b"g", 1)
    crew = kind([function, other])
    crew.learn()
    withdrawn = function.ready[1].jobs()[0]
    function.ready[1].remove(withdrawn)
    job = take(crew)
    assert job is not None
    assert job.function is other


def test_twenty_thousand_idle_functions_do_not_slow_a_grab(world: World) -> None:
    """Looking at every function would be a hundred million steps."""
    worker = world.worker(*(f"idle{number}" for number in range(20_000)), "a")
    client = world.client()
    for _ in range(5000):
        client.submit_job_bg(b"a", b"", b"a")
    start = time.process_time()
    for _ in range(5000):
        worker.grab_job()
    assert time.process_time() - start < 4
    assert [each.name for each in worker.received] == ["job_assign"] * 5000
