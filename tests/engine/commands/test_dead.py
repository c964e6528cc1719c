"""Dead letters: listed, shown, tried again, and dropped."""

from __future__ import annotations

import pytest

from tests.support.dialogue import (
    H1,
    H2,
    WALL_START,
    World,
    job_assign,
    job_created,
    noop,
    status_res,
    text,
)
from tests.support.stored_engine import (
    bury,
    counts,
    drain,
    grab,
    handle,
    listed,
    rows,
    stored,
    submit,
)

OK = b"OK\r\n"
UNKNOWN = b"ERR UNKNOWN_JOB\r\n"


def with_dead(count: int = 3, window: int = 10) -> World:
    """Return a world with so many dead letters, whose workloads are d1, d2, …"""
    world = stored(window)
    client = world.client()
    bury(world, client, *[f"d{number}" for number in range(1, count + 1)])
    return world


def handles(world: World, line: str = "dead list") -> list[str]:
    return [row["handle"] for row in listed(world.admin(), line)]


def test_dead_letters_are_listed_without_their_workloads() -> None:
    world = with_dead(2)
    one, two = rows(world.admin(), "dead list")
    assert (one["handle"], two["handle"]) == ("H:test:1", "H:test:2")
    assert one == {
        "handle": "H:test:1",
        "function": "f",
        "unique": "",
        "priority": "normal",
        "state": "dead",
        "status": "dead",
        "background": True,
        "submitted": WALL_START,
        "due": None,
        "started": WALL_START,
        "died": WALL_START,
        "worker": "- 127.0.0.1",
        "attempts": 1,
        "crashes": 0,
        "reason": "fail",
        "error": None,
        "size": 2,
        "numerator": None,
        "denominator": None,
    }


def test_a_list_can_be_of_one_function_and_in_slices() -> None:
    world = with_dead(5)
    client = world.client()
    submit(client, "other", function=b"g h")
    worker = world.worker("g h")
    worker.work_fail(grab(worker)[0])
    assert handles(world, "dead list function=g%20h") == ["H:test:6"]
    assert handles(world, "dead list function=x") == []
    for limit in (1, 2, 3, 5, 6):
        assert len(handles(world, f"dead list limit={limit}")) == 6
        assert len(handles(world, f"dead list function=f limit={limit}")) == 5
    slice_ = rows(world.admin(), "dead list limit=2 after=2")
    assert [each.get("handle") for each in slice_] == ["H:test:3", "H:test:4", None]
    assert slice_[-1] == {"after": "4"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("dead", "dead+takes+list+or+groups,+or+show,+retry+or+drop+and+a+handle"),
        ("dead show", "dead+takes+list+or+groups,+or+show,+retry+or+drop+and+a+handle"),
        (
            "dead drop H:test:1 H:test:2",
            "dead+takes+list+or+groups,+or+show,+retry+or+drop",
        ),
        ("dead bury H:test:1", "dead+takes+list+or+groups,+or+show,+retry+or+drop"),
        ("dead list limit=0", "limit+is+a+number+from+1"),
        ("dead list limit=x", "limit+is+a+number,+not+'x'"),
        ("dead list after=-1", "after+is+a+number,+not+'-1'"),
        (
            "dead list state=ready",
            "'state'+is+none+of+function=,+reason=,+unique=,+owner=,+error=",
        ),
        ("dead list f", "'f'+is+none+of+function=,+reason=,+unique=,+owner=,+error="),
    ],
)
def test_wrong_words_are_refused_with_the_reason(line: str, reason: str) -> None:
    answer = with_dead().admin().text(line).decode()
    assert answer.startswith(f"ERR INVALID_ARGUMENTS {reason}")


@pytest.mark.parametrize("what", ["show", "retry", "drop"])
@pytest.mark.parametrize(
    "name", ["H:test:4", "H:test:99", "H:other:1", "x", "H:test:", ":", "1" * 30]
)
def test_what_is_no_dead_letter_is_unknown(what: str, name: str) -> None:
    world = with_dead()
    submit(world.client(), "alive")
    assert world.admin().text(f"dead {what} {name}") == UNKNOWN
    assert handles(world) == ["H:test:1", "H:test:2", "H:test:3"]
    assert counts(world) == (1, 0)


@pytest.mark.parametrize("what", ["show", "retry", "drop"])
def test_without_a_store_there_are_none(what: str) -> None:
    admin = World().admin()
    assert admin.text(f"dead {what} H:test:1") == UNKNOWN
    assert rows(admin, "dead list") == []


def test_a_workload_that_is_no_text_is_shown_as_base64() -> None:
    world = stored()
    client, worker = world.client(), world.worker("f")
    client.submit_job_bg(b"f", b"", b"\xff\x00")
    worker.grab_job()
    worker.work_fail(H1)
    (row,) = rows(world.admin(), "dead show H:test:1")
    assert (row["workload"], row["encoding"], row["size"]) == ("/wA=", "base64", 2)


