"""Packets that ask how far a job is, wherever it is."""

from __future__ import annotations

import pytest

from tests.support.dialogue import World
from tests.support.linked_worlds import LinkedWorlds


@pytest.fixture
def linked() -> LinkedWorlds:
    worlds = LinkedWorlds(World(), b=World(handle_prefix=b"H:b"))
    other = worlds.others["b"]
    other.client().submit_job_bg(b"f", b"u", b"w")
    worker = other.worker("f")
    worker.grab_job()
    worker.work_status(b"H:b:1", b"3", b"7")
    other.client().submit_job_bg(b"f", b"v", b"w")
    return worlds


@pytest.mark.parametrize(
    ("handle", "told"),
    [
        (b"H:b:1", (b"1", b"1", b"3", b"7")),
        (b"H:b:2", (b"1", b"0", b"0", b"0")),
        (b"H:b:3", (b"0", b"0", b"0", b"0")),
    ],
)
def test_the_status_of_a_job_is_known_at_another(
    linked: LinkedWorlds, handle: bytes, told: tuple[bytes, ...]
) -> None:
    client = linked.first.client()
    client.get_status(handle)
    linked.let_answer()
    (answer,) = client.received
    assert (answer.name, answer.arguments) == ("status_res", (handle, *told))


def test_the_status_is_known_by_unique(linked: LinkedWorlds) -> None:
    client = linked.first.client()
    client.get_status_unique(b"u")
    client.get_status_unique(b"none")
    linked.let_answer()
    known, unknown = client.received
    assert known.arguments == (b"u", b"1", b"1", b"3", b"7", b"0")
    assert unknown.arguments == (b"none", b"0", b"0", b"0", b"0", b"0")


def test_a_job_of_who_does_not_answer_has_not_ended(linked: LinkedWorlds) -> None:
    linked.silent.add("b")
    client = linked.first.client()
    client.get_status(b"H:b:1")
    linked.let_answer()
    (answer,) = client.received
    assert (answer.name, answer.arguments[0]) == ("error", b"UNANSWERED")


def test_nobody_is_asked_for_a_job_that_was_here(linked: LinkedWorlds) -> None:
    client = linked.first.client()
    client.submit_job_bg(b"g", b"", b"w")
    client.get_status(b"H:test:1")
    linked.let_answer()
    assert linked.asked == []
    assert [each.name for each in client.received] == ["job_created", "status_res"]
