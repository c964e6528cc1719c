"""Jobs, told and cancelled by operators, wherever the jobs are."""

from __future__ import annotations

import base64
import json

import pytest

from tests.support.dialogue import (
    H1,
    H2,
    H3,
    H4,
    WALL_START,
    World,
    error,
    job_created,
    no_job,
    status_res,
    text,
    work_fail,
)
from tests.support.stored_engine import (
    DAY,
    bury,
    counted,
    counts,
    drain,
    grab,
    handle,
    numbers_in_memory,
    rows,
    stored,
    submit,
    submit_due,
)

OK = b"OK\r\n"
UNKNOWN = b"ERR UNKNOWN_JOB\r\n"
NOT_FOUND = error(b"JOB_NOT_FOUND", b"Job given in work result not found")


def crowded() -> World:
    """Return a world with jobs 1 to 4 of which 1 alone is in memory."""
    world = stored(1)
    submit(world.client(), "w1", "w2", "w3", "w4")
    assert numbers_in_memory(world) == [1]
    return world


def told(world: World, name: str) -> dict[str, object]:
    """Return the one row that ``job`` tells."""
    (row,) = rows(world.admin(), f"job {name}")
    return row


@pytest.mark.parametrize("number", [1, 2, 4])
def test_a_job_is_told_with_its_workload_wherever_it_is(number: int) -> None:
    row = told(crowded(), f"H:test:{number}")
    assert row == {
        "handle": f"H:test:{number}",
        "status": "waiting",
        "story": [],
        "headers": {},
        "options": {},
        "function": "f",
        "unique": "",
        "priority": "normal",
        "state": "ready",
        "background": True,
        "submitted": WALL_START,
        "due": None,
        "started": None,
        "died": None,
        "worker": None,
        "attempts": 0,
        "crashes": 0,
        "reason": None,
        "error": None,
        "size": 2,
        "numerator": None,
        "denominator": None,
        "workload": f"w{number}",
        "encoding": "utf-8",
    }


def test_a_running_job_is_told_with_its_worker() -> None:
    world = stored()
    world.client().submit_job_high(b"f", b"\xff u", b"w")
    worker = world.worker("f")
    worker.set_client_id(b"w-1")
    world.advance(5)
    grab(worker)
    row = told(world, "H:test:1")
    assert (row["state"], row["background"]) == ("running", False)
    assert (row["started"], row["worker"]) == (WALL_START + 5, "w-1 127.0.0.1")
    assert (row["unique"], row["priority"]) == ("\udcff u", "high")


@pytest.mark.parametrize("window", [1, 10])
def test_a_delayed_job_is_told_as_scheduled(window: int) -> None:
    world = stored(window)
    client = world.client()
    submit_due(client, WALL_START + DAY, "first")
    submit_due(client, WALL_START + DAY, "second")
    row = told(world, "H:test:2")
    assert (row["state"], row["due"]) == ("scheduled", WALL_START + DAY)


def test_a_delayed_job_on_its_way_to_the_store_is_scheduled() -> None:
    world = stored(1)
    world.is_committing = False
    client = world.client()
    submit_due(client, WALL_START + DAY, "first")
    submit_due(client, WALL_START + DAY, "second")
    assert told(world, "H:test:2")["state"] == "scheduled"


def test_a_dead_letter_is_told_by_its_handle() -> None:
    world = stored()
    bury(world, world.client(), "dead")
    row = told(world, "H:test:1")
    assert (row["state"], row["workload"]) == ("dead", "dead")


def test_the_jobs_of_a_unique_are_told_wherever_they_are() -> None:
    world = stored(1)
    client = world.client()
    for function in (b"f", b"g", b"h"):
        submit(client, "first", function=function)
        client.submit_job_bg(function, b"\xff%", function)
    submit(client, "last", function=b"h")
    client.submit_job(b"f", b"\xff%", b"again")
    told_rows = rows(world.admin(), "job %ff%25")
    assert {row["function"]: row["workload"] for row in told_rows} == {
        "f": "f",
        "g": "g",
        "h": "h",
    }
    assert rows(world.admin(), "jobs unique=%ff%25 function=g")[0]["function"] == "g"