@pytest.mark.parametrize("window", [1, 10])
def test_one_tried_again_keeps_its_handle_and_has_all_its_attempts(window: int) -> None:
    world = with_dead(1, window)
    world.policy(b"f", max_attempts=2, backoff_delay=0)
    admin, worker = world.admin(), world.sleeper("f")
    assert admin.text("dead retry H:test:1") == OK
    assert handles(world) == []
    assert worker.received == [noop()]
    for _ in range(2):
        worker.grab_job()
        assert worker.received == [job_assign(H1, b"f", b"d1")]
        worker.work_fail(H1)
    (row,) = rows(admin, "dead list")
    assert (row["handle"], row["attempts"]) == ("H:test:1", 2)


@pytest.mark.parametrize("window", [1, 2, 10])
def test_many_tried_again_are_all_run(window: int) -> None:
    world = with_dead(15, window)
    admin = world.admin()
    submit(world.client(), *["w"] * 5)
    for number in range(1, 16):
        assert admin.text(f"dead retry H:test:{number}") == OK
    assert counts(world) == (20, 0)
    expected = [f"d{number}" for number in range(1, 16)] + ["w"] * 5
    assert sorted(drain(world.worker("f")).split()) == sorted(expected)
    assert counts(world.restarted()) == (0, 0)


def test_one_tried_again_is_run_after_a_restart() -> None:
    before = with_dead(1)
    assert before.admin().text("dead retry H:test:1") == OK
    world = before.restarted()
    assert handles(world) == []
    assert drain(world.worker("f")) == "d1"


def test_one_tried_again_keeps_its_unique_and_reducer() -> None:
    world = stored()
    client, worker = world.client(), world.worker("f")
    client.submit_reduce_job_background(b"f", b"u", b"sum", b"", b"w")
    worker.work_fail(grab(worker)[0])
    assert client.received == [job_created(H1)]
    assert client.text("dead retry H:test:1") == OK
    client.submit_job_bg(b"f", b"u", b"again")
    assert client.received == [job_created(H1)]
    worker.grab_job_all()
    (answer,) = worker.received
    assert answer.arguments == (H1, b"f", b"u", b"sum", b"w")


def test_one_whose_unique_another_job_has_is_run_beside_it() -> None:
    world = stored()
    client, worker = world.client(), world.worker("f")
    client.submit_job_bg(b"f", b"u", b"w1")
    worker.work_fail(grab(worker)[0])
    client.submit_job_bg(b"f", b"u", b"w2")
    assert client.received == [job_created(H1), job_created(H2)]
    assert client.text("dead retry H:test:1") == OK
    client.submit_job_bg(b"f", b"u", b"w3")
    assert client.received == [job_created(H2)]
    assert drain(worker) == "w2 w1"


def test_one_tried_again_is_a_job_for_status_and_cancel() -> None:
    world = with_dead(1, window=1)
    client = world.client()
    client.get_status(H1)
    assert client.received == [status_res(H1, b"0", b"0", b"0", b"0")]
    assert client.text("dead retry H:test:1") == OK
    client.get_status(H1)
    assert client.received == [status_res(H1, b"1", b"0", b"0", b"0")]
    assert client.text("cancel job H:test:1") == OK
    assert handles(world) == []
    assert counts(world) == (0, 0)


@pytest.mark.parametrize("first", ["retry", "drop"])
@pytest.mark.parametrize("second", ["show", "retry", "drop"])
@pytest.mark.parametrize("moment", ["pipelined", "at once", "taken", "after"])
def test_what_is_steered_twice_is_unknown_the_second_time(
    first: str, second: str, moment: str
) -> None:
    world = with_dead(2)
    world.is_committing = False
    one, two = world.admin(), world.admin()
    lines = [f"dead {what} H:test:1\n".encode() for what in (first, second)]
    if moment == "pipelined":
        one.send(lines[0] + lines[1])
        world.commit_all()
        assert one.received == [text(OK + UNKNOWN)]
    else:
        one.send(lines[0])
        batch = world.take() if moment == "taken" else None
        if moment == "after":
            world.commit()
        two.send(lines[1])
        if batch is not None:
            world.settle(batch)
        world.commit_all()
        assert (one.received, two.received) == ([text(OK)], [text(UNKNOWN)])
    assert handles(world) == ["H:test:2"]
    assert drain(world.worker("f")) == ("d1" if first == "retry" else "")


