"""How a job is found: by handles of earlier lives, and as what it is now."""

from __future__ import annotations

from geartrain.engine.model.options import EngineOptions
from tests.support.stored_engine import bury, rows, stored, submit


def test_that_it_waits_again_counts_more_than_how_it_ended() -> None:
    world = stored(1)
    world.policy(b"f", result_ttl=60)
    bury(world, world.client(), "w")
    submit(world.client(), "x", "y")
    world.admin().text("dead retry H:test:1")
    (row,) = rows(world.admin(), "result H:test:1")
    assert row["state"] == "waiting"


def test_a_handle_of_another_job_server_is_unknown() -> None:
    world = stored()
    world.policy(b"f", result_ttl=60)
    submit(world.client(), "w")
    worker = world.worker("f")
    worker.grab_job()
    worker.work_complete(b"H:test:1", b"r")
    assert EngineOptions().handle_prefix != b"H:test"
    (row,) = rows(world.admin(), "result H:elsewhere:1")
    assert row["state"] == "unknown"