def test_the_job_of_a_unique_is_told_while_it_is_on_its_way_to_the_store() -> None:
    world = stored(1)
    client = world.client()
    submit(client, "first", "second")
    world.is_committing = False
    client.submit_job_bg(b"f", b"u", b"w")
    one, two = world.admin(), world.admin()
    one.send(b"job u\n")
    two.send(b"jobs unique=u\n")
    world.commit_all()
    for admin in (one, two):
        (answer,) = admin.received
        assert b'"handle": "H:test:3"' in answer.arguments[0]
    assert len(rows(one, "job u")) == len(rows(one, "jobs unique=u")) == 1


@pytest.mark.parametrize("name", ["H:test:9", "H:other:1", "nobody", "H:test:", "%ff"])
def test_what_is_no_job_is_unknown(name: str) -> None:
    admin = crowded().admin()
    assert admin.text(f"job {name}") == UNKNOWN
    assert admin.text(f"cancel job {name}") == UNKNOWN


def test_without_a_store_a_job_is_told_and_others_are_unknown() -> None:
    world = World()
    world.client().submit_job_bg(b"f", b"u", b"w")
    assert told(world, "H:test:1") == told(world, "u")
    assert world.admin().text("job H:test:2") == UNKNOWN


def test_job_takes_one_name() -> None:
    answer = World().admin().text("job")
    assert answer.startswith(b"ERR INVALID_ARGUMENTS job+takes+one+handle+or+unique")


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_cancelled_job_is_never_run(number: int) -> None:
    world = crowded()
    admin = world.admin()
    assert admin.text(f"cancel job H:test:{number}") == OK
    assert admin.text(f"cancel job H:test:{number}") == UNKNOWN
    assert counts(world) == (3, 0)
    left = [f"w{each}" for each in range(1, 5) if each != number]
    assert drain(world.worker("f")).split() == left
    assert counted(world) == {"submitted": 4, "completed": 3, "cancelled": 1}


def test_a_job_cancelled_in_the_store_stays_so_after_a_restart() -> None:
    before = crowded()
    for number in (2, 4):
        assert before.admin().text(f"cancel job H:test:{number}") == OK
    assert drain(before.restarted().worker("f")) == "w1 w3"


@pytest.mark.parametrize("window", [1, 10])
def test_a_cancelled_delayed_job_is_never_run(window: int) -> None:
    world = stored(window)
    client = world.client()
    for number in range(1, 4):
        submit_due(client, WALL_START + 60, f"w{number}")
    assert world.admin().text("cancel job H:test:2") == OK
    world.advance(DAY)
    assert drain(world.worker("f")) == "w1 w3"


@pytest.mark.parametrize("moment", ["collected", "taken"])
@pytest.mark.parametrize("number", [1, 2])
def test_a_job_can_be_cancelled_before_it_is_durable(moment: str, number: int) -> None:
    world = stored(1)
    world.is_committing = False
    client, admin = world.client(), world.admin()
    submit(client, "w1", "w2")
    batch = world.take() if moment == "taken" else None
    admin.send(b"cancel job H:test:%d\n" % number)
    if batch is not None:
        world.settle(batch)
    world.commit_all()
    assert admin.received == [text(OK)]
    assert client.received == [job_created(H1), job_created(H2)]
    left = "w2" if number == 1 else "w1"
    assert drain(world.restarted().worker("f")) == left


def test_a_job_that_has_just_ended_is_unknown() -> None:
    world = crowded()
    worker, admin = world.worker("f"), world.admin()
    world.is_committing = False
    worker.work_complete(grab(worker)[0], b"")
    admin.send(b"cancel job H:test:1\n")
    world.commit_all()
    assert admin.received == [text(UNKNOWN)]


def test_two_that_cancel_the_same_job_are_not_both_right() -> None:
    world = crowded()
    world.is_committing = False
    one, two = world.admin(), world.admin()
    for admin in (one, two):
        admin.send(b"cancel job H:test:3\n")
    world.commit_all()
    assert (one.received, two.received) == ([text(OK)], [text(UNKNOWN)])
    assert counts(world) == (3, 0)


def test_a_job_that_comes_in_while_it_is_being_cancelled_is_cancelled() -> None:
    world = crowded()
    worker, admin = world.worker("f"), world.admin()
    world.is_committing = False
    assert grab(worker)[0] == H1
    admin.send(b"cancel job H:test:2\n")
    world.commit_all()
    assert admin.received == [text(OK)]
    assert drain(worker) == "w3 w4"


