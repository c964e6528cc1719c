"""Jobs that are at another job server, and what each does by itself."""

from __future__ import annotations

import pytest

from tests.support.access import SHOP, TOKENS, rules_of
from tests.support.dialogue import (
    World,
    echo_res,
    error,
    job_created,
    work_complete,
    work_data,
)
from tests.support.linked_worlds import LinkedWorlds, led_worlds
from tests.support.stored_engine import stored


@pytest.fixture
def linked() -> LinkedWorlds:
    worlds = LinkedWorlds(
        stored(), b=stored(handle_prefix=b"H:b"), c=stored(handle_prefix=b"H:c")
    )
    for name in ("b", "c"):
        client = worlds.others[name].client()
        client.submit_job_bg(b"f", b"u" + name.encode(), b"work" + name.encode())
    return worlds


def test_a_job_is_shown_wherever_it_is(linked: LinkedWorlds) -> None:
    admin = linked.first.admin()
    (row,) = linked.rows(admin, "job H:b:1")
    assert (row["handle"], row["workload"], row["node"]) == ("H:b:1", "workb", "b")
    (row,) = linked.rows(admin, "job uc")
    assert (row["handle"], row["node"]) == ("H:c:1", "c")
    (row,) = linked.rows(admin, "why H:c:1")
    assert (row["code"], row["node"]) == ("no_worker", "c")
    (row,) = linked.rows(admin, "result H:c:1")
    assert (row["state"], row["node"]) == ("waiting", "c")
    (row,) = linked.rows(admin, "result H:x:1")
    assert (row["state"], "node" in row) == ("unknown", False)
    assert linked.text(admin, "job H:x:1").startswith(b"ERR UNKNOWN_JOB")
    assert linked.text(admin, "job H:b:1 workload=only") == b"d29ya2I=\n.\n"


def test_a_job_is_changed_wherever_it_is(linked: LinkedWorlds) -> None:
    admin = linked.first.admin()
    assert linked.text(admin, "priority H:b:1 high") == b"OK\r\n"
    assert linked.text(admin, "move H:b:1 g") == b"OK\r\n"
    assert linked.text(admin, "cancel job H:b:1") == b"OK\r\n"
    assert linked.text(admin, "cancel job H:b:1").startswith(b"ERR UNKNOWN_JOB")
    # Whom the operator asked knows who that was.
    (row, *_) = linked.rows(admin, "actions")
    assert (row["command"], row["handle"]) == ("cancel job", "H:b:1")


def test_what_is_here_is_asked_for_nowhere_else(linked: LinkedWorlds) -> None:
    linked.first.client().submit_job_bg(b"f", b"", b"w")
    admin = linked.first.admin()
    assert linked.text(admin, "job H:test:1").startswith(b"{")
    assert linked.text(admin, "cancel job H:test:1") == b"OK\r\n"
    assert linked.asked == []


def test_who_does_not_answer_may_have_it(linked: LinkedWorlds) -> None:
    linked.silent.add("b")
    admin = linked.first.admin()
    for line in ("job H:b:1", "cancel job H:b:1", "result H:b:1", "why H:b:1"):
        answer = linked.text(admin, line)
        assert answer.startswith(b"ERR UNANSWERED b+(b:4730)+did+not+answer"), answer
    # One that knows is enough.
    assert linked.text(admin, "job H:c:1").startswith(b"{")


