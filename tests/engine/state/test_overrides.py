"""What operators set at run time is there again after a restart."""

from __future__ import annotations

import json

import pytest

from geartrain.engine.batches import Batch
from geartrain.engine.records import COMMON_KINDS
from geartrain.stores.memory import MemoryStore
from tests.support.dialogue import World
from tests.support.stored_engine import grab, read_rows, rows, stored, submit


def restarted(world: World, **file: dict[str, int]) -> World:
    """Return a job server with the same store, and settings of the file if any."""
    assert world.store is not None
    world.store.close()
    again = World()
    for pattern, settings in file.items():
        again.engine.change_policy(pattern.encode(), settings)
    again.store = world.store
    again.engine.resume(world.store.open(), again.now, keeps_jobs=True, holds=True)
    again.deliver()
    return again


def test_policies_that_were_changed_come_back_in_their_order() -> None:
    world = stored()
    admin = world.admin()
    for line in ("z* ttl=1", "a* ttl=2", "*z ttl=3", "za delay=4", "a* delay=5"):
        assert admin.text(f"policy {line}") == b"OK\r\n"
    told = admin.text("show policies")
    for _ in range(2):
        world = restarted(world)
        assert world.admin().text("show policies") == told
    assert b" ttl=3 delay=5 " in world.admin().text("policy az")
    world.admin().text("policy b* ttl=6")
    told = world.admin().text("show policies")
    assert restarted(world).admin().text("show policies") == told


def test_what_was_changed_comes_before_the_file_and_can_be_taken_back() -> None:
    world = stored()
    world.admin().text("policy mail ttl=1")
    again = restarted(world, mail={"ttl": 5, "delay": 5})
    admin = again.admin()
    assert b" ttl=1 delay=5 " in admin.text("policy mail")
    admin.text("policy mail ttl=")
    assert b" ttl=5 delay=5 " in admin.text("policy mail")
    third = restarted(again)
    assert third.admin().text("show policies") == b".\n"


def test_functions_and_their_limits_come_back_until_they_are_dropped() -> None:
    world = stored()
    admin = world.admin()
    admin.text("create function made")
    admin.text("maxqueue limited 3 2 1")
    admin.text("maxqueue caf\udce9 1".encode(errors="surrogateescape"))
    admin.text("create function dropped")
    admin.text("drop function dropped")
    world = restarted(world)
    names = [each["function"] for each in rows(world.admin(), "show functions")]
    assert sorted(names) == ["caf\udce9", "limited", "made"]
    assert world.engine.state.functions[b"limited"].limits == [3, 2, 1]
    client = world.client()
    client.submit_job_low_bg(b"limited", b"", b"")
    client.submit_job_low_bg(b"limited", b"", b"")
    assert [each.name for each in client.received] == ["job_created", "error"]
    world.admin().text("drop function made")
    again = restarted(world)
    assert b"made" not in again.engine.state.functions


def test_the_answer_waits_until_a_change_is_durable() -> None:
    world = stored()
    world.is_committing = False
    admin = world.admin()
    for line in ("policy f ttl=1", "maxqueue f 1", "create function g"):
        assert admin.text(line) == b"", line
    batch = world.engine.take_batch()
    assert isinstance(batch, Batch)
    assert set(batch.entries) >= {
        (b"policy", b"f"),
        (b"function", b"f"),
        (b"function", b"g"),
    }


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (b"policy", b"{"),
        (b"policy", b"[]"),
        (b"policy", b'{"order": 1, "settings": {"newer": 1}}'),
        (b"policy", b'{"order": 1, "settings": 5}'),
        (b"function", b'"x"'),
        (b"function", b"5"),
    ],
)
def test_what_cannot_be_understood_is_logged_and_left_out(
    kind: bytes, value: bytes
) -> None:
    store = MemoryStore()
    store.open()
    batch = Batch(1)
    batch.entries[kind, b"f"] = value
    good = {"order": 2, "settings": {"ttl": 5}}
    batch.entries[b"policy", b"g"] = json.dumps(good).encode()
    batch.entries[b"of a newer version", b"g"] = b"?"
    store.commit(batch)
    store.close()
    world = World(store=store)
    (notice,) = world.engine.take_notices()
    assert (notice.level, notice.action) == ("warning", "setting_lost")
    assert b" ttl=5 " in world.admin().text("policy g")


def test_without_a_store_of_jobs_nothing_is_kept() -> None:
    world = World(store=MemoryStore(), keeps_jobs=False)
    assert world.admin().text("policy f ttl=1") == b"OK\r\n"
    again = restarted(world)
    assert read_rows(again.admin().text("show policies")) == []


Entries = dict[tuple[bytes, bytes], bytes | None]


def common(world: World) -> Entries:
    """Return what a store keeps of what job servers have in common."""
    assert world.store is not None
    world.store.close()
    entries = world.store.open().entries
    return {
        (each.kind, each.key): each.value
        for each in entries
        if each.kind in COMMON_KINDS
    }


