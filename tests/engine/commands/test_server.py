"""The text command that tells how the process is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from geartrain.engine.model.vitals import Vitals
from tests.support.dialogue import World


def row(world: World) -> dict[str, Any]:
    line, end, rest = world.admin().text("server").split(b"\n")
    assert (end, rest) == (b".", b"")
    values: dict[str, Any] = json.loads(line)
    return values


def test_connections_are_counted_by_what_they_do(world: World) -> None:
    world.worker("f")
    world.client()
    world.client().engine_peer.has_tls = True
    said = row(world)
    assert said["connections"] == {
        # Who asks is one of them.
        "plain": {"client": 2, "worker": 1},
        "tls": {"client": 1, "worker": 0},
    }
    assert said["functions"] == 1
    assert said["memory"]["used"] > 0
    assert (said["memory"]["limit"], said["memory"]["is_full"]) == (None, False)


def test_options_are_told_as_they_were_given(world: World) -> None:
    told = (("store", "memory:", "--store"), ("http", "", "default"))
    state = world.engine.state
    state.options = replace(state.options, told=told)
    *lines, end, rest = world.admin().text("server options").split(b"\n")
    assert (end, rest) == (b".", b"")
    assert [tuple(json.loads(line).values()) for line in lines] == list(told)
    assert b"ERR INVALID" in world.admin().text("server nonsense")


def test_what_the_driver_told_is_shown(world: World) -> None:
    vitals = Vitals()
    world.engine.show_vitals(vitals)
    assert row(world)["state"] == "running"
    vitals.is_stopping, vitals.started, vitals.lag = True, 5.0, 0.25
    vitals.cpu, vitals.resident, vitals.build = 1.5, 7, "compiled"
    vitals.descriptors, vitals.most_descriptors = 8, 9
    said = row(world)
    assert (said["state"], said["started"], said["lag"]) == ("stopping", 5, 0.25)
    assert (said["cpu"], said["resident"], said["build"]) == (1.5, 7, "compiled")
    assert (said["descriptors"], said["most_descriptors"]) == (8, 9)


def test_many_connections_are_looked_at_in_steps(world: World) -> None:
    for _ in range(1000):
        world.client()
    assert row(world)["connections"]["plain"]["client"] == 1001


def test_it_takes_no_arguments(world: World) -> None:
    assert world.admin().text("server now").startswith(b"ERR INVALID_ARGUMENTS ")