def test_one_tried_again_and_failed_again() -> None:
    world = with_dead(1)
    world.is_committing = False
    admin, worker = world.admin(), world.worker("f")
    admin.send(b"dead retry H:test:1\n")
    world.commit()
    assert grab(worker) == (b"", "")
    world.commit()
    worker.work_fail(grab(worker)[0])
    world.commit_all()
    assert admin.received == [text(OK)]
    assert handles(world) == ["H:test:1"]
    assert counts(world) == (0, 0)
    assert handles(world.restarted()) == ["H:test:1"]


def test_one_tried_again_and_done() -> None:
    world = with_dead(1)
    world.is_committing = False
    admin, worker = world.admin(), world.worker("f")
    admin.send(b"dead retry H:test:1\n")
    world.commit()
    assert drain(worker) == ""
    world.commit()
    assert drain(worker) == "d1"
    world.commit_all()
    assert admin.received == [text(OK)]
    again = world.restarted()
    assert (handles(again), counts(again)) == ([], (0, 0))


def test_a_letter_on_its_way_to_the_store_can_be_steered() -> None:
    world = stored()
    world.is_committing = False
    client, worker = world.client(), world.worker("f")
    submit(client, "w1", "w2")
    worker.work_fail(grab(worker)[0])
    worker.work_fail(grab(worker)[0])
    one, two = world.admin(), world.admin()
    one.send(b"dead retry H:test:1\n")
    two.send(b"dead drop H:test:2\n")
    world.commit_all()
    assert one.received == two.received == [text(OK)]
    assert handles(world) == []
    assert drain(worker) == "w1"


def test_a_dropped_letter_is_gone_after_a_restart() -> None:
    before = with_dead(2)
    assert before.admin().text("dead drop H:test:1") == OK
    assert handles(before) == ["H:test:2"]
    assert handles(before.restarted()) == ["H:test:2"]


def test_a_function_with_dead_letters_is_not_dropped() -> None:
    world = with_dead(1)
    admin = world.admin()
    refusal = b"ERR DEAD_LETTERS drop+the+function's+dead+letters+first\r\n"
    assert admin.text("drop function f") == refusal
    world = world.restarted()
    admin = world.admin()
    assert admin.text("drop function f") == refusal
    assert admin.text("dead drop H:test:1") == OK
    assert admin.text("drop function f") == OK


def test_a_peer_that_leaves_while_it_asks_has_asked_for_nothing() -> None:
    world = with_dead(2)
    world.is_committing = False
    leaving, staying = world.admin(), world.admin()
    leaving.send(b"dead retry H:test:1\n")
    staying.send(b"dead retry H:test:2\n")
    leaving.leave()
    world.commit_all()
    assert staying.received == [text(OK)]
    assert handles(world) == ["H:test:1"]


def test_commands_behind_one_that_asks_are_answered_after_it() -> None:
    world = with_dead(2)
    world.is_committing = False
    admin = world.admin()
    admin.send(b"dead drop H:test:1\nversion\ndead show H:test:1\ndead drop H:test:2\n")
    admin.submit_job(b"f", b"", b"w")
    assert admin.received == []
    world.commit_all()
    said, created = admin.received
    assert said == text(OK + b"OK 9.8.7\n" + UNKNOWN + OK)
    assert created == job_created(handle(3))


def failed(world: World, function: bytes, *errors: bytes) -> None:
    """Have jobs of a function die of exceptions, or of nothing that is said."""
    worker = world.worker(function.decode())
    client = world.client()
    for error in errors:
        submit(client, "w", function=function)
        job, _ = grab(worker)
        if error:
            worker.work_exception(job, error)
        else:
            worker.work_fail(job)
    worker.leave()


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_the_newest_come_first_if_asked_for(limit: int) -> None:
    world = with_dead(5)
    admin = world.admin()
    found, after = [], ""
    while True:
        some = rows(admin, f"dead list order=newest limit={limit}{after}")
        found += [row["handle"] for row in some if "handle" in row]
        if "after" not in some[-1]:
            break
        after = f" after={some[-1]['after']}"
        if some[-1]["after"] == "1":
            break
    assert found == [f"H:test:{number}" for number in range(5, 0, -1)]


def test_lists_of_letters_take_a_reason_and_a_text() -> None:
    world = stored()
    failed(world, b"f", b"no such picture 1", b"", b"disk full", b"no such picture 2")
    assert handles(world, "dead list reason=fail") == ["H:test:2"]
    assert handles(world, "dead list error=such%20pic") == ["H:test:1", "H:test:4"]
    first = rows(world.admin(), "dead list order=newest error=such limit=1")
    assert [row.get("handle") for row in first] == ["H:test:4", None]
    assert handles(world, "dead list error=nothing") == []
    for words in ("order=up", "limit=0", "after=x", "colour=red"):
        assert world.admin().text(f"dead list {words}").startswith(b"ERR INVALID_ARG")