@pytest.mark.parametrize(
    ("who", "line", "expected"),
    [
        ("viewer", "cancel job H:b:2", b"ERR NOT_ALLOWED"),
        ("viewer", "job H:b:2", b'{"handle": "H:b:2"'),
        ("viewer", "job H:b:1", b"ERR UNKNOWN_JOB"),
        ("operator", "cancel job H:b:1", b"ERR UNKNOWN_JOB"),
        ("operator", "cancel job H:b:2", b"OK"),
        ("operator", "all cancel jobs function=f", b"ERR NOT_ALLOWED"),
        ("operator", "all cancel jobs function=mail.x", b"OK 1"),
        ("viewer", "all status", b"mail.x\t1\t0\t0\n.\n"),
        ("viewer", "all show functions", b'{"function": "mail.x"'),
        ("viewer", "all jobs", b'{"handle": "H:b:2"'),
        ("viewer", "all show jobs", b".\n"),
        ("viewer", "all statistics", b'{"function": "mail.x"'),
    ],
)
def test_rights_are_those_of_who_asks(
    linked: LinkedWorlds, who: str, line: str, expected: bytes
) -> None:
    linked.others["b"].client().submit_job_bg(b"mail.x", b"", b"w")
    linked.first.engine.set_rules(rules_of(SHOP))
    linked.first.deliver()
    peer = linked.first.admin()
    peer.option_req(b"token:" + TOKENS[who])
    assert peer.received
    answer = linked.text(peer, line)
    assert answer.startswith(expected), answer
    assert b"H:c" not in answer


def test_each_does_it_and_all_is_counted(linked: LinkedWorlds) -> None:
    linked.first.client().submit_job_bg(b"f", b"", b"w")
    admin = linked.first.admin()
    assert linked.text(admin, "all cancel jobs function=f count=yes") == b"OK 3\n"
    assert linked.text(admin, "all cancel jobs function=f") == b"OK 3\n"
    assert linked.text(admin, "all cancel jobs function=f") == b"OK 0\n"
    assert linked.text(admin, "all drop function f") == b"OK\r\n"
    assert linked.text(admin, "all drop function f") == b"ERR function not found\r\n"


def test_a_sweep_goes_on_at_each(linked: LinkedWorlds) -> None:
    for world in (linked.first, *linked.others.values()):
        for _ in range(450):
            world.client().submit_job_bg(b"f", b"", b"w")
    admin = linked.first.admin()
    after, total = "", 0
    for turn in range(100):
        line = f"all cancel jobs function=f limit=400{after}"
        _, count, *following = linked.text(admin, line).decode().split()
        total += int(count)
        if not following:
            break
        after = f" after={following[0]}"
        assert turn < 50
    assert total == 1352


def test_what_was_not_done_is_told(linked: LinkedWorlds) -> None:
    linked.silent.add("c")
    linked.first.client().submit_job_bg(b"f", b"", b"w")
    answer = linked.text(linked.first.admin(), "all cancel jobs function=f")
    assert answer.startswith(b"ERR UNANSWERED 2+were+done;+c+(c:4730)+did+not+answer")


def test_a_schedule_is_paused_wherever_it_is() -> None:
    worlds = LinkedWorlds(World(), b=World())
    worlds.others["b"].admin().text("schedule add nightly function=f every=60")
    admin = worlds.first.admin()
    assert worlds.text(admin, "all schedule pause nightly") == b"OK\r\n"
    (row,) = worlds.rows(admin, "all schedule list")
    assert row["state"] == "paused"
    answer = worlds.text(admin, "all schedule pause other")
    assert answer.startswith(b"ERR UNKNOWN_JOB")


@pytest.fixture
def led() -> LinkedWorlds:
    return led_worlds()


@pytest.mark.parametrize("line", ["schedule run nightly", "run nightly"])
def test_the_one_that_leads_runs_a_schedule(led: LinkedWorlds, line: str) -> None:
    admin = led.first.admin()
    assert led.text(admin, line) == b"OK\r\n"
    assert led.asked == [b"part %s\n" % line.encode()]
    (row,) = led.rows(admin, "schedule show nightly")
    assert (len(row["runs"]), row["node"]) == (1, "b")
    assert len(led.rows(admin, "schedule next nightly count=3")) == 3


def test_who_is_asked_runs_it_where_the_one_that_leads_cannot_be(
    led: LinkedWorlds,
) -> None:
    admin = led.first.admin()
    led.others["b"].admin().text("schedule remove nightly")
    assert led.text(admin, "schedule run nightly") == b"OK\r\n"
    led.silent.add("b")
    said = led.text(admin, "schedule run nightly")
    assert said.startswith(b"ERR UNANSWERED b+")
    led.lose("b")
    assert led.text(admin, "schedule run nightly") == b"OK\r\n"
    assert len(led.rows(admin, "local schedule show nightly")[0]["runs"]) == 2


