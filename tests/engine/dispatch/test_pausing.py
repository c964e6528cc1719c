"""Functions that are paused, and that drain: who gets their jobs, and who is woken."""

from __future__ import annotations

import pytest

from tests.support.dialogue import DialoguePeer, World, error, no_job, noop
from tests.support.stored_engine import drain, grab, rows, stored, submit

DRAINING = b"'f' is draining and takes no new jobs"


def setting(world: World, line: str) -> None:
    assert world.admin().text(f"policy {line}") == b"OK\r\n"


def woken(sleepers: list[DialoguePeer]) -> list[DialoguePeer]:
    return [each for each in sleepers if noop() in each.received]


@pytest.fixture(params=["priority", "order", "turns"])
def choosing(request: pytest.FixtureRequest) -> World:
    """A world whose workers choose in each of the ways."""
    return World(choice=request.param)


@pytest.mark.parametrize("pattern", ["f", "*", "[f]"])
def test_a_paused_function_gives_no_job_and_others_do(
    choosing: World, pattern: str
) -> None:
    world = choosing
    worker = world.worker("f", "g")
    submit(world.client(), "1", "2")
    setting(world, f"{pattern} paused=true")
    setting(world, "g paused=false")
    assert grab(worker) == (b"", "")
    submit(world.client(), "3")
    submit(world.client(), "4", function=b"g")
    assert drain(worker) == "4"
    setting(world, f"{pattern} paused=")
    assert drain(worker) == "1 2 3"


def test_what_runs_when_a_function_is_paused_goes_on(world: World) -> None:
    client, worker = world.client(), world.worker("f")
    client.submit_job(b"f", b"", b"1")
    job, _ = grab(worker)
    setting(world, "f paused=true")
    worker.work_complete(job, b"done")
    assert client.received[-1].name == "work_complete"
    worker.grab_job()
    assert worker.received == [no_job()]


def test_nobody_is_woken_for_a_paused_function(choosing: World) -> None:
    world = choosing
    sleepers = [world.sleeper("f") for _ in range(3)]
    setting(world, "f paused=true")
    submit(world.client(), "1", "2")
    for each in sleepers:
        each.pre_sleep()
    late = world.sleeper("f")
    assert woken([*sleepers, late]) == []


@pytest.mark.parametrize("pattern", ["f", "*"])
def test_to_resume_wakes_as_many_as_there_is_work(
    choosing: World, pattern: str
) -> None:
    world = choosing
    sleepers = [world.sleeper("f") for _ in range(9)]
    others = [world.sleeper("g") for _ in range(2)]
    setting(world, f"{pattern} paused=true")
    submit(world.client(), "1", "2", "3")
    setting(world, f"{pattern} paused=false")
    coming = woken(sleepers)
    assert len(coming) == 3
    assert woken(others) == []
    assert drain(coming[0]) == "1 2 3"


def test_a_worker_that_was_woken_before_the_pause_is_told_that_there_is_no_job(
    world: World,
) -> None:
    sleeper = world.sleeper("f")
    submit(world.client(), "1")
    assert woken([sleeper])
    setting(world, "f paused=true")
    assert grab(sleeper) == (b"", "")
    sleeper.pre_sleep()
    assert sleeper.received == []
    world.advance(10)
    setting(world, "f paused=")
    assert sleeper.received == [noop()]


def test_a_glob_pauses_before_it_has_reached_every_function(world: World) -> None:
    world.goes_on = False
    client = world.client()
    for number in range(1000):
        client.submit_job_bg(b"g%d" % number, b"", b"")
    submit(client, "1")
    worker = world.worker("f")
    setting(world, "* paused=true")
    assert world.engine.has_more()
    assert not world.engine.state.functions[b"f"].policy.paused
    assert grab(worker) == (b"", "")


def test_windows_do_not_spin_while_their_function_is_paused() -> None:
    world = stored(4)
    worker = world.worker("f")
    submit(world.client(), *[str(number) for number in range(20)])
    setting(world, "f paused=true")
    assert grab(worker) == (b"", "")
    for _ in range(5):
        world.advance(1)
        assert world.engine.take_batch() is None
    setting(world, "f paused=")
    assert drain(worker) == " ".join(str(number) for number in range(20))


def test_a_pause_outlasts_a_restart() -> None:
    world = stored()
    submit(world.client(), "1")
    setting(world, "f* paused=true")
    assert world.store is not None
    world.store.close()
    again = World(store=world.store)
    worker = again.worker("f")
    assert grab(worker) == (b"", "")
    setting(again, "f* paused=")
    assert drain(worker) == "1"


def test_a_draining_function_refuses_new_jobs_and_finishes_the_others(
    world: World,
) -> None:
    client, worker = world.client(), world.worker("f")
    client.submit_job_bg(b"f", b"u", b"1")
    client.received.clear()
    setting(world, "f draining=true")
    for submit_job in (client.submit_job_bg, client.submit_job_high, client.submit_job):
        submit_job(b"f", b"", b"2")
        assert client.received == [error(b"QUEUE_ERROR", DRAINING)]
        client.received.clear()
    # It joins a job that is there already.
    client.submit_job(b"f", b"u", b"1")
    assert client.received[-1].name == "job_created"
    client.submit_job_bg(b"g", b"", b"")
    assert client.received[-1].name == "job_created"
    assert drain(worker) == "1"
    setting(world, "f draining=false")
    submit(client, "3")
    assert drain(worker) == "3"


def test_attempts_that_fail_are_followed_by_others_while_a_function_drains(
    world: World,
) -> None:
    worker = world.worker("f")
    setting(world, "f max_attempts=2 backoff_delay=0")
    submit(world.client(), "1")
    setting(world, "f draining=true")
    job, _ = grab(worker)
    worker.work_fail(job)
    assert grab(worker) == (job, "1")


def test_functions_say_that_they_are_paused_or_drain(world: World) -> None:
    submit(world.client(), "1")
    setting(world, "* paused=true draining=true")
    (row,) = rows(world.admin(), "show functions")
    assert (row["paused"], row["draining"]) == (True, True)
