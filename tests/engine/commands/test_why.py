"""The text command ``why``: how the job that it names is found."""

from __future__ import annotations

from tests.support.dialogue import text
from tests.support.stored_engine import rows, stored, submit


def test_a_store_that_cannot_say_is_named() -> None:
    world = stored()
    submit(world.client(), "w")
    world.is_committing = False
    admin = world.admin()
    admin.send(b"why H:test:9\n")
    batch = world.take()
    for query in batch.queries:
        query.error = "the disk is on fire"
    world.engine.committed(world.now)
    world.deliver()
    assert admin.received == [text(b"ERR STORE_ERROR the+disk+is+on+fire\r\n")]


def test_several_questions_are_answered_in_order() -> None:
    world = stored()
    client = world.client()
    submit(client, "one", "two")
    admin = world.admin()
    admin.send(b"why H:test:2\nwhy H:test:9\nwhy H:test:1\n")
    answers = b"".join(each.arguments[0] for each in admin.received)
    handles = [line.split(b'"')[3] for line in answers.splitlines() if line != b"."]
    assert handles == [b"H:test:2", b"H:test:9", b"H:test:1"]


def test_without_a_store_only_memory_is_asked() -> None:
    world = stored()
    (row,) = rows(world.admin(), "why nothing")
    assert row["state"] == "unknown"
