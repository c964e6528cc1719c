"""What a peer that left leaves behind."""

from __future__ import annotations

from geartrain.engine.dispatch.turns import PEER_SHARE
from geartrain.engine.state.state import State
from tests.support.dialogue import World
from tests.support.turns import STEP, halted, turns


def test_a_departure_takes_turns_and_leaves_nothing(world: World) -> None:
    client, worker = world.client(), world.client()
    for number in range(3_000):
        client.submit_job(b"g", b"", b"w")
        client.submit_job_bg(b"f", b"", b"w")
        worker.can_do(b"ability-%d" % number)
    worker.can_do(b"f")
    for _ in range(3_000):
        worker.grab_job()
    halted(world)
    before = world.engine.state.turns.work
    worker.leave()
    client.leave()
    assert world.engine.state.turns.work - before < 3 * PEER_SHARE
    assert max(turns(world)) < 2 * PEER_SHARE + STEP
    check_gone(world.engine.state)


def check_gone(state: State) -> None:
    assert not any(function.workers for function in state.functions.values())
    assert not state.functions[b"f"].running
    assert state.functions[b"f"].ready_count() == 3_000
    assert state.functions[b"g"].job_count() == 0
    assert not state.peers


def test_a_reset_of_many_abilities_takes_turns(world: World) -> None:
    worker, other = world.client(), world.worker("f7")
    count = 5 * PEER_SHARE
    for number in range(count):
        worker.can_do(b"f%d" % number)
    state: State = halted(world).engine.state
    functions = len(state.functions)
    worker.reset_abilities()
    worker.can_do(b"f3")
    taken = turns(world)
    assert len(taken) > 2
    assert max(taken) <= 2 * PEER_SHARE + STEP
    left = [name for name, each in state.functions.items() if each.workers]
    assert sorted(left) == [b"f3", b"f7"]
    assert functions == count
    world.goes_on = True
    world.client().submit_job_bg(b"f3", b"", b"w")
    for idle in (b"f4", b"f5"):
        world.client().submit_job_bg(idle, b"", b"w")
    worker.grab_job()
    other.grab_job()
    assert worker.received[-1].arguments[1:] == (b"f3", b"w")
    worker.grab_job()
    assert [each.name for each in (*worker.received, *other.received)] == ["no_job"] * 2
