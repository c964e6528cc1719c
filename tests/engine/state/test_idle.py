"""Functions that hold nothing are forgotten, and nothing else is."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable

import pytest

from geartrain.engine.model.functions import Function
from geartrain.engine.state import idle
from geartrain.protocol.admin import OK
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import request
from geartrain.stores.memory import MemoryStore
from tests.support.dialogue import (
    H1,
    DialoguePeer,
    World,
    error,
    job_created,
)

HOUR = 3600.0
CHUNKS = b"big.chunks.0123456789abcdef"


def rows(world: World) -> list[str]:
    """Return the functions that ``status`` lists to somebody who connects to ask."""
    admin = world.admin()
    found = admin.text("status").decode().splitlines()[:-1]
    admin.leave()
    return [row.split("\t")[0] for row in found]


def counted(world: World) -> list[dict[str, object]]:
    return [json.loads(row) for row in world.admin().text("counters").splitlines()[:-1]]


def only_submit_and_cancel(world: World, name: bytes = b"f") -> None:
    client = world.client()
    client.submit_job_bg(name, b"", b"w")
    (created,) = client.received
    assert client.text(b"cancel job " + created.arguments[0]) == b"OK\r\n"
    client.leave()


def only_work(world: World) -> None:
    worker, client = world.worker("f"), world.client()
    client.submit_job(b"f", b"", b"w")
    worker.grab_job()
    worker.work_complete(H1, b"r")
    worker.leave()
    client.leave()


def only_withdraw(world: World) -> None:
    worker = world.worker("f")
    worker.cant_do(b"f")


def only_reset(world: World) -> None:
    worker = world.worker("f")
    worker.reset_abilities()


def only_schedule(world: World) -> None:
    client = world.client()
    client.submit_job_sched(b"f", b"u", b"", b"", b"", b"", b"", b"w")
    (created,) = client.received
    assert client.text(b"cancel job " + created.arguments[0]) == b"OK\r\n"


def only_leave(world: World) -> None:
    client = world.client()
    client.submit_job(b"f", b"", b"w")
    client.leave()


def only_refuse(world: World) -> None:
    client = world.client()
    client.submit_job(b"f", b"u" * 60, b"w")
    client.leave()


@pytest.fixture
def calendar_world() -> World:
    return World(lambda cron, timezone, after: after + 1e9)


@pytest.mark.parametrize(
    "use",
    [
        only_submit_and_cancel,
        only_work,
        only_withdraw,
        only_reset,
        only_schedule,
        only_leave,
        only_refuse,
    ],
)
def test_a_function_without_use_is_forgotten_after_an_hour(
    calendar_world: World, use: object
) -> None:
    world = calendar_world
    assert callable(use)
    use(world)
    world.advance(HOUR - 1)
    assert rows(world) == ["f"]
    world.advance(1)
    assert rows(world) == []
    assert world.engine.state.functions == {}


def test_use_begins_the_hour_again(world: World) -> None:
    only_submit_and_cancel(world)
    world.advance(HOUR - 1)
    only_submit_and_cancel(world)
    world.advance(HOUR - 1)
    assert rows(world) == ["f"]
    world.advance(1)
    assert rows(world) == []


def test_what_is_in_use_stays(world: World) -> None:
    worker, client, admin = world.worker("works"), world.client(), world.admin()
    client.submit_job_bg(b"waits", b"", b"w")
    client.submit_job_epoch(b"later", b"", b"%d" % (world.wall_time + 1e8), b"w")
    admin.text("create function created")
    admin.text("maxqueue limited 5")
    world.advance(10 * HOUR)
    expected = ["works", "waits", "later", "created", "limited"]
    assert rows(world) == expected
    worker.leave()
    for name in ("created", "limited"):
        assert admin.text(f"drop function {name}") == b"OK\r\n"
    world.advance(HOUR)
    assert rows(world) == ["waits", "later"]


def test_a_running_job_keeps_its_function(world: World, client: DialoguePeer) -> None:
    worker = world.worker("f")
    client.submit_job_bg(b"f", b"", b"w")
    worker.grab_job()
    world.advance(2 * HOUR)
    assert rows(world) == ["f"]
    worker.leave()
    world.advance(2 * HOUR)
    assert rows(world) == ["f"]


def test_dead_letters_keep_their_function() -> None:
    world = World(store=MemoryStore())
    client, worker = world.client(), world.worker("f")
    client.submit_job_bg(b"f", b"", b"w")
    worker.grab_job()
    worker.work_fail(H1)
    worker.leave()
    world.advance(2 * HOUR)
    assert rows(world) == ["f"]
    assert client.received == [job_created(H1)]
    assert client.text(b"dead drop " + H1) == b"OK\r\n"
    world.advance(HOUR)
    assert rows(world) == []


def test_jobs_that_only_the_store_has_keep_their_function() -> None:
    world = World(store=MemoryStore(), window=1)
    client = world.client()
    for number in range(50):
        client.submit_job_bg(b"f", b"%d" % number, b"w")
    handles = [answer.arguments[0] for answer in client.received]
    world.advance(2 * HOUR)
    assert rows(world) == ["f"]
    for handle in reversed(handles):
        assert client.text(b"cancel job " + handle) == b"OK\r\n"
    world.advance(HOUR)
    assert rows(world) == []
    assert world.engine.state.functions == {}


def test_a_function_of_chunks_goes_within_a_moment(world: World) -> None:
    client, worker = world.client(), world.connect()
    for number in range(3):
        client.submit_job_bg(CHUNKS, b"id.%d" % number, b"piece")
    worker.can_do(CHUNKS)
    for _ in range(3):
        worker.grab_job_uniq()
    for number in range(3):
        worker.work_complete(b"H:test:%d" % (number + 1), b"")
    worker.cant_do(CHUNKS)
    assert rows(world) == [CHUNKS.decode()]
    world.advance(0.5)
    assert rows(world) == []
    assert world.deadline() is None


def test_chunks_that_wait_for_a_worker_stay(world: World, client: DialoguePeer) -> None:
    client.submit_job_bg(CHUNKS, b"id.0", b"piece")
    worker = world.connect()
    worker.can_do(CHUNKS)
    worker.grab_job()
    worker.cant_do(CHUNKS)
    world.advance(HOUR)
    assert rows(world) == [CHUNKS.decode()]


@pytest.mark.parametrize(
    "name", [b"chunks.0123456789abcdef", b"f.chunks.0123456789abcdeX", b"f.chunks.0"]
)
def test_other_names_are_no_chunks(world: World, name: bytes) -> None:
    only_submit_and_cancel(world, name)
    world.advance(10)
    assert rows(world) == [name.decode()]


def test_what_was_counted_goes_into_a_total(world: World) -> None:
    only_work(world)
    only_submit_and_cancel(world, b"g")
    world.advance(HOUR)
    only_submit_and_cancel(world, b"h")
    last, total = counted(world)
    assert (last["function"], last["submitted"], last["cancelled"]) == ("h", 1, 1)
    assert (total["function"], total["forgotten"]) == ("", 2)
    assert (total["submitted"], total["completed"], total["cancelled"]) == (2, 1, 1)


def test_a_dropped_functions_counters_go_into_the_total(world: World) -> None:
    only_submit_and_cancel(world)
    world.admin().text("drop function f")
    (total,) = counted(world)
    assert (total["forgotten"], total["submitted"]) == (1, 1)


def test_a_result_that_comes_too_late_is_counted_in_the_total(world: World) -> None:
    client, slow = world.client(), world.worker("f")
    client.submit_job(b"f", b"", b"w")
    slow.grab_job()
    slow.cant_do(b"f")
    client.leave()
    world.advance(HOUR)
    assert rows(world) == []
    slow.work_complete(H1, b"late")
    (total,) = counted(world)
    assert total["refused_results"] == 1


def test_a_forgotten_function_can_be_used_again(world: World) -> None:
    only_work(world)
    world.advance(HOUR)
    assert rows(world) == []
    sleeper, client = world.sleeper("f"), world.client()
    client.submit_job(b"f", b"", b"w")
    sleeper.grab_job()
    assert [answer.name for answer in sleeper.received] == ["noop", "job_assign"]


def test_the_longest_idle_goes_when_there_are_many() -> None:
    world = World(most_idle=20)
    for number in range(100):
        only_submit_and_cancel(world, b"f%d" % number)
    assert rows(world) == [f"f{number}" for number in range(80, 100)]


def test_one_function_too_many_is_refused() -> None:
    world = World(most_functions=3)
    client = world.client()
    worker = world.worker("a", "b")
    client.submit_job_bg(b"c", b"", b"w")
    assert client.received == [job_created(H1)]
    refusal = error(
        b"QUEUE_ERROR",
        b"There are too many functions: use names again, or drop some by drop function",
    )
    client.submit_job_bg(b"d", b"", b"w")
    client.submit_job_sched(b"d", b"", b"", b"", b"", b"", b"", b"w")
    worker.can_do(b"d")
    assert worker.received == [refusal]
    assert client.received[0] == refusal
    assert client.text("create function d").startswith(b"ERR TOO_MANY ")
    assert client.text("maxqueue d 3").startswith(b"ERR TOO_MANY ")
    assert rows(world) == ["a", "b", "c"]
    worker.cant_do(b"b")
    client.submit_job_bg(b"d", b"", b"w")
    assert rows(world) == ["a", "c", "d"]


def test_the_names_of_all_functions_are_limited() -> None:
    client = World(most_functions=4).client()
    client.submit_job_bg(b"a" * 1280, b"", b"w")
    client.submit_job_bg(b"b" * 1280, b"", b"w")
    client.submit_job_bg(b"c", b"", b"w")
    assert [answer.name for answer in client.received] == [
        "job_created",
        "job_created",
        "error",
    ]


def test_operators_name_so_many_and_no_more() -> None:
    admin = World(most_functions=20).admin()
    assert admin.text("create function a") == b"OK\r\n"
    assert admin.text("maxqueue b 3") == b"OK\r\n"
    assert admin.text("create function c").startswith(b"ERR TOO_MANY ")
    assert admin.text("maxqueue a 3") == b"OK\r\n"
    admin.text("drop function a")
    assert admin.text("create function c") == b"OK\r\n"


def test_names_without_end_cost_no_memory() -> None:
    world = World(most_idle=100)
    client = world.client()
    client.send(
        b"".join(
            request(PacketType.SUBMIT_JOB_BG, b"f%d" % number, b"", b"w")
            + b"cancel job H:test:%d\n" % number
            for number in range(1, 5000)
        )
    )
    known = world.engine.state
    assert len(known.functions) == len(known.idle) == 100
    assert known.idle.forgotten == 4899


def test_a_function_is_idle_once(world: World) -> None:
    listed = idle.IdleFunctions()
    function = Function(b"f", world.engine.state.policies.find(b"f"))
    for now in (1.0, 2.0, 3.0):
        listed.enlist(function, now)
    assert len(listed) == 1
    assert listed.take(HOUR + 2) is None
    assert listed.take(HOUR + 3) is function
    assert listed.take_oldest() is None


@pytest.mark.parametrize("use", [only_work, only_withdraw, only_submit_and_cancel])
def test_a_dropped_function_is_not_forgotten_in_place_of_a_later_one(
    world: World, use: Callable[[World], None]
) -> None:
    use(world)
    assert world.admin().text("drop function f") == b"OK\r\n"
    world.advance(HOUR / 2)
    worker, client = world.worker("f"), world.client()
    client.submit_job(b"f", b"", b"w")
    world.advance(HOUR / 2)
    assert rows(world) == ["f"]
    worker.grab_job()
    assert [answer.name for answer in worker.received] == ["job_assign"]


def test_what_a_store_says_of_a_dropped_function_is_not_about_a_later_one() -> None:
    world = World(store=MemoryStore(), window=1)
    client = world.client()
    for number in range(5):
        client.submit_job_bg(b"f", b"%d" % number, b"w")
    handles = [answer.arguments[0] for answer in client.received]
    world.is_committing = False
    for handle in handles:
        client.send(b"cancel job " + handle + b"\n")
    client.send(b"drop function f\n")
    world.commit_all()
    assert client.received[-1].arguments[-1].endswith(OK)
    world.advance(HOUR / 2)
    worker = world.worker("f")
    world.advance(HOUR / 2)
    assert rows(world) == ["f"]
    assert not worker.is_closed


def test_a_forgotten_function_leaves_nothing_to_the_collector() -> None:
    world = World(most_idle=1)
    gc.collect()
    gc.disable()
    try:
        before = _kept_functions()
        for number in range(50):
            only_submit_and_cancel(world, b"f%d" % number)
            only_submit_and_cancel(world, b"dropped-%d" % number)
            assert world.admin().text(b"drop function dropped-%d" % number) == OK
        assert _kept_functions() - before <= 2
    finally:
        gc.enable()


def _kept_functions() -> int:
    return sum(isinstance(each, Function) for each in gc.get_objects())
