"""What operators set at run time is there again after a restart."""

from __future__ import annotations

import json

import pytest

from geartrain.engine.batches import Batch
from geartrain.stores.memory import MemoryStore
from tests.support.dialogue import World
from tests.support.stored_engine import read_rows, rows, stored


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
