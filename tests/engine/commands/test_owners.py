"""What each owner uses of what its limits allow."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from geartrain.engine.model.limits import Limits
from tests.support.access import rules_of
from tests.support.dialogue import DialoguePeer, World
from tests.support.stored_engine import rows, stored

RULES = """
[access.web]
address = "10.0.1.0/24"
submit = "*"
max_jobs = 4
max_bytes = 1000
[access.batch]
address = "10.0.2.0/24"
submit = "*"
max_jobs = 2
max_submissions = 100
[access.ops]
address = "127.0.0.1"
administer = "*"
submit = "*"
"""


def limited() -> World:
    world = stored()
    world.engine.set_rules(rules_of(RULES))
    return world


def submit(world: World, address: bytes, count: int) -> DialoguePeer:
    client = world.connect(address)
    for _ in range(count):
        client.submit_job_bg(b"f", b"", b"12345")
    assert [each.name for each in client.received] == ["job_created"] * count
    return client


def test_those_nearest_to_a_limit_come_first() -> None:
    world = limited()
    submit(world, b"10.0.1.7", 3)
    submit(world, b"10.0.2.7", 2)
    batch, web = rows(world.admin(), "show owners")
    assert (batch["owner"], batch["used"]) == ("batch", 1.0)
    assert batch["submissions_left"] == 98
    assert batch["max_bytes"] is None
    assert web == {
        "owner": "web",
        "kind": "principal",
        "used": 0.75,
        "connections": 1,
        "max_connections": None,
        "jobs": 3,
        "recurring": 0,
        "max_jobs": 4,
        "bytes": 15,
        "recurring_bytes": 0,
        "max_bytes": 1000,
        "submissions_left": None,
        "max_submissions": None,
    }


def test_who_sees_some_functions_is_told_of_itself_alone() -> None:
    world = stored()
    world.engine.set_rules(
        rules_of(RULES.replace("max_jobs = 4", 'see = "f"\nmax_jobs = 4'))
    )
    web = submit(world, b"10.0.1.7", 1)
    submit(world, b"10.0.2.7", 1)
    assert [row["owner"] for row in rows(web, "show owners")] == ["web"]
    assert len(rows(world.admin(), "show owners")) == 2


def test_who_uses_nothing_any_more_is_not_listed() -> None:
    world = limited()
    client = submit(world, b"10.0.1.7", 1)
    world.admin().text("cancel jobs function=f")
    client.leave()
    assert rows(world.admin(), "show owners") == []


def test_addresses_are_owners_where_they_have_limits() -> None:
    world = World(limits=Limits(connections=4))
    world.client()
    (row,) = rows(world.admin(), "show owners")
    assert (row["kind"], row["owner"]) == ("address", "127.0.0.1")
    assert (row["connections"], row["max_connections"]) == (2, 4)


def test_they_are_found_by_name_and_go_on_slice_by_slice() -> None:
    world = World(limits=Limits(submissions=100))
    for number in range(150):
        world.connect(b"10.0.0.%d" % number)
    admin = world.admin()
    found = [row["owner"] for row in rows(admin, "show owners match=10.0.0.1?")]
    assert sorted(found) == [f"10.0.0.{number}" for number in range(10, 20)]
    *first, place = rows(admin, "show owners match=10.*")
    assert len(first) == 100
    last = rows(admin, f"show owners match=10.* after={quote(place['after'])}")
    assert len({row["owner"] for row in (*first, *last)}) == 150


@pytest.mark.parametrize(
    "words", ["odd=1", "limit=x", "after=x", "more"], ids=lambda words: words
)
def test_what_it_does_not_know_is_refused(words: str) -> None:
    said = World().admin().text(f"show owners {words}")
    assert said.startswith(b"ERR INVALID_ARGUMENT")
