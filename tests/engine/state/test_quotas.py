"""Quotas: jobs and bytes of each owner, from their submission until their end."""

from __future__ import annotations

import random

import pytest

from geartrain.engine.engine import Engine
from geartrain.engine.kept_entries import OWNER
from geartrain.engine.model.limits import Limits
from geartrain.errors import OptionError
from geartrain.stores.memory import MemoryStore
from tests.support.access import rules_of
from tests.support.dialogue import DialoguePeer, World

_WEB = """
[access.web]
address = "10.0.0.1"
submit = "*"
administer = "*"
max_jobs = 3
max_bytes = 1000
[access.worker]
address = "any"
work = "*"
"""
_CRON = (b"0", b"", b"", b"", b"")


def hourly(cron: str, zone: str, after: float) -> float:
    return after + 3600


def web(world: World) -> DialoguePeer:
    return world.connect(b"10.0.0.1")


def limited(store: MemoryStore | None = None, window: int = 10_000) -> World:
    world = World(hourly, store=store, window=window)
    world.engine.set_rules(rules_of(_WEB))
    return world


def use(engine: Engine, owner: bytes = b"web") -> tuple[int, int]:
    """Return an owner's jobs and their bytes."""
    usage = engine.state.usages.get(owner)
    return (usage.waiting.jobs, usage.waiting.size) if usage else (0, 0)


def kept(store: MemoryStore) -> dict[bytes, bytes]:
    """Return what a store keeps of owners; it is closed then."""
    store.close()
    entries = store.open().entries
    return {each.key: each.value for each in entries if each.kind == OWNER}


def refusal(client: DialoguePeer) -> bytes:
    """Return the text of the ERROR that was received."""
    (answer,) = client.received
    assert (answer.name, answer.arguments[0]) == ("error", b"QUEUE_ERROR")
    return answer.arguments[1]


def run_one(world: World, end: str = "work_complete") -> None:
    worker = world.worker("f")
    worker.grab_job()
    (answer,) = worker.received
    handle = answer.arguments[0]
    worker.work_complete(handle, b"") if end == "work_complete" else worker.work_fail(
        handle
    )
    worker.leave()


def test_jobs_beyond_the_number_are_refused_until_one_has_ended() -> None:
    world = limited()
    client = web(world)
    for _ in range(3):
        client.submit_job_bg(b"f", b"", b"w")
    assert len(client.received) == 3
    client.submit_job_bg(b"g", b"", b"w")
    text = refusal(client)
    assert text.startswith(b"web has 3 jobs that wait or run")
    assert b"max_jobs of [access.web] allows 3" in text
    run_one(world)
    client.submit_job_bg(b"f", b"", b"w")
    assert [each.name for each in client.received] == ["job_created"]


def test_all_connections_of_a_principal_count_together_and_others_apart() -> None:
    world = limited()
    for _ in range(3):
        web(world).submit_job(b"f", b"", b"w")
    client = web(world)
    client.submit_job(b"f", b"", b"w")
    assert b"max_jobs" in refusal(client)
    world.engine.set_rules(rules_of(_WEB.replace('"10.0.0.1"', '"10.0.0.2"')))
    world.deliver()
    other = world.connect(b"10.0.0.2")
    other.submit_job_bg(b"f", b"", b"w")
    assert b"max_jobs" in refusal(other)


def test_bytes_beyond_the_number_are_refused() -> None:
    world = limited()
    client = web(world)
    client.submit_job_bg(b"f", b"", bytes(600))
    client.submit_job_bg(b"f", b"", bytes(401))
    created, refused = client.received
    assert (created.name, refused.name) == ("job_created", "error")
    assert b"have 600 bytes; with 401 more" in refused.arguments[1]
    assert b"max_bytes of [access.web]" in refused.arguments[1]
    client.submit_job_bg(b"f", b"", bytes(400))
    assert use(world.engine) == (2, 1000)


