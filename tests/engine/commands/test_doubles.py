"""What two job servers would both tell of."""

from __future__ import annotations

from geartrain.engine.commands.doubles import doubles_of
from tests.support.dialogue import World
from tests.support.node_dialogues import node


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
    link.engine_peer.is_link = True
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


def test_who_is_told_the_whole_is_told_of_all(world: World) -> None:
    node(world, "a", "f")
    doubles = doubles_of(world.engine.state, world.admin().engine_peer)
    assert (doubles.waiting, doubles.running, doubles.workers) == ({}, {}, {})