def follow(other: World, one: World, before: Entries) -> Entries:
    """Have a world told what has changed in another's store; return what is there."""
    now = common(one)
    removed: Entries = dict.fromkeys(before.keys() - now.keys())
    changed = {name: now[name] for name in now if before.get(name) != now[name]}
    other.engine.sharing.follow({**changed, **removed}, other.now)
    while other.engine.has_more():
        other.engine.go_on(other.now)
    other.deliver()
    return now


def test_what_is_set_at_one_job_server_holds_at_the_other() -> None:
    one, other = stored(), stored()
    seen = follow(other, one, {})
    for line in (
        "policy a* ttl=2",
        "policy z* ttl=1 delay=7",
        "policy mail timeout=5 max_attempts=3",
        "pause a*",
        "policy z* delay=",
        "policy mail timeout=",
        "resume *",
        "drain *",
        "policy *z ttl=3",
    ):
        assert one.admin().text(line) == b"OK\r\n", line
        seen = follow(other, one, seen)
        for question in ("show policies", "policy az", "policy mail"):
            assert other.admin().text(question) == one.admin().text(question), line
    assert common(other) == {}
    one.admin().text("resume *")
    for pattern in ("a*", "z*", "mail", "*z"):
        one.admin().text(f"policy {pattern} ttl= max_attempts=")
    follow(other, one, seen)
    assert other.admin().text("show policies") == b".\n"


def test_globs_apply_in_one_order_wherever_they_were_set() -> None:
    one, other = stored(), stored()
    one.admin().text("policy a* ttl=1")
    other.admin().text("policy *a ttl=2")
    told = follow(other, one, {}), follow(one, other, {})
    assert one.admin().text("policy aa") == other.admin().text("policy aa")
    assert b" ttl=1 " in one.admin().text("policy aa")
    other.admin().text("policy b* ttl=3")
    follow(one, other, told[1])
    assert one.admin().text("show policies") == other.admin().text("show policies")


def test_a_glob_of_the_file_that_was_put_last_stays_there() -> None:
    file = {"a*": {"ttl": 1}, "*a": {"ttl": 2}}
    one, other = restarted(stored(), **file), restarted(stored(), **file)
    one.admin().text("pause a*")
    assert b" ttl=1 " in one.admin().text("policy aa")
    follow(other, one, {})
    told = one.admin().text("show policies")
    assert other.admin().text("show policies") == told
    assert restarted(one, **file).admin().text("show policies") == told


def test_a_function_that_is_paused_elsewhere_hands_out_nothing() -> None:
    one, other = stored(), stored()
    worker = other.worker("f")
    worker.pre_sleep()
    one.admin().text("pause f")
    seen = follow(other, one, {})
    submit(other.client(), "a")
    assert worker.received == []
    assert grab(worker) == (b"", "")
    one.admin().text("resume f")
    worker.pre_sleep()
    follow(other, one, seen)
    assert [each.name for each in worker.received] == ["noop"]
    assert grab(worker)[1] == "a"


def test_functions_and_limits_of_the_other_come_and_go() -> None:
    one, other = stored(), stored()
    one.admin().text("create function made")
    one.admin().text("maxqueue f 1")
    seen = follow(other, one, {})
    functions = other.engine.state.functions
    assert functions[b"made"].is_named
    submit(other.client(), "a")
    client = other.client()
    submit(client, "b")
    assert [each.name for each in client.received] == ["error"]
    one.admin().text("drop function made")
    one.admin().text("drop function f")
    follow(other, one, seen)
    assert functions[b"f"].limits == [0, 0, 0]
    assert other.engine.state.named_count == 0
    other.advance(3600.0)
    other.admin().text("status")
    assert b"made" not in functions
    assert b"f" in functions


def test_what_is_set_here_and_not_durable_yet_counts() -> None:
    one, other = stored(), stored()
    one.admin().text("policy f ttl=1")
    one.admin().text("policy g ttl=1")
    other.is_committing = False
    other.admin().text("policy f ttl=2")
    follow(other, one, {})
    assert b" ttl=2 " in other.admin().text("policy f")
    assert other.engine.take_batch() is not None
    follow(other, one, {})
    assert b" ttl=2 " in other.admin().text("policy f")
    assert b" ttl=1 " in other.admin().text("policy g")


def test_what_is_set_here_while_much_is_followed_counts() -> None:
    other = stored()
    entries: Entries = {
        (b"policy", b"f%d" % number): b'{"order": 1, "settings": {"ttl": 1}}'
        for number in range(5000)
    }
    other.engine.sharing.follow(entries, other.now)
    assert other.engine.has_more()
    other.admin().text("policy f4999 ttl=2")
    while other.engine.has_more():
        other.engine.go_on(other.now)
    assert b" ttl=1 " in other.admin().text("policy f4998")
    assert b" ttl=2 " in other.admin().text("policy f4999")


def test_what_the_other_says_that_means_nothing_is_logged() -> None:
    world = stored()
    world.engine.sharing.follow(
        {(b"policy", b"f"): b"[]", (b"new", b"f"): b"?"}, world.now
    )
    (notice,) = world.engine.take_notices()
    assert notice.action == "setting_lost"
