"""What the engine asks a store, and whether the question arrives."""

from __future__ import annotations

import pytest

from geartrain.engine.queries import (
    DuePage,
    FindDead,
    FindJob,
    FindKey,
    ListDead,
    ListJobs,
    Page,
    Query,
)
from tests.support.dialogue import H1, WALL_START, World
from tests.support.stored_engine import DAY, bury, grab, stored, submit, submit_due


@pytest.mark.parametrize(
    "query",
    [
        Page(b"f", 1, 0, 10),
        DuePage(b"f", 1, (0.0, 0), 5.0, 10),
        FindJob(1),
        FindKey(b"u", None),
        ListJobs(b"", 10, None),
        ListDead(0, 10, None),
        FindDead(1),
    ],
)
def test_a_query_begins_unanswered(query: Query) -> None:
    assert (query.error, query.damaged) == ("", [])
    if isinstance(query, FindJob | FindKey | FindDead):
        assert query.record is None
    else:
        assert isinstance(query, Page | DuePage | ListJobs | ListDead)
        assert query.records == []


def test_a_list_of_jobs_is_of_all_unless_it_says_otherwise() -> None:
    query = ListJobs(b"", 10, None)
    assert (query.due_from, query.due_until) == (0.0, float("inf"))
    assert query.following == b""


def crowded() -> World:
    """Return a world with a dead letter, two ready jobs and two delayed ones."""
    world = stored(1)
    client = world.client()
    bury(world, client, "dead")
    submit(client, "w2", "w3")
    submit_due(client, WALL_START + DAY, "w4")
    submit_due(client, WALL_START + DAY, "w5")
    world.is_committing = False
    return world


def asked(world: World) -> Query:
    (query,) = world.commit().queries
    return query


def test_a_page_goes_on_behind_the_last() -> None:
    world = crowded()
    grab(world.worker("f"))
    query = asked(world)
    assert isinstance(query, Page)
    assert (query.function, query.priority, query.most) == (b"f", 1, 1)
    assert query.after < 3


def test_a_page_of_due_jobs_is_up_to_the_time() -> None:
    world = stored(1)
    client, worker = world.client(), world.worker("f")
    for number in range(2):
        submit_due(client, WALL_START + DAY, f"w{number}")
    world.is_committing = False
    world.advance(DAY)
    grab(worker)
    query = asked(world)
    assert isinstance(query, DuePage)
    assert (query.function, query.priority, query.most) == (b"f", 1, 1)
    assert query.until == WALL_START + DAY
    assert [record.number for record in query.records] == [1]


@pytest.mark.parametrize(
    ("line", "kind", "fields"),
    [
        ("cancel job H:test:3", FindJob, {"number": 3}),
        ("dead show H:test:1", FindDead, {"number": 1}),
        ("dead retry H:test:1", FindDead, {"number": 1}),
        ("dead drop H:test:1", FindDead, {"number": 1, "with_workload": False}),
        ("dead list function=f limit=7 after=4", ListDead, {"after": 4, "most": 7}),
        ("jobs unique=u", FindKey, {"key": b"u", "function": b"f"}),
        ("jobs after=store-2 limit=7", ListJobs, {"after": b"2", "most": 7}),
        (
            "jobs after=store- state=scheduled",
            ListJobs,
            {"due_from": WALL_START, "function": None},
        ),
        (
            "jobs after=store- state=ready function=f",
            ListJobs,
            {"due_until": WALL_START, "function": b"f"},
        ),
    ],
)
def test_a_text_command_asks_for_just_what_it_needs(
    line: str, kind: type[Query], fields: dict[str, object]
) -> None:
    world = crowded()
    world.admin().send(line.encode() + b"\n")
    query = asked(world)
    assert type(query) is kind
    assert {name: getattr(query, name) for name in fields} == fields


@pytest.mark.parametrize(
    "line",
    [
        "job H:test:2",
        "cancel job H:test:2",
        "jobs state=running",
        "cancel job H:test:99",
    ],
)
def test_what_is_known_is_not_asked(line: str) -> None:
    world = crowded()
    world.admin().send(line.encode() + b"\n")
    batch = world.engine.take_batch()
    queries = [] if batch is None else batch.queries
    assert all(isinstance(query, Page) for query in queries)


def test_a_status_asks_for_a_job_that_is_not_in_memory_alone() -> None:
    world = crowded()
    client = world.client()
    client.get_status(b"H:test:2")
    assert world.engine.take_batch() is None
    client.get_status(b"H:test:3")
    query = asked(world)
    assert isinstance(query, FindJob)
    assert query.number == 3
    client.get_status_unique(b"u")
    query = asked(world)
    assert isinstance(query, FindKey)
    assert (query.key, query.function) == (b"u", None)


def test_a_foreground_submission_asks_only_where_jobs_are_not_in_memory() -> None:
    world = crowded()
    client = world.client()
    client.submit_job(b"g", b"u", b"w")
    client.submit_job(b"f", b"", b"w")
    assert world.engine.take_batch() is None
    client.submit_job(b"f", b"u", b"w")
    query = asked(world)
    assert isinstance(query, FindKey)
    assert (query.key, query.function) == (b"u", b"f")
    assert H1 not in world.engine.state.jobs
