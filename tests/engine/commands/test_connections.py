"""Connections: listed by what they can do, do, and have done."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.dialogue import DialoguePeer, World
from tests.support.stored_engine import grab, rows, stored, submit


def listed(world: World, arguments: str = "") -> list[dict[str, Any]]:
    """Return the connections that are no asking operator's."""
    found = rows(world.admin(), f"show connections {arguments}")
    return [row for row in found if row.get("kind") != "other"]


def ids(world: World, arguments: str = "") -> list[str]:
    """Return the client ids of connections in their order."""
    return [row["id"] for row in listed(world, arguments) if "id" in row]


def named(world: World, name: bytes, *functions: str) -> DialoguePeer:
    """Return a worker with a client id."""
    worker = world.worker(*functions)
    worker.set_client_id(name)
    return worker


def test_a_worker_tells_what_it_does_and_has_done() -> None:
    world = stored()
    worker = named(world, b"ann", "f", "g")
    connected = world.wall_time
    client = world.client()
    for _ in range(4):
        submit(client, "w")
    worker.work_complete(grab(worker)[0], b"")
    worker.work_fail(grab(worker)[0])
    job, _ = grab(worker)
    assert world.admin().text(b"fail job " + job + b" reason=crash") == b"OK\r\n"
    world.advance(5)
    job, _ = grab(worker)
    began = world.wall_time
    world.advance(60)
    (row,) = listed(world, "kind=worker")
    told = row["number"], row["since"], row["heard"]
    assert told == (1, pytest.approx(connected), pytest.approx(began))
    assert row["functions"] == ["g", "f"]
    counts = ("abilities", "running", "succeeded", "failed", "lost", "submitted")
    assert [row[name] for name in counts] == [2, 1, 1, 1, 1, 0]
    assert row["jobs"] == [
        {"handle": job.decode(), "function": "f", "started": pytest.approx(began)}
    ]


def test_a_client_tells_what_it_submitted() -> None:
    world = stored()
    client = world.client()
    client.option_req(b"reasons")
    submit(client, "a", "b")
    client.submit_job(b"f", b"", b"foreground")
    (row,) = listed(world, "kind=client")
    assert (row["submitted"], row["options"]) == (3, ["reasons"])
    assert (row["functions"], row["jobs"], row["tls"]) == ([], [], False)


def test_only_ten_jobs_of_a_worker_are_named() -> None:
    world = stored(window=50)
    worker = world.worker("f")
    for _ in range(12):
        submit(world.client(), "w")
        grab(worker)
    (row,) = listed(world, "kind=worker")
    assert (row["running"], len(row["jobs"])) == (12, 10)


def test_the_workers_of_a_function_are_listed() -> None:
    world = stored()
    named(world, b"one", "f")
    named(world, b"two", "f", "g")
    assert ids(world, "function=f") == ["one", "two"]
    assert ids(world, "function=g names=1") == ["two"]
    assert world.admin().text("show connections function=x") == (
        b"ERR UNKNOWN_FUNCTION\r\n"
    )


def test_names_in_a_row_are_limited() -> None:
    world = stored()
    named(world, b"two", "f", "g", "h")
    (row,) = listed(world, "kind=worker names=2")
    assert (row["functions"], row["abilities"]) == (["h", "g"], 3)
    (row,) = listed(world, "kind=worker names=0")
    assert (row["functions"], row["abilities"]) == ([], 3)


def test_connections_are_found_and_sorted() -> None:
    world = stored()
    workers = [named(world, name, "f") for name in (b"b", b"a", b"cb")]
    for worker, count in zip(workers, (1, 3, 2), strict=True):
        for _ in range(count):
            submit(world.client(), "w")
            worker.work_complete(grab(worker)[0], b"")
        world.advance(1)
    of = "kind=worker"
    assert ids(world, f"{of} match=B") == ["b", "cb"]
    assert ids(world, f"{of} match=b*") == ["b"]
    assert ids(world, f"{of} match=127.0") == ["b", "a", "cb"]
    assert ids(world, f"{of} sort=id") == ["a", "b", "cb"]
    assert ids(world, f"{of} sort=-id") == ["cb", "b", "a"]
    assert ids(world, f"{of} sort=succeeded") == ["a", "cb", "b"]
    assert ids(world, f"{of} sort=silent") == ["b", "a", "cb"]
    assert ids(world, f"{of} sort=number") == ["cb", "a", "b"]
    assert ids(world, f"{of} sort=-number") == ["b", "a", "cb"]
    assert ids(world, f"{of} sort=address") == ["b", "a", "cb"]


def test_slices_together_have_every_connection_once() -> None:
    world = stored()
    for number in range(7):
        named(world, b"w%d" % number, "f")
    for sort in ("number", "-number", "id", "-id", "address", "running", "-silent"):
        seen: list[str] = []
        after = ""
        while True:
            line = f"kind=worker sort={sort} limit=2{after}"
            found = rows(world.admin(), f"show connections {line}")
            seen += [row["id"] for row in found if "id" in row]
            if "after" not in found[-1]:
                break
            after = f" after={found[-1]['after'].replace(' ', '%20')}"
        assert sorted(seen) == [f"w{number}" for number in range(7)], sort


def test_one_that_leaves_while_it_is_listed_is_left_out() -> None:
    world = stored()
    for number in range(300):
        named(world, b"w%03d" % number, "f")
    leaving = named(world, b"zz", "f")
    leaving.leave()
    assert len(ids(world, "kind=worker")) == 300


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("kind=robot", "kind is one of worker, client, supervisor, other"),
        ("sort=age", "sort is one of number, address,"),
        ("limit=x", "limit is a number, not 'x'"),
        ("after=x", "after is not from a list"),
        ("age=1", "'age' is none of function=, kind=,"),
    ],
)
def test_wrong_arguments_are_named(arguments: str, reason: str) -> None:
    answer = stored().admin().text(f"show connections {arguments}").decode()
    assert answer.startswith("ERR INVALID_ARGUMENTS " + reason.replace(" ", "+"))
