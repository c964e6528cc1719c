"""The text command that tells how the process is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from geartrain.engine.model.links import LinkReport
from geartrain.engine.model.vitals import Vitals
from tests.support.access import SHOP, TOKENS, rules_of
from tests.support.dialogue import World
from tests.support.node_dialogues import node


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


def test_jobs_are_counted(world: World) -> None:
    for _ in range(3):
        world.client().submit_job_bg(b"f", b"", b"w")
    world.worker("f").grab_job()
    world.client().submit_job_bg(b"g", b"", b"w")
    world.worker("g", "f")
    node(world, "b", "f")
    said = row(world)
    assert (said["waiting"], said["running"]) == (3, 1)
    # Another job server is none of its workers.
    assert said["workers"] == 2
    assert (said["node"], said["identity"]) == ("test", "0123456789abcdef")


def test_jobs_of_another_are_left_out_of_a_part(world: World) -> None:
    link = world.client()
    link.engine_peer.link = LinkReport("other:4730")
    link.submit_job(b"f", b"", b"w")
    world.client().submit_job_bg(b"f", b"", b"w")
    line = world.admin().text("part server").split(b"\n")[0]
    assert json.loads(line)["waiting"] == 1
    assert row(world)["waiting"] == 2


def test_jobs_are_counted_that_may_be_seen(world: World) -> None:
    world.engine.set_rules(rules_of(SHOP))
    submitter, viewer = world.client(), world.admin()
    submitter.option_req(b"token:" + TOKENS["all"])
    viewer.option_req(b"token:" + TOKENS["viewer"])
    assert submitter.received
    assert viewer.received
    for name in (b"mail.a", b"resize"):
        submitter.submit_job_bg(name, b"", b"w")
    assert json.loads(viewer.text("server").split(b"\n")[0])["waiting"] == 1


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


def test_many_functions_are_looked_at_in_steps(world: World) -> None:
    client = world.client()
    for number in range(600):
        client.submit_job_bg(b"f%d" % number, b"", b"w")
    assert row(world)["waiting"] == 600


def test_it_takes_no_arguments(world: World) -> None:
    assert world.admin().text("server now").startswith(b"ERR INVALID_ARGUMENTS ")