def test_a_job_that_runs_when_its_cancelling_is_carried_out() -> None:
    world = crowded()
    worker, admin, client = world.worker("f"), world.admin(), world.client()
    world.is_committing = False
    worker.work_complete(grab(worker)[0], b"")
    batch = world.take()
    admin.send(b"cancel job H:test:2\n")
    world.settle(batch)
    while (job := grab(worker)[0]) == b"":
        world.commit()
    assert job == H2
    world.commit_all()
    assert admin.received == [text(OK)]
    worker.work_complete(H2, b"r")
    assert worker.received == [NOT_FOUND]
    client.get_status(H2)
    assert client.received == [status_res(H2, b"0", b"0", b"0", b"0")]
    assert drain(worker) == "w3 w4"


# What follows one that asked, and must not take its answers for its own.
FOLLOWING = {
    "dead show H:test:9": UNKNOWN,
    "dead drop H:test:9": UNKNOWN,
    "dead list": b".\n",
    "job H:test:9": UNKNOWN,
    "cancel job H:test:9": UNKNOWN,
    "jobs unique=x": b".\n",
    "version": b"OK 9.8.7\n",
}


@pytest.mark.parametrize("asked", ["status", "status by unique", "job", "cancel"])
@pytest.mark.parametrize("following", FOLLOWING)
def test_an_answer_that_came_too_late_is_not_taken_for_another(
    asked: str, following: str
) -> None:
    world = stored(1)
    client = world.client()
    submit(client, "w1")
    client.submit_job_bg(b"f", b"u", b"w2")
    submit(client, "w3", "w4")
    worker, peer = world.worker("f"), world.client()
    world.is_committing = False
    # Job 2 comes into memory in the moment its question is answered.
    grab(worker)
    while world.engine.state.jobs.get(H2) is None:
        if not peer.engine_peer.is_asking:
            {
                "status": lambda: peer.get_status(H2),
                "status by unique": lambda: peer.get_status_unique(b"u"),
                "job": lambda: peer.send(b"job H:test:2\n"),
                "cancel": lambda: peer.send(b"cancel job H:test:2\n"),
            }[asked]()
        world.commit()
        if asked == "cancel":
            break
    world.commit_all()
    assert peer.received
    assert peer.text(following) == FOLLOWING[following]
    peer.submit_job(b"f", b"v", b"w")
    peer.get_status(H4)
    created, status = peer.received
    assert created == job_created(handle(5))
    assert status == status_res(H4, b"1", b"0", b"0", b"0")


def test_a_status_is_known_of_every_job_that_waits() -> None:
    world = crowded()
    client = world.client()
    for job in (H1, H2, H3, H4, handle(5), b"H:other:2", b"nonsense"):
        client.get_status(job)
    known = [answer.arguments[1] for answer in client.received]
    assert known == [b"1", b"1", b"1", b"1", b"0", b"0", b"0"]


def test_a_status_of_what_has_ended_is_unknown() -> None:
    world = crowded()
    drain(world.worker("f"))
    client = world.client()
    for job in (H1, H4):
        client.get_status(job)
    known = [answer.arguments[1] for answer in client.received]
    assert known == [b"0", b"0"]


def test_clients_of_a_cancelled_job_are_told_once() -> None:
    world = stored()
    one, two = world.client(), world.client()
    for client in (one, two, one):
        client.submit_job(b"f", b"u", b"w")
    assert world.admin().text("cancel job H:test:1") == OK
    assert one.received == [job_created(H1)] * 2 + [work_fail(H1)] * 2
    assert two.received == [job_created(H1), work_fail(H1)]
    worker = world.worker("f")
    worker.grab_job()
    assert worker.received == [no_job()]


@pytest.mark.parametrize(
    "line", ["cancel task H:test:1", "cancel job H:test:1 H:test:2", "cancel all x"]
)
def test_cancel_takes_the_word_job_and_a_handle(line: str) -> None:
    world = crowded()
    assert world.admin().text(line) == b"ERR UNKNOWN_ERROR\r\n"
    assert counts(world) == (4, 0)


@pytest.mark.parametrize("job", [H1, H4])
def test_a_job_is_told_without_its_workload_or_the_workload_alone(job: bytes) -> None:
    operator = crowded().client()
    whole = json.loads(operator.text(b"job " + job).splitlines()[0])
    plain = json.loads(operator.text(b"job " + job + b" workload=no").splitlines()[0])
    workload, encoding = whole.pop("workload"), whole.pop("encoding")
    assert (plain, encoding) == (whole, "utf-8")
    lines = operator.text(b"job " + job + b" workload=only").splitlines()
    assert lines == [base64.b64encode(workload.encode()), b"."]


