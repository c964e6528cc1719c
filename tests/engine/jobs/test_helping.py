"""Which jobs nodes are given, and when."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.dialogue import (
    H1,
    DialoguePeer,
    World,
    no_job,
    noop,
    option_res,
)
from tests.support.helped import Helped, Lined
from tests.support.node_dialogues import node
from tests.support.wakeups import submit


def test_why_names_the_node_that_runs_a_job(
    world: World, client: DialoguePeer, admin: DialoguePeer
) -> None:
    worker = node(world, "a", "f")
    worker.set_client_id(b"node:a")
    submit(client)
    worker.grab_job()
    told = json.loads(admin.text(b"why " + H1).splitlines()[0])
    assert told["why"].startswith("a worker of node 'a' has run it for")


def test_a_busy_node_passes_its_promise_on(world: World, client: DialoguePeer) -> None:
    first, second = node(world, "a", "f"), node(world, "b", "f")
    submit(client)
    assert first.received == [noop()]
    first.option_req(b"busy")
    assert first.received == [option_res(b"busy")]
    assert second.received == [noop()]
    submit(client, b"f")
    assert first.received == []


def test_nodes_take_turns(world: World, client: DialoguePeer) -> None:
    nodes = [node(world, name, "f") for name in "abc"]
    for each in nodes:
        submit(client)
        assert each.received == [noop()]
        each.grab_job()
        assert len(each.received) == 1
        each.pre_sleep()
    submit(client)
    assert nodes[0].received == [noop()]


def test_a_node_has_a_high_job_first(world: World, client: DialoguePeer) -> None:
    client.submit_job_low_bg(b"f", b"", b"low")
    client.submit_job_bg(b"g", b"", b"normal")
    client.submit_job_high_bg(b"f", b"", b"high")
    worker = node(world, "a", "f", "g")
    workloads = []
    for _ in range(3):
        worker.grab_job()
        workloads.append(worker.received[-1].arguments[-1])
    assert workloads == [b"high", b"normal", b"low"]
    worker.grab_job()
    assert worker.received == [no_job()]


def served(helped: Helped, lined: Lined) -> int:
    """Have the woken workers here do all that they are given; return how much it was.

    They go to sleep again.
    """
    count = 0
    for worker in helped.workers:
        if worker.received:
            worker.grab_job()
            (given,) = worker.received
            if given != no_job():
                worker.work_complete(given.arguments[0], b"")
                count += 1
            worker.pre_sleep()
    lined.run()
    return count


def served_in(helped: Helped, lined: Lined, seconds: float) -> int:
    """Return how many jobs are done in that time; once a second groups are formed."""
    count = 0
    for number in range(round(seconds / 0.25)):
        count += served(helped, lined)
        lined.wait(0.25)
        if number % 4 == 3:
            lined.form()
    return count


@pytest.mark.parametrize(("rate", "most"), [("2/1s", 41), ("1/1s", 21), ("1/5s", 5)])
def test_a_rate_here_lets_jobs_of_a_peer_start_as_often_as_it_says(
    rate: str, most: int
) -> None:
    helped = Helped()
    helped.here.policy(b"f", rate=rate)
    helped.peer.policy(b"f", rate=rate)
    lined = helped.link(sleepers=3)
    for _ in range(60):
        submit(helped.client)
    assert most - 1 <= served_in(helped, lined, 20.0) <= most


def test_a_rate_lets_jobs_of_a_peer_go_on_that_is_no_node() -> None:
    helped = Helped(identity=b"")
    helped.here.policy(b"f", rate="1/5s")
    lined = helped.link(sleepers=1)
    for _ in range(20):
        submit(helped.client)
    lined.run()
    assert 4 <= served_in(helped, lined, 20.0) <= 5


def test_a_function_is_offered_again_when_a_token_comes() -> None:
    helped = Helped()
    helped.here.policy(b"f", rate="1/1m")
    lined = helped.link()
    submit(helped.client)
    lined.run()
    assert served(helped, lined) == 1
    submit(helped.client)
    lined.run()
    assert lined.line.at_hand == 0
    lined.here.advance(59.0)
    lined.form()
    assert lined.line.at_hand == 1
    assert served_in(helped, lined, 2.0) == 1
    assert lined.record.returned == 0


def test_a_function_whose_limit_is_met_here_has_a_worker_at_the_peer() -> None:
    helped = Helped()
    helped.here.policy(b"f", rate="1/1m")
    lined = helped.link()
    submit(helped.client)
    lined.run()
    assert served(helped, lined) == 1
    submit(helped.client)
    lined.run()
    told = json.loads(helped.peer.admin().text(b"why H:peer:2").splitlines()[0])
    assert told["code"] == "node_limit"
    assert told["workers"] == 1
    assert told["why"] == (
        "node 'here', which has its workers, waits for the limits of the function"
        " there, its rate or concurrency"
    )


@pytest.mark.parametrize("limit", [{"rate": "2/1s"}, {"concurrency": 2}])
def test_no_more_jobs_of_a_peer_wait_for_a_limit_than_workers_sleep(
    limit: dict[str, Any],
) -> None:
    helped = Helped()
    helped.here.policy(b"f", **limit)
    lined = helped.link(sleepers=5)
    for _ in range(100):
        submit(helped.client)
    lined.run()
    for _ in range(20):
        assert 1 <= lined.line.at_hand <= 8
        served(helped, lined)
        lined.wait(0.25)
    assert lined.record.returned == 0
    assert _waiting(helped.peer) <= 90


def test_a_limit_that_is_met_does_not_hold_other_functions_of_the_same_workers() -> (
    None
):
    helped = Helped()
    helped.here.policy(b"f", rate="1/1m")
    for _ in range(5):
        helped.workers.append(helped.here.sleeper("f", "g"))
    lined = helped.link(sleepers=0)
    for _ in range(10):
        submit(helped.client)
    for _ in range(20):
        submit(helped.client, b"g")
    lined.run()
    assert served_in(helped, lined, 3.0) == 21


def test_jobs_of_a_peer_run_while_their_function_drains_at_both() -> None:
    helped = Helped()
    lined = helped.link(sleepers=0)
    submit(helped.client)
    for world in (helped.here, helped.peer):
        world.policy(b"f", draining=True)
    helped.workers.append(helped.here.sleeper("f"))
    lined.form()
    assert served(helped, lined) == 1
    assert lined.record.returned == 0


@pytest.mark.parametrize("at_peer", ["same", "none"])
@pytest.mark.parametrize("seconds", [0.25, 1.0, 3.0, 5.0, 7.0, 10.0, 60.0])
def test_own_jobs_and_those_of_a_peer_take_turns_with_a_rate(
    seconds: float, at_peer: str
) -> None:
    helped = Helped()
    own = helped.here.client()
    rate = f"1/{seconds * 1000:.0f}ms"
    helped.here.policy(b"f", rate=rate)
    if at_peer == "same":
        helped.peer.policy(b"f", rate=rate)
    lined = helped.link()
    for _ in range(40):
        submit(helped.client)
        submit(own)
    done = served_in(helped, lined, 30 * seconds)
    own_done = 40 - _waiting(helped.here)
    assert done >= 26
    assert 7 <= own_done <= 23


def test_own_jobs_and_those_of_a_peer_take_turns_where_few_may_run_at_once() -> None:
    helped = Helped()
    own = helped.here.client()
    helped.here.policy(b"f", concurrency=1)
    helped.peer.policy(b"f", concurrency=1)
    lined = helped.link(sleepers=2)
    for _ in range(20):
        submit(helped.client)
        submit(own)
    assert served_in(helped, lined, 3.0) >= 15
    assert 5 <= _waiting(helped.here) <= 15
    assert 5 <= _waiting(helped.peer) <= 15


def test_a_long_job_in_the_only_place_keeps_a_function_from_peers() -> None:
    helped = Helped()
    helped.here.policy(b"f", concurrency=1)
    lined = helped.link(sleepers=2)
    submit(helped.client)
    lined.run()
    helped.workers[-1].grab_job()
    submit(helped.client)
    lined.wait(10.0)
    lined.form()
    assert lined.line.at_hand == 1
    helped.workers[-1].work_complete(b"H:here:1", b"")
    lined.run()
    assert lined.line.at_hand == 1


def _waiting(world: World) -> int:
    """Return how many jobs of the function wait that no link has given."""
    jobs = world.engine.state.jobs.values()
    return len([job for job in jobs if not job.is_forwarded])