def test_a_submission_that_joins_a_job_is_no_job() -> None:
    world = limited()
    client = web(world)
    for _ in range(5):
        client.submit_job_bg(b"f", b"u", b"w")
    assert {each.name for each in client.received} == {"job_created"}
    assert use(world.engine) == (1, 1)


def test_addresses_have_limits_where_no_principal_has() -> None:
    world = World(limits=Limits(jobs=1, size=10))
    client = world.connect(b"10.0.0.7")
    client.submit_job_bg(b"f", b"", b"w")
    assert len(client.received) == 1
    client.submit_job_bg(b"f", b"", b"w")
    assert b"10.0.0.7 has 1 jobs" in (text := refusal(client))
    assert b"--max-jobs-per-address" in text
    other = world.connect(b"10.0.0.8")
    other.submit_job_bg(b"f", b"", bytes(11))
    assert b"--max-bytes-per-address" in refusal(other)


def test_a_foreground_job_counts_until_its_client_leaves() -> None:
    world = limited()
    client = web(world)
    client.submit_job(b"f", b"", b"w")
    assert use(world.engine) == (1, 1)
    client.leave()
    assert use(world.engine) == (0, 0)
    assert b"web" not in world.engine.state.usages


def test_a_job_that_is_retried_moved_or_released_counts_once() -> None:
    world = limited(MemoryStore())
    world.policy(b"f", max_attempts=3)
    client = web(world)
    client.submit_job_bg(b"f", b"", b"word")
    run_one(world, "work_fail")
    assert use(world.engine) == (1, 4)
    assert web(world).text("priority H:test:1 high").startswith(b"OK")
    assert use(world.engine) == (1, 4)
    run_one(world)
    assert use(world.engine) == (0, 0)


def test_a_dead_letter_counts_again_when_it_is_retried() -> None:
    store = MemoryStore()
    world = limited(store)
    web(world).submit_job_bg(b"f", b"", b"word")
    run_one(world, "work_fail")
    assert use(world.engine) == (0, 0)
    assert web(world).text("dead retry H:test:1").startswith(b"OK")
    assert use(world.engine) == (1, 4)
    world = world.restarted()
    assert use(world.engine) == (1, 4)
    run_one(world)
    assert use(world.engine) == (0, 0)
    assert kept(store) == {}


def test_jobs_count_after_a_restart() -> None:
    store = MemoryStore()
    world = limited(store, window=1)
    client = web(world)
    client.submit_job(b"f", b"", b"foreground")
    for _ in range(2):
        client.submit_job_bg(b"f", b"", b"w")
    assert use(world.engine) == (3, 12)
    world = world.restarted()
    world.engine.set_rules(rules_of(_WEB))
    assert use(world.engine) == (2, 2)
    client = web(world)
    client.submit_job_bg(b"f", b"", b"w")
    assert [each.name for each in client.received] == ["job_created"]
    client.submit_job_bg(b"f", b"", b"w")
    assert b"max_jobs" in refusal(client)
    for _ in range(3):
        run_one(world)
    assert use(world.engine) == (0, 0)
    assert kept(store) == {}


def test_jobs_that_the_store_refuses_or_finds_twins_do_not_count() -> None:
    store = MemoryStore()
    world = limited(store, window=1)
    client = web(world)
    client.submit_job_bg(b"f", b"", b"1")
    client.submit_job_bg(b"f", b"u", b"2")
    world.is_committing = False
    # Only the store knows that there is one with this unique.
    client.submit_job_bg(b"f", b"u", b"3")
    world.commit_all()
    assert use(world.engine) == (2, 2)
    world.is_committing = False
    client.submit_job_bg(b"f", b"", b"4")
    world.refuse("the disk is full")
    world.commit_all()
    assert use(world.engine) == (2, 2)
    assert kept(store) == {b"web": b"2 2"}


def test_a_job_that_ended_before_the_store_refused_it_ends_once() -> None:
    store = MemoryStore()
    world = limited(store)
    client = web(world)
    client.submit_job_bg(b"g", b"", b"1")
    world.is_committing = False
    client.submit_job_bg(b"f", b"", b"2")
    batch = world.take()
    run_one(world)
    world.settle(batch, "the disk is full")
    world.commit_all()
    assert use(world.engine) == (1, 1)
    assert kept(store) == {b"web": b"1 1"}