def test_who_is_away_follows_what_the_store_says_of_a_schedule(
    led: LinkedWorlds,
) -> None:
    led.silent.add("c")
    admin = led.first.admin()
    assert led.text(admin, "schedule pause nightly") == b"OK\r\n"
    (row,) = [each for each in led.rows(admin, "schedule list") if "name" in each]
    assert row["state"] == "paused"
    assert led.text(admin, "schedule remove nightly") == b"OK\r\n"
    said = led.text(admin, "schedule remove nightly")
    assert said.startswith(b"ERR UNANSWERED")


def test_a_time_is_skipped_by_the_one_that_leads_or_not_at_all(
    led: LinkedWorlds,
) -> None:
    admin = led.first.admin()
    assert led.text(admin, "schedule skip nightly") == b"OK\r\n"
    (row,) = led.rows(admin, "schedule show nightly")
    assert [each["outcome"] for each in row["runs"]] == ["skipped"]
    led.lose("b")
    said = led.text(admin, "schedule skip nightly")
    assert said.startswith(b"ERR UNANSWERED")
    (row,) = led.rows(admin, "local schedule show nightly")
    assert row["runs"] == []


def test_a_schedule_of_all_is_shown_once(led: LinkedWorlds) -> None:
    answer = led.text(led.first.admin(), "show schedules")
    assert answer.count(b"nightly") == 1


@pytest.mark.parametrize(
    ("who", "expected"), [("viewer", b"ERR NOT_ALLOWED"), ("operator", b"OK")]
)
def test_who_runs_a_schedule_has_the_right_to(
    led: LinkedWorlds, who: str, expected: bytes
) -> None:
    admin = led.first.admin()
    led.text(admin, "schedule change nightly function=mail.x")
    led.first.engine.set_rules(rules_of(SHOP))
    led.first.deliver()
    peer = led.first.admin()
    peer.option_req(b"token:" + TOKENS[who])
    assert peer.received
    assert led.text(peer, "schedule run nightly").startswith(expected)


def test_a_job_elsewhere_is_followed_to_its_end(linked: LinkedWorlds) -> None:
    client = linked.first.client()
    client.send(b"follow H:b:1\n")
    # It is not kept waiting meanwhile.
    client.echo_req(b"still here")
    assert client.received == [echo_res(b"still here")]
    other = linked.others["b"]
    worker = other.worker("f")
    worker.grab_job()
    worker.work_complete(b"H:b:1", b"\xffdone")
    other.admin().text("policy f result_ttl=60")
    linked.let_answer()
    # No policy kept it.
    (answer,) = client.received
    assert answer == error(b"NO_RESULT", answer.arguments[1])
    worker.work_complete(b"H:b:1", b"again")
    other.client().submit_job_bg(b"f", b"", b"w")
    worker.grab_job()
    worker.work_data(b"H:b:2", b"\xffdo")
    worker.work_complete(b"H:b:2", b"ne")
    client.send(b"follow H:b:2\n")
    linked.let_answer()
    assert client.received == [
        job_created(b"H:b:2"),
        work_data(b"H:b:2", b"\xffdo"),
        work_complete(b"H:b:2", b"ne"),
    ]
    client.send(b"follow H:x:1\n")
    linked.let_answer()
    assert client.received == [error(b"UNKNOWN_JOB", b"There is no such job")]
    linked.silent.add("c")
    client.send(b"follow H:x:1\n")
    linked.let_answer()
    assert client.received[0].arguments[0] == b"UNANSWERED"


def test_who_leaves_is_told_no_end(linked: LinkedWorlds) -> None:
    client = linked.first.client()
    client.send(b"follow H:b:1\n")
    client.leave()
    linked.let_answer()
