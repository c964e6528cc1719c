"""What two job servers would both tell of."""

from __future__ import annotations

from math import inf

import pytest

from geartrain.engine.commands.doubles import doubles_of
from geartrain.engine.model.health import StoreNode
from geartrain.engine.model.links import LinkReport
from tests.support.dialogue import World
from tests.support.node_dialogues import node
from tests.support.stored_engine import rows


def test_nodes_are_no_workers_of_a_part(world: World) -> None:
    node(world, "a", "f")
    world.worker("f")
    admin = world.admin()
    assert admin.text("status") == b"f\t0\t0\t2\n.\n"
    assert admin.text("part status") == b"f\t0\t0\t1\n.\n"
    assert admin.text("part prioritystatus") == b"f\t0\t0\t0\t1\n.\n"
    assert b'"workers": 1' in admin.text("part show functions")
    assert b'"workers": 1' in admin.text("part statistics function=f")
    # That is about one command.
    assert admin.text("status") == b"f\t0\t0\t2\n.\n"


def test_jobs_of_others_are_no_jobs_of_a_part(world: World) -> None:
    link = world.client()
    link.engine_peer.link = LinkReport("other:4730")
    link.submit_job(b"f", b"", b"w")
    link.submit_job(b"f", b"", b"w")
    world.client().submit_job_bg(b"f", b"", b"w")
    worker = world.worker("f")
    worker.grab_job()
    admin = world.admin()
    assert admin.text("status") == b"f\t3\t1\t1\n.\n"
    assert admin.text("part status") == b"f\t1\t0\t1\n.\n"
    assert admin.text("part prioritystatus") == b"f\t0\t1\t0\t1\n.\n"
    assert admin.text("part jobs").count(b"handle") == 1
    assert admin.text("part show jobs").count(b"\n") == 2
    assert admin.text("jobs").count(b"handle") == 3


@pytest.mark.parametrize(("identity", "count"), [(b"shares", 0), (b"else", 1)])
def test_what_happened_to_a_job_of_one_that_shares_the_store_counts_there(
    world: World, identity: bytes, count: int
) -> None:
    health = world.engine.state.health
    health.nodes = (StoreNode("n", b"shares", "", "", 0.0, inf, (1,), False, False),)
    link = world.client()
    link.engine_peer.link = LinkReport("other:4730", identity)
    link.submit_job(b"f", b"", b"w")
    worker = world.worker("f")
    worker.grab_job()
    worker.work_complete(worker.received[-1].arguments[0], b"")
    admin = world.admin()
    total = rows(admin, "statistics function=f")[0]["total"]
    assert (total["submitted"], total["succeeded"]) == (count, count)
    assert total["waited"]["count"] == total["ran"]["count"] == count
    assert admin.text("part history").count(b"handle") == count
    # Its worker knows it by a handle of this job server.
    assert admin.text("history").count(b"handle") == 1


def test_who_is_told_the_whole_is_told_of_all(world: World) -> None:
    node(world, "a", "f")
    doubles = doubles_of(world.engine.state, world.admin().engine_peer)
    assert (doubles.waiting, doubles.running, doubles.workers) == ({}, {}, {})
