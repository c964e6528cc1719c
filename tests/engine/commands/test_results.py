"""The ends of jobs, told in a row, and followed in packets."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from tests.support.dialogue import (
    H1,
    H2,
    WALL_START,
    error,
    job_created,
    text,
    work_complete,
    work_data,
    work_exception,
    work_fail,
)
from tests.support.kept_results import keeping, run, told
from tests.support.stored_engine import bury, stored, submit


@pytest.mark.parametrize("prefix", [b"H:a%2Fb", b"100%", b"H=x", b"a=%3D"])
def test_a_handle_is_read_as_it_is(prefix: bytes) -> None:
    world = stored(handle_prefix=prefix)
    world.policy(b"f", result_ttl=60.0)
    world.client().submit_job_bg(b"f", b"", b"w")
    run(world, result=b"done")
    handle = prefix.decode() + ":1"
    row = told(world, handle)
    assert (row["handle"], row["state"], row["result"]) == (handle, "succeeded", "done")
    # As a value it is percent-encoded, as all of them.
    assert told(world, f"handle={quote(handle)}") == row


def test_a_result_is_kept_with_its_data() -> None:
    world = keeping()
    world.client().submit_job_bg(b"f", b"u1", b"w")
    run(world, b"one ", b"two ", result="größe".encode())
    assert told(world) == {
        "handle": "H:test:1",
        "function": "f",
        "unique": "u1",
        "state": "succeeded",
        "reason": None,
        "error": None,
        "worker": "- 127.0.0.1",
        "submitted": WALL_START,
        "started": WALL_START,
        "ended": WALL_START,
        "expires": WALL_START + 60,
        "kept": "whole",
        "size": 15,
        "data_size": 8,
        "result": "one two größe",
        "encoding": "utf-8",
    }


def test_a_result_that_is_no_text_comes_as_base64() -> None:
    world = keeping()
    submit(world.client(), "w")
    run(world, result=b"\xff\0")
    row = told(world)
    assert (row["result"], row["encoding"]) == ("/wA=", "base64")
    assert row["size"] == 2


def test_an_empty_result_is_a_result() -> None:
    world = keeping()
    submit(world.client(), "w")
    run(world)
    row = told(world)
    assert (row["state"], row["kept"], row["result"]) == ("succeeded", "whole", "")


def test_a_large_result_comes_whole() -> None:
    world = keeping()
    submit(world.client(), "w")
    large = bytes(range(256)) * 2000
    run(world, large, result=large)
    assert base64.b64decode(told(world)["result"]) == large + large


def test_a_result_that_is_too_large_is_not_kept() -> None:
    world = keeping(result_size=10)
    submit(world.client(), "w", "v")
    run(world, b"12345", result=b"678901")
    run(world, b"12345", result=b"67890")
    row = told(world)
    assert (row["state"], row["kept"], row["size"]) == ("succeeded", "too_large", 11)
    assert row["result"] is None
    assert told(world, "H:test:2")["result"] == "1234567890"


def test_no_result_is_kept_without_a_policy() -> None:
    world = stored()
    submit(world.client(), "w")
    run(world, result=b"r")
    row = told(world)
    assert (row["state"], row["kept"]) == ("succeeded", "none")
    assert (row["ended"], row["worker"]) == (WALL_START, "- 127.0.0.1")


def test_without_a_history_it_is_only_known_that_it_ended() -> None:
    world = stored()
    world.policy(b"f", history=0.0)
    submit(world.client(), "w")
    run(world, result=b"r")
    row = told(world)
    assert (row["state"], row["kept"]) == ("ended", "none")


def test_the_newer_of_what_the_store_and_the_history_know_is_told() -> None:
    world = keeping()
    bury(world, world.client(), "w")
    world.policy(b"f", result_ttl=0.0)
    world.advance(5)
    world.admin().text("dead retry H:test:1")
    run(world, result=b"r")
    assert told(world)["state"] == "succeeded"


def test_what_was_never_submitted_is_unknown() -> None:
    world = keeping()
    for name in ("H:test:1", "H:other:1", "nothing", "%20"):
        assert told(world, name)["state"] == "unknown"


def test_a_result_is_found_by_its_function_and_unique() -> None:
    world = keeping()
    client = world.client()
    for number in (1, 2):
        client.submit_job_bg(b"f", b"u 1", b"w")
        run(world, result=b"r%d" % number)
    row = told(world, "function=f unique=u%201")
    assert (row["handle"], row["result"]) == ("H:test:2", "r2")
    assert told(world, "function=g unique=u%201")["state"] == "unknown"


def test_ends_without_a_result_are_told_apart() -> None:
    world = keeping(ttl=5.0)
    client = world.client()
    bury(world, client, "dies")
    submit(client, "cancelled", "expires")
    assert world.admin().text("cancel job H:test:2") == b"OK\r\n"
    world.advance(6)
    states = [told(world, f"H:test:{number}")["state"] for number in (1, 2, 3)]
    assert states == ["dead", "cancelled", "expired"]
    assert told(world)["reason"] == "fail"


def test_an_exception_is_told() -> None:
    world = keeping(dead_letter=False)
    submit(world.client(), "w")
    worker = world.worker("f")
    worker.grab_job()
    worker.work_exception(H1, b"no route")
    row = told(world)
    assert (row["state"], row["reason"]) == ("failed", "exception")
    assert (row["error"], row["kept"]) == ("no route", "none")


def test_a_dead_letter_is_told_without_a_policy() -> None:
    world = stored()
    bury(world, world.client(), "w")
    row = told(world)
    assert (row["state"], row["reason"]) == ("dead", "fail")


def test_a_dead_letter_that_is_run_again_waits() -> None:
    world = keeping()
    bury(world, world.client(), "w")
    world.admin().text("dead retry H:test:1")
    assert told(world)["state"] == "waiting"
    run(world, result=b"at last")
    assert told(world)["result"] == "at last"


def test_jobs_that_have_not_ended_are_told_apart() -> None:
    world = keeping(max_attempts=2, backoff_delay=9.0, window=4)
    client = world.client()
    submit(client, "fails", "runs", "waits")
    client.submit_job_epoch(b"f", b"", b"%d" % (WALL_START + 50), b"later")
    submit(client, "paged", "paged")
    worker = world.worker("f")
    worker.grab_job()
    worker.work_fail(H1)
    worker.grab_job()
    states = [told(world, f"H:test:{number}")["state"] for number in range(1, 7)]
    assert states == ["retrying", "running", *["waiting", "delayed"], *["waiting"] * 2]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("result", b"give+a+handle,+or+function=+and+unique="),
        ("result unique=u", b"give+a+handle,+or+function=+and+unique="),
        ("result H:test:1 unique=u function=f", b"give+a+handle"),
        ("result H:test:1 timeout=soon", b"timeout+is+seconds+from+0"),
        ("result H:test:1 wait=1", b"'wait'+is+none+of+"),
    ],
)
def test_wrong_arguments_are_named(line: str, expected: bytes) -> None:
    answer = keeping().admin().text(line)
    assert answer.startswith(b"ERR INVALID_ARGUMENTS ")
    assert expected in answer


def test_a_job_that_is_followed_is_told_of_as_if_it_had_been_submitted() -> None:
    world = keeping()
    submit(world.client(), "w")
    follower = world.client()
    follower.send(b"follow H:test:1\n")
    assert follower.received == [job_created(H1)]
    run(world, b"data", result=b"end")
    assert follower.received == [work_data(H1, b"data"), work_complete(H1, b"end")]


def test_one_who_follows_later_gets_the_data_there_is() -> None:
    world = keeping()
    submit(world.client(), "w")
    worker = world.worker("f")
    worker.grab_job()
    worker.work_data(H1, b"one ")
    worker.work_data(H1, b"two ")
    follower = world.client()
    follower.send(b"follow H:test:1\n")
    worker.work_complete(H1, b"end")
    assert follower.received == [
        job_created(H1),
        work_data(H1, b"one two "),
        work_complete(H1, b"end"),
    ]


def test_one_who_follows_when_it_has_ended_gets_what_is_kept() -> None:
    world = keeping()
    submit(world.client(), "w", "v")
    run(world, b"one ", b"two ", result=b"end")
    run(world, result=b"")
    follower = world.client()
    follower.send(b"follow H:test:1\nfollow H:test:2\n")
    assert follower.received == [
        job_created(H1),
        work_data(H1, b"one two "),
        work_complete(H1, b"end"),
        job_created(H2),
        work_complete(H2, b""),
    ]


def test_a_job_that_only_the_store_has_is_followed() -> None:
    world = keeping(window=1)
    submit(world.client(), "one", "two", "three")
    follower = world.client()
    follower.send(b"follow H:test:3\n")
    assert follower.received == [job_created(b"H:test:3")]
    for _ in range(3):
        run(world, result=b"r").leave()
    assert follower.received == [work_complete(b"H:test:3", b"r")]


def test_one_who_follows_is_told_why_it_failed_if_it_asked_for_that() -> None:
    world = keeping()
    bury(world, world.client(), "w")
    plain, asking = world.client(), world.client()
    asking.option_req(b"reasons")
    assert asking.received
    plain.send(b"follow H:test:1\n")
    asking.send(b"follow H:test:1\n")
    assert plain.received == [job_created(H1), work_fail(H1)]
    assert asking.received == [job_created(H1), work_exception(H1, b"dead")]


def test_one_who_follows_what_is_not_there_is_told_so() -> None:
    world = keeping(result_size=1)
    client = world.client()
    submit(client, "w")
    run(world, result=b"large")
    client.submit_job_bg(b"g", b"", b"w")
    assert client.received
    worker = world.worker("g")
    worker.grab_job()
    worker.work_complete(H2, b"")
    follower = world.client()
    follower.send(b"follow H:test:1\nfollow H:test:2\nfollow H:test:3\nfollow\n")
    assert [each.arguments[0] for each in follower.received] == [
        b"RESULT_TOO_LARGE",
        b"NO_RESULT",
        b"UNKNOWN_JOB",
        b"INVALID_ARGUMENT",
    ]


def test_a_result_is_told_while_it_is_not_committed() -> None:
    world = keeping()
    submit(world.client(), "w")
    world.is_committing = False
    worker = world.worker("f")
    worker.grab_job()
    worker.work_complete(H1, b"r")
    batch = world.take()
    assert list(batch.results) == [1]
    follower = world.client()
    follower.send(b"follow H:test:1\n")
    world.settle(batch)
    world.commit_all()
    assert follower.received == [job_created(H1), work_complete(H1, b"r")]


def test_a_store_that_cannot_be_read_is_named() -> None:
    world = keeping()
    submit(world.client(), "w")
    run(world, result=b"r")
    world.is_committing = False
    admin = world.admin()
    admin.send(b"result H:test:1\n")
    batch = world.take()
    assert world.store is not None
    world.store.close()
    for query in batch.queries:
        world.store.answer(query)
    world.engine.committed(world.now)
    world.deliver()
    assert admin.received == [text(b"ERR STORE_ERROR the+memory+store+is+not+open\r\n")]


def test_error_is_a_packet_where_following_fails() -> None:
    follower = keeping().client()
    follower.send(b"follow H:test:1\n")
    assert follower.received == [error(b"UNKNOWN_JOB", b"There is no such job")]


def test_a_result_is_told_up_to_some_bytes() -> None:
    world = keeping()
    submit(world.client(), "w")
    run(world, b"one ", result="größe".encode())
    row = told(world, "H:test:1 first=7")
    assert (row["result"], row["size"], row["kept"]) == ("one gr", 11, "whole")