def test_what_has_ended_has_no_workload() -> None:
    world = crowded()
    drain(world.worker("f"))
    operator = world.client()
    assert operator.text(b"job H:test:1 workload=no").startswith(b'{"handle"')
    assert operator.text(b"job H:test:1 workload=only") == b"ERR UNKNOWN_JOB\r\n"


@pytest.mark.parametrize(
    "arguments",
    [b"workload=maybe", b"workload=", b"color=red", b"a b", b"workload=no x"],
)
def test_what_job_does_not_take_is_refused(arguments: bytes) -> None:
    answer = crowded().client().text(b"job H:test:1 " + arguments)
    assert answer.startswith(b"ERR INVALID_ARGUMENTS")


# Parts of a job


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize(
    ("workload", "first", "shown", "encoding"),
    [
        (b"0123456789", 4, "0123", "utf-8"),
        (b"0123456789", 10, "0123456789", "utf-8"),
        (b"0123456789", 99, "0123456789", "utf-8"),
        ("äöü".encode(), 3, "ä", "utf-8"),
        ("ä😀".encode(), 5, "ä", "utf-8"),
        (b"\xff\x00ab", 3, "/wBh", "base64"),
        (b"ab\xc3", 9, "YWLD", "base64"),
    ],
)
def test_a_workload_is_told_up_to_some_bytes(
    number: int, workload: bytes, first: int, shown: str, encoding: str
) -> None:
    world = stored(1)
    for _ in range(2):
        world.client().submit_job_bg(b"f", b"", workload)
    assert len(numbers_in_memory(world)) == 1
    (row,) = rows(world.admin(), f"job H:test:{number} first={first}")
    assert (row["workload"], row["encoding"]) == (shown, encoding)
    assert row["size"] == len(workload)


def test_the_progress_of_a_running_job_is_told() -> None:
    world = stored()
    submit(world.client(), "w")
    worker = world.worker("f")
    job, _ = grab(worker)
    assert told(world, "H:test:1")["denominator"] is None
    for numerator, denominator, shown in (
        (b"3", b"10", (3, 10)),
        (b"0.5", b"1", (0.5, 1)),
        (b"many", b"nan", (None, None)),
        (b"7", b"0", (None, None)),
    ):
        worker.work_status(job, numerator, denominator)
        row = told(world, "H:test:1")
        assert (row["numerator"], row["denominator"]) == shown


def tail(world: World) -> tuple[object, object]:
    (row,) = rows(world.admin(), "job H:test:1 workload=no tail=yes")
    return row["data"], row["data_size"]


def test_the_data_of_a_job_is_kept_from_when_somebody_looks() -> None:
    world = stored()
    submit(world.client(), "w")
    worker = world.worker("f")
    assert tail(world) == (None, 0)
    job, _ = grab(worker)
    worker.work_data(job, b"unseen")
    assert tail(world) == ("", 0)
    worker.work_data(job, "ä1 ".encode())
    worker.work_data(job, b"2 ")
    assert tail(world) == ("ä1 2 ", 6)
    worker.work_data(job, b"x" * 9000)
    assert tail(world) == ("x" * 8192, 9006)
    worker.work_complete(job, b"r")
    assert tail(world) == ("x" * 8192, 9006)
    world.advance(30)
    assert tail(world) == (None, 0)


def test_what_is_kept_of_a_result_is_shown_to_who_looks_later() -> None:
    world = stored()
    world.policy(b"f", result_ttl=60)
    submit(world.client(), "w")
    worker = world.worker("f")
    job, _ = grab(worker)
    worker.work_data(job, b"early ")
    assert tail(world) == ("early ", 6)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("first=x", "first+is+a+number,+not+'x'"),
        ("first=99999999", "first+is+at+most+1048576+bytes"),
        ("tail=no", "tail+is+yes,+or+left+out,+not+'no'"),
        ("workload=some", "workload+is+no,+or+only,+or+left+out"),
        ("workload=no b", "'b'+is+none+of+name=,+workload="),
        ("rest=1", "'rest'+is+none+of+name=,+workload=,+first=,+tail="),
    ],
)
def test_wrong_parts_are_refused_with_the_reason(words: str, reason: str) -> None:
    answer = crowded().admin().text(f"job H:test:1 {words}").decode()
    assert answer.startswith(f"ERR INVALID_ARGUMENTS {reason}")
