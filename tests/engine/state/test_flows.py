"""Rate and concurrency of functions: who may start, when, and who is woken for it."""

from __future__ import annotations

import pytest

from geartrain.engine.model.shares import Share
from tests.support.dialogue import DialoguePeer, World, noop
from tests.support.keyed import setting
from tests.support.stored_engine import drain, grab, stored, submit


def woken(sleepers: list[DialoguePeer]) -> int:
    """Return how many have been woken since this was last asked."""
    return sum(each.received.count(noop()) for each in sleepers)


@pytest.fixture(params=["priority", "order", "turns"])
def choosing(request: pytest.FixtureRequest) -> World:
    """A world whose workers choose in each of the ways."""
    return World(choice=request.param)


def test_no_more_jobs_of_a_function_run_than_its_concurrency(choosing: World) -> None:
    world = choosing
    setting(world, "f concurrency=2")
    submit(world.client(), "1", "2", "3")
    workers = [world.worker("f", "g") for _ in range(3)]
    jobs = [grab(worker)[0] for worker in workers]
    assert jobs[2] == b""
    submit(world.client(), "other", function=b"g")
    assert grab(workers[2])[1] == "other"
    workers[0].work_complete(jobs[0], b"")
    assert grab(workers[0])[1] == "3"


def test_priorities_hold_within_a_limit(choosing: World) -> None:
    setting(choosing, "f concurrency=1")
    worker = choosing.worker("f")
    submit(choosing.client(), "_low", "normal", "High")
    assert drain(worker) == "High normal _low"


def test_as_many_sleepers_are_woken_as_jobs_may_start(choosing: World) -> None:
    world = choosing
    setting(world, "f concurrency=2")
    sleepers = [world.sleeper("f") for _ in range(5)]
    submit(world.client(), "1", "2", "3", "4")
    assert woken(sleepers) == 2


@pytest.mark.parametrize("end", ["complete", "fail", "leave", "cancel", "withdraw"])
def test_a_place_is_free_as_soon_as_its_job_runs_no_more(
    choosing: World, end: str
) -> None:
    world = choosing
    setting(world, "f concurrency=1")
    worker, sleeper = world.worker("f"), world.sleeper("f")
    submit(world.client(), "1", "2")
    assert woken([sleeper]) == 1
    world.advance(1)
    job, _ = grab(worker)
    sleeper.grab_job()
    assert sleeper.received[-1].name == "no_job"
    sleeper.pre_sleep()
    assert woken([sleeper]) == 0
    if end == "complete":
        worker.work_complete(job, b"")
    elif end == "fail":
        worker.work_fail(job)
    elif end == "leave":
        worker.leave()
    elif end == "withdraw":
        worker.cant_do(b"f")
    else:
        world.admin().text(b"cancel job " + job)
    assert woken([sleeper]) == 1


def test_jobs_start_at_an_even_pace(choosing: World) -> None:
    world = choosing
    setting(world, "f rate=10/1s")
    worker = world.worker("f")
    submit(world.client(), "1", "2", "3")
    assert drain(worker) == "1"
    world.advance(0.0999)
    assert drain(worker) == ""
    world.advance(0.0002)
    assert drain(worker) == "2"
    world.advance(60)
    submit(world.client(), "4")
    assert drain(worker) == "3"


def test_a_burst_may_start_at_once(choosing: World) -> None:
    world = choosing
    setting(world, "f rate=10/1s burst=2")
    worker = world.worker("f")
    submit(world.client(), "1", "2", "3")
    assert drain(worker) == "1 2"


def test_a_sleeper_is_woken_for_each_token_and_there_is_one_alarm(
    choosing: World,
) -> None:
    world = choosing
    setting(world, "f rate=10/1s")
    sleepers = [world.sleeper("f") for _ in range(4)]
    submit(world.client(), *map(str, range(100)))
    assert woken(sleepers) == 1
    for each in sleepers:
        drain(each)
        each.pre_sleep()
    for _ in range(10):
        world.advance(0.1)
        assert woken(sleepers) == 1
        for each in sleepers:
            drain(each)
            each.pre_sleep()
    assert len(world.engine.state.alarms) == 1


def test_retries_and_foreground_jobs_count(choosing: World) -> None:
    world = choosing
    setting(world, "f rate=1/1s max_attempts=3")
    worker = world.worker("f")
    world.client().submit_job(b"f", b"", b"1")
    worker.work_fail(grab(worker)[0])
    assert grab(worker)[1] == ""
    world.advance(1)
    assert grab(worker)[1] == "1"


