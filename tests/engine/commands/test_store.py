"""The text command that tells how the store is."""

from __future__ import annotations

import json
from typing import Any

from geartrain.engine.model.health import REFUSING, Health
from tests.support.dialogue import H1, World
from tests.support.stored_engine import stored, submit


def row(world: World) -> dict[str, Any]:
    line, end, rest = world.admin().text("store").split(b"\n")
    assert (end, rest) == (b".", b"")
    values: dict[str, Any] = json.loads(line)
    return values


def test_a_server_that_keeps_jobs_in_memory_says_so(world: World) -> None:
    assert row(world) == {
        "store": "memory:",
        "durability": None,
        "state": "ok",
        "reason": None,
        "since": None,
        "unsaved": 0,
        "unkept": 0,
        "size": None,
        "free": None,
        "commits": {"count": 0, "refused": 0, "seconds": 0.0, "buckets": []},
        "records": {"count": 0, "buckets": []},
        "backup": None,
        "backup_state": None,
        "backup_reason": None,
    }


def test_what_the_driver_told_is_shown(world: World) -> None:
    health = Health()
    world.engine.show_health(health)
    health.state, health.reason, health.since = REFUSING, "disk full", 5.0
    health.location, health.size, health.free = "sqlite:///a", 7, 8
    health.durability = "appendfsync=always"
    said = row(world)
    assert (said["state"], said["reason"], said["since"]) == (REFUSING, "disk full", 5)
    assert (said["store"], said["size"], said["free"]) == ("sqlite:///a", 7, 8)
    assert said["durability"] == "appendfsync=always"


def test_ends_that_are_not_saved_are_counted() -> None:
    world = stored(1)
    submit(world.client(), "w1")
    world.is_committing = False
    worker = world.worker("f")
    worker.grab_job()
    worker.work_complete(H1, b"")
    assert row(world)["unsaved"] == 1
    world.commit()
    assert row(world)["unsaved"] == 0


def test_commits_are_counted_by_time_and_size(world: World) -> None:
    health = Health()
    world.engine.show_health(health)
    health.commits.note(0.00025, 1, is_refused=False)
    health.commits.note(0.00025, 4, is_refused=True)
    said = row(world)
    assert said["commits"] == {
        "count": 2,
        "refused": 1,
        "seconds": 0.0005,
        "buckets": [0, 0, 0, 2],
    }
    assert said["records"] == {"count": 5, "buckets": [0, 1, 0, 1]}


def test_it_takes_no_arguments(world: World) -> None:
    assert world.admin().text("store now").startswith(b"ERR INVALID_ARGUMENTS ")


def test_a_backup_is_asked_for_once_and_told() -> None:
    world, health = stored(1), Health()
    world.engine.show_health(health)
    admin = world.admin()
    assert admin.text("store backup") == b"OK\r\n"
    assert health.wants_backup
    assert row(world)["backup_state"] == "running"
    assert admin.text("store backup").startswith(b"ERR BUSY ")
    health.tell_backup("failed", "/a.backup", "no room")
    said = row(world)
    assert said["backup"] == "/a.backup"
    assert (said["backup_state"], said["backup_reason"]) == ("failed", "no room")
    assert admin.text("store backup") == b"OK\r\n"


def test_nobody_else_may_ask_for_a_backup(world: World) -> None:
    far = stored(1).connect(b"192.0.2.1", is_trusted=False)
    assert far.text("store backup").startswith(b"ERR NOT_ALLOWED ")
    # In memory there is nothing to copy.
    assert world.admin().text("store backup").startswith(b"ERR NO_STORE ")
