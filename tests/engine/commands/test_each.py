"""What each of several job servers does, and for whom they do it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.access import SHOP, TOKENS, rules_of
from tests.support.dialogue import DialoguePeer
from tests.support.linked_worlds import LinkedWorlds, led_worlds
from tests.support.stored_engine import rows


@pytest.fixture
def led() -> LinkedWorlds:
    worlds = led_worlds()
    for world in (worlds.first, *worlds.others.values()):
        world.admin().text("schedule add post function=mail.x every=60")
    worlds.first.engine.set_rules(rules_of(SHOP))
    worlds.first.deliver()
    return worlds


def principal(led: LinkedWorlds, name: str) -> DialoguePeer:
    peer = led.first.admin()
    peer.option_req(b"token:" + TOKENS[name])
    assert peer.received
    return peer


def schedules_of_b(led: LinkedWorlds) -> list[dict[str, Any]]:
    return rows(led.others["b"].admin(), "schedule list")


@pytest.mark.parametrize("who", ["viewer", "operator", "administrator"])
@pytest.mark.parametrize(
    ("words", "needed"),
    [
        ("pause nightly", ""),
        ("resume nightly", ""),
        ("change nightly workload=x", ""),
        ("remove nightly", ""),
        ("pause post", "operator administrator"),
        ("change post function=f", ""),
        ("change post function=mail.y", "administrator"),
        ("remove post", "administrator"),
    ],
)
def test_others_are_asked_for_what_the_one_who_asks_may_do(
    led: LinkedWorlds, who: str, words: str, needed: str
) -> None:
    before = schedules_of_b(led)
    answer = led.text(principal(led, who), f"schedule {words}")
    if who in needed.split():
        assert answer == b"OK\r\n"
        assert schedules_of_b(led) != before
    else:
        assert answer.startswith((b"ERR NOT_ALLOWED", b"ERR UNKNOWN_JOB"))
        assert schedules_of_b(led) == before
        assert led.asked == []


def test_who_hung_does_not_do_later_what_is_in_the_store() -> None:
    led = led_worlds()
    led.silent.add("c")
    assert led.text(led.first.admin(), "schedule remove nightly") == b"OK\r\n"
    (line,) = {each.rstrip(b"\n") for each in led.asked}
    hung = led.others["c"]
    hung.advance(10)
    assert hung.admin().text(line).startswith(b"ERR TOO_LATE")
    assert len(rows(hung.admin(), "schedule list")) == 1
    said = hung.admin().text("part until=soon schedule remove nightly")
    assert said.startswith(b"ERR TOO_LATE")
    assert hung.admin().text("part until=2e9 schedule remove nightly") == b"OK\r\n"


@pytest.mark.parametrize(
    ("function", "who", "expected"),
    [
        (b"mail.x", "operator", b"OK"),
        (b"mail.x", "viewer", b"ERR NOT_ALLOWED"),
        (b"f", "operator", b"ERR UNKNOWN_JOB"),
    ],
)
def test_a_clients_schedule_is_looked_at_where_it_is(
    led: LinkedWorlds, function: bytes, who: str, expected: bytes
) -> None:
    client = led.others["c"].client()
    client.submit_job_sched(function, b"u", b"*", b"*", b"*", b"*", b"*", b"w")
    handle = client.received[-1].arguments[0].decode()
    peer = principal(led, who)
    assert led.text(peer, f"schedule pause {handle}").startswith(expected)
    (row,) = rows(led.others["c"].admin(), f"schedule show {handle}")
    assert (row["state"] == "paused") is (expected == b"OK")