def test_a_step_of_the_systems_clock_moves_no_token(world: World) -> None:
    setting(world, "f rate=1/1m")
    worker = world.worker("f")
    submit(world.client(), "1", "2")
    assert drain(worker) == "1"
    world.engine.set_clock(world.engine.clock_offset() + 3600)
    world.advance(59)
    assert drain(worker) == ""
    world.advance(1.1)
    assert drain(worker) == "2"


@pytest.mark.parametrize("pattern", ["f", "*"])
def test_limits_that_change_hold_at_once(choosing: World, pattern: str) -> None:
    world = choosing
    sleepers = [world.sleeper("f") for _ in range(4)]
    setting(world, f"{pattern} concurrency=1")
    submit(world.client(), "1", "2", "3", "4", "5")
    assert woken(sleepers) == 1
    setting(world, f"{pattern} concurrency=3")
    assert woken(sleepers) == 2
    setting(world, f"{pattern} concurrency=")
    assert woken(sleepers) == 1
    setting(world, f"{pattern} rate=1/1h")
    assert [grab(each)[1] for each in sleepers] == ["1", "", "", ""]
    setting(world, f"{pattern} rate=1000/1s")
    world.advance(0.01)
    assert [grab(each)[1] for each in sleepers] == ["2", "3", "4", "5"]


def test_a_paused_function_with_limits_gives_no_job(world: World) -> None:
    setting(world, "f concurrency=1")
    sleeper = world.sleeper("f")
    setting(world, "f paused=true")
    submit(world.client(), "1")
    assert woken([sleeper]) == 0
    setting(world, "f paused=false")
    assert woken([sleeper]) == 1
    assert drain(sleeper) == "1"


def test_after_a_restart_no_more_than_the_burst_starts_at_once() -> None:
    world = stored()
    setting(world, "f rate=1/1m burst=2")
    submit(world.client(), *"12345")
    assert drain(world.worker("f")) == "1 2"
    assert world.store is not None
    world.store.close()
    second = World(store=world.store, window=10, now=world.now)
    assert drain(second.worker("f")) == "3 4"
    second.advance(60)
    assert drain(second.worker("f")) == "5"


def divide(world: World, servers: int, *, is_known: bool = True) -> None:
    world.engine.sharing.divide(Share(servers, 1, is_known), world.now)
    world.deliver()


def test_limits_are_divided_among_those_that_share_a_store(choosing: World) -> None:
    world = choosing
    setting(world, "f concurrency=4")
    submit(world.client(), *"123456")
    workers = [world.worker("f") for _ in range(6)]
    held = [grab(worker)[0] for worker in workers[:3]]
    divide(world, 2)
    assert grab(workers[3])[0] == b""
    workers[0].work_complete(held[0], b"")
    assert grab(workers[0])[0] == b""
    workers[1].work_complete(held[1], b"")
    assert grab(workers[1])[1] == "4"
    sleeper = world.sleeper("f")
    divide(world, 1)
    assert woken([sleeper]) == 1


def test_a_rate_is_divided_and_is_whole_again(choosing: World) -> None:
    world = choosing
    setting(world, "f rate=10/1s")
    submit(world.client(), *"1234567890")
    divide(world, 2)
    worker = world.worker("f")
    assert grab(worker)[1] == "1"
    world.advance(0.15)
    assert grab(worker)[1] == ""
    world.advance(0.06)
    assert grab(worker)[1] == "2"
    divide(world, 1)
    world.advance(0.11)
    assert grab(worker)[1] == "3"


def test_who_has_just_come_hands_out_nothing_that_is_divided(choosing: World) -> None:
    world = choosing
    setting(world, "f rate=10/1s")
    divide(world, 2, is_known=False)
    setting(world, "late rate=10/1s")
    client = world.client()
    for name in (b"f", b"late", b"free"):
        submit(client, "1", function=name)
    sleepers = [world.sleeper(name) for name in ("f", "late")]
    assert woken(sleepers) == 0
    for other in ("f", "late"):
        assert grab(world.worker(other))[0] == b""
    assert grab(world.worker("free"))[1] == "1"
    said = world.admin().text(f"why {client.received[0].arguments[0].decode()}")
    assert b"waits for its part" in said
    divide(world, 2)
    assert woken(sleepers) == 2
    assert grab(sleepers[0])[1] == "1"


def test_keys_of_one_that_has_just_come_wait_too(world: World) -> None:
    setting(world, "f key_concurrency=2 key_from=/k")
    divide(world, 2, is_known=False)
    submit(world.client(), '{"k":"a"}', '{"k":"a"}', '{"k":"b"}')
    workers = [world.worker("f") for _ in range(3)]
    assert grab(workers[0])[0] == b""
    divide(world, 2)
    assert [grab(worker)[1] for worker in workers] == ['{"k":"a"}', '{"k":"b"}', ""]
