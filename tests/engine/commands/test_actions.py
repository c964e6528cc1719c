"""``actions``: what operators changed, and who they were."""

from __future__ import annotations

from typing import Any

import pytest

from geartrain.engine.batches import Batch
from geartrain.stores.memory import MemoryStore
from tests.support.dialogue import World
from tests.support.stored_engine import bury, listed, rows, stored, submit


def told(world: World, filters: str = "") -> list[dict[str, Any]]:
    """Return the log, the earliest first."""
    return listed(world.admin(), f"actions{filters}")[::-1]


def test_who_did_what_and_when_is_recorded() -> None:
    world = stored()
    admin = world.connect(b"10.0.0.7")
    admin.set_client_id(b"ops laptop")
    admin.text("pause mail.*")
    world.advance(5)
    world.admin().text("policy mail.send ttl=5")
    first, second = told(world)
    assert first == {
        "number": 1,
        "time": pytest.approx(world.wall_time - 5),
        "address": "10.0.0.7",
        "client": "ops laptop",
        "principal": None,
        "command": "pause",
        "arguments": "mail.*",
        "function": "mail.*",
        "handle": "",
        "count": 1,
    }
    assert (second["command"], second["arguments"]) == ("policy", "mail.send ttl=5")
    assert (second["client"], second["address"]) == ("-", "127.0.0.1")
    assert second["time"] - first["time"] == pytest.approx(5)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("maxqueue f 5", ("maxqueue", "f", "", 1)),
        ("create function g", ("create function", "g", "", 1)),
        ("drop function g", ("drop function", "g", "", 1)),
        ("DRAIN f", ("drain", "f", "", 1)),
        ("resume *", ("resume", "*", "", 1)),
        ("cancel job H:test:4", ("cancel job", "", "H:test:4", 1)),
        ("cancel jobs function=f", ("cancel jobs", "f", "", 5)),
        ("purge f", ("purge", "f", "", 5)),
        ("priority H:test:4 low", ("priority", "", "H:test:4", 1)),
        ("priority jobs low function=f", ("priority", "f", "", 5)),
        ("move H:test:8 g", ("move", "", "H:test:8", 1)),
        ("move jobs g function=f", ("move", "f", "", 5)),
        ("run H:test:4", ("run", "", "H:test:4", 1)),
        ("dead retry H:test:1", ("dead retry", "", "H:test:1", 1)),
        ("dead drop all function=f", ("dead drop", "f", "", 3)),
        ("shutdown", ("shutdown", "", "", 1)),
    ],
)
def test_every_command_that_changes_something_is_recorded(
    line: str, expected: tuple[str, str, str, int]
) -> None:
    world = stored(2)
    bury(world, world.client(), "1", "2", "3")
    submit(world.client(), *"45678")
    world.admin().text("create function g")
    assert world.admin().text(line).startswith(b"OK")
    action = told(world)[-1]
    names = ("command", "function", "handle", "count")
    assert tuple(action[name] for name in names) == expected
    assert len(told(world)) == 2


@pytest.mark.parametrize(
    "line",
    [
        "status",
        "policy f",
        "dead list",
        "purge f count=yes",
        "dead drop all count=yes",
        "cancel job H:test:99",
        "move jobs",
        "drop function unknown",
        "actions",
        "maxqueue",
    ],
)
def test_what_changes_nothing_is_not_recorded(line: str) -> None:
    world = stored()
    submit(world.client(), "1")
    world.admin().text(line)
    assert told(world) == []


def test_the_log_outlasts_a_restart_and_is_bounded() -> None:
    world = stored()
    admin = world.admin()
    for number in range(1003):
        admin.text(f"maxqueue f{number % 7} {number}")
    world = world.restarted()
    log = told(world)
    assert [each["number"] for each in log] == list(range(4, 1004))
    world.admin().text("pause f1")
    assert told(world)[-1]["number"] == 1004
    world = world.restarted()
    assert [each["number"] for each in told(world)] == list(range(5, 1005))


def test_the_latest_come_first_in_slices_and_by_function() -> None:
    world = stored()
    admin = world.admin()
    for pattern in ("mail.send", "mail.*", "other", "*"):
        admin.text(f"pause {pattern}")
    first = rows(admin, "actions limit=3")
    assert [each.get("function") for each in first] == ["*", "other", "mail.*", None]
    assert first[-1] == {"after": "2"}
    (row,) = rows(admin, "actions after=2")
    assert row["function"] == "mail.send"
    mine = rows(admin, "actions function=mail.send")
    assert [each["function"] for each in mine] == ["*", "mail.*", "mail.send"]
    assert admin.text("actions limit=0").startswith(b"ERR INVALID_ARGUMENTS limit+is")
    assert admin.text("actions x=1").startswith(b"ERR INVALID_ARGUMENTS 'x'+is+none+of")


def test_names_are_bytes_and_what_is_long_is_cut() -> None:
    world = stored()
    world.admin().text(b"pause \xff%20" + b"x" * 900)
    world.admin().text(b"cancel jobs function=f unique=" + b"y" * 3000)
    first, second = told(world)
    assert first["function"] == "\udcff " + "x" * 900
    assert len(second["arguments"]) == 1024


def test_what_is_no_action_is_left_out_and_told_of() -> None:
    store = MemoryStore()
    store.open()
    batch = Batch(1)
    batch.entries[b"action", b"1"] = b'{"number": 1}'
    store.commit(batch)
    store.close()
    world = World(store=store)
    assert world.engine.take_notices()[0].action == "setting_lost"
    assert told(world) == []


def test_each_is_a_line_in_the_log() -> None:
    world = stored()
    admin = world.connect(b"10.0.0.7")
    admin.set_client_id(b"ops\xff")
    admin.text("pause mail.*")
    submit(world.client(), "1")
    world.admin().text("cancel job H:test:1")
    first, second = [each for each in world.notices() if each.action == "operator"]
    assert first.level == "info"
    assert first.text == (
        "an operator on '10.0.0.7' ('ops\\xff') changed 1 thing: pause mail.*"
    )
    assert first.fields() == {
        "function": b"mail.*",
        "address": b"10.0.0.7",
        "client": b"ops\xff",
    }
    assert second.fields() == {
        "handle": b"H:test:1",
        "address": b"127.0.0.1",
        "client": b"-",
    }
