"""The text command ``cluster``: peers, of both kinds."""

from __future__ import annotations

import json

from geartrain.engine.model.health import StoreNode
from geartrain.engine.model.links import AWAY, LinkReport
from tests.support.dialogue import (
    H1,
    DialoguePeer,
    World,
)
from tests.support.node_dialogues import node
from tests.support.wakeups import submit


def rows(admin: DialoguePeer) -> list[dict[str, object]]:
    lines = admin.text("cluster").splitlines()
    assert lines[-1] == b"."
    return [json.loads(line) for line in lines[:-1]]


def test_cluster_tells_of_nodes(
    world: World, client: DialoguePeer, admin: DialoguePeer
) -> None:
    first = node(world, "a", "f")
    submit(client)
    first.grab_job()
    own, other = rows(admin)
    assert own == {
        "role": "self",
        "node": "test",
        "identity": "0123456789abcdef",
        "store": "memory:",
        "durability": None,
    }
    assert (other["role"], other["node"]) == ("helper", "a")
    assert other["state"] == "connected"
    assert other["functions"] == ["f"]
    assert (other["running"], other["jobs"]) == (1, 1)
    first.work_complete(H1, b"")
    submit(client)
    first.grab_job()
    first.leave()
    gone = rows(admin)[1]
    assert (gone["state"], gone["jobs"], gone["failed"]) == ("away", 2, 1)


def test_a_node_that_starts_again_is_one_row(
    world: World, client: DialoguePeer, admin: DialoguePeer
) -> None:
    life = node(world, "a", "f")
    submit(client)
    life.grab_job()
    life.work_complete(H1, b"")
    life.leave()
    again = world.connect(b"a")
    again.option_req(b"node\0" + b"ab12" + b"\0a")
    (_, row) = rows(admin)
    assert (row["identity"], row["state"], row["jobs"]) == ("ab12", "connected", 1)


def test_cluster_tells_of_links(world: World, admin: DialoguePeer) -> None:
    report = LinkReport("east:4730")
    world.engine.helping.follow((report,))
    helped = rows(admin)[1]
    assert (helped["role"], helped["state"]) == ("helped", "connecting")
    assert (helped["node"], helped["since"], helped["error"]) == (None, None, None)
    report.state, report.error, report.taken = AWAY, "refused", 7
    helped = rows(admin)[1]
    assert (helped["state"], helped["error"], helped["jobs"]) == ("away", "refused", 7)


def test_cluster_tells_of_those_that_share_the_store(
    world: World, admin: DialoguePeer
) -> None:
    health = world.engine.state.health
    health.location, health.durability = "postgresql://db/jobs", "synchronous_commit=on"
    health.nodes = (
        shared("a", world.now - 1, 1, 4),
        shared("test", world.now + 9.87, 2, is_leading=True),
        shared("c", world.now + 3, 3),
    )
    own, first, last = rows(admin)
    assert own == {
        "role": "self",
        "node": "test",
        "identity": "test",
        "store": "postgresql://db/jobs",
        "durability": "synchronous_commit=on",
        "address": "test:4730",
        "host": "vm, process 7",
        "state": "leading",
        "since": 5.0,
        "lease": 9.9,
        "lanes": [2],
    }
    assert (first["role"], first["node"], first["lanes"]) == ("node", "a", [1, 4])
    assert (first["state"], first["lease"]) == ("expired", 0.0)
    assert (last["state"], last["lease"]) == ("alive", 3.0)
    # It could not reach the store, and does not know who could.
    world.engine.sharing.fence(world.now, is_fenced=True)
    world.advance(20)
    assert [each["state"] for each in rows(admin)] == ["expired", "unknown", "unknown"]


def shared(
    name: str, lease_until: float, *lanes: int, is_leading: bool = False
) -> StoreNode:
    return StoreNode(
        name=name,
        identity=name.encode(),
        address=f"{name}:4730",
        host="vm, process 7",
        started=5.0,
        lease_until=lease_until,
        lanes=lanes,
        is_leading=is_leading,
        is_self=name == "test",
    )


def test_cluster_takes_nothing(admin: DialoguePeer) -> None:
    assert admin.text("cluster now").startswith(b"ERR")