def test_recurring_jobs_and_what_they_submit_count() -> None:
    store = MemoryStore()
    world = limited(store)
    client = web(world)
    for name in (b"a", b"b", b"c"):
        client.submit_job_sched(b"f", name, *_CRON, b"w")
    assert {each.name for each in client.received} == {"job_created"}
    client.submit_job_sched(b"f", b"d", *_CRON, b"w")
    assert refusal(client).startswith(b"web has 3 recurring jobs")
    # To change one is to have no more.
    client.submit_job_sched(b"f", b"c", *_CRON, bytes(900))
    assert len(client.received) == 1
    client.submit_job_sched(b"f", b"c", *_CRON, bytes(999))
    assert b"max_bytes" in refusal(client)
    world.advance(3601)
    assert use(world.engine) == (3, 902)
    world = world.restarted(hourly)
    usage = world.engine.state.usages[b"web"]
    assert (usage.recurring.jobs, usage.recurring.size) == (3, 902)
    assert use(world.engine) == (3, 902)


def test_limits_that_go_leave_what_counts() -> None:
    world = limited()
    client = web(world)
    for _ in range(3):
        client.submit_job_bg(b"f", b"", b"w")
    assert len(client.received) == 3
    world.engine.set_rules(rules_of(_WEB.replace("max_", "#")))
    world.deliver()
    client.submit_job_bg(b"f", b"", b"w")
    assert [each.name for each in client.received] == ["job_created"]
    assert use(world.engine) == (3, 3)
    for _ in range(4):
        run_one(world)
    assert world.engine.state.usages == {}


@pytest.mark.parametrize("seed", range(5))
def test_at_random_the_count_is_that_of_the_jobs(seed: int) -> None:
    chance = random.Random(seed)
    store = MemoryStore()
    rules = _WEB.replace("max_jobs = 3", "max_jobs = 30").replace("1000", "500")
    world = World(store=store, window=2)
    world.engine.set_rules(rules_of(rules))
    clients = [web(world) for _ in range(3)]
    for _ in range(400):
        client = chance.choice(clients)
        workload = bytes(chance.randrange(40))
        unique = chance.choice((b"", b"u", b"v"))
        match chance.randrange(9):
            case 0 | 1 | 2:
                client.submit_job_bg(b"f", unique, workload)
            case 3:
                client.submit_job(b"f", unique, workload)
            case 4:
                client.leave()
                clients[clients.index(client)] = web(world)
            case 5:
                if world.engine.state.functions.get(b"f"):
                    _run_any(world, chance)
            case 6:
                web(world).text("dead retry all")
            case 7:
                world.is_committing = chance.random() < 0.5
                world.deliver()
            case _:
                web(world).text(f"cancel job H:test:{chance.randrange(400)}")
    world.commit_all()
    for client in clients:
        client.leave()
    world = world.restarted()
    listed = [each for each in _rows(world) if each.startswith(b"{")]
    assert use(world.engine)[0] == len(listed)
    assert kept(store).get(b"web", b"0 0") == b"%d %d" % use(world.engine)


def _run_any(world: World, chance: random.Random) -> None:
    worker = world.worker("f")
    worker.grab_job()
    for answer in worker.received:
        if answer.name == "job_assign":
            if chance.random() < 0.3:
                worker.work_fail(answer.arguments[0])
            else:
                worker.work_complete(answer.arguments[0], b"")
    worker.leave()


def _rows(world: World) -> list[bytes]:
    return world.connect(b"127.0.0.1").text("jobs limit=1000").split(b"\n")


def test_a_principal_has_no_name_like_an_address() -> None:
    for name in ("10.0.0.1", "-"):
        with pytest.raises(OptionError, match="cannot be named like an address"):
            rules_of(f'[access."{name}"]\nsubmit = "*"')
