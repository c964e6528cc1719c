"""Attempts that fail, by policy: retries, pauses, timeouts, and dead letters."""

from __future__ import annotations

import pytest

from tests.support.dialogue import (
    H1,
    H2,
    WALL_START,
    DialoguePeer,
    World,
    error,
    job_created,
    no_job,
    noop,
    option_res,
    status_res,
    work_complete,
    work_exception,
    work_fail,
    work_status,
)
from tests.support.stored_engine import (
    DAY,
    counted,
    counts,
    drain,
    grab,
    listed,
    rows,
    stored,
    submit,
    submit_due,
)

NOT_FOUND = error(b"JOB_NOT_FOUND", b"Job given in work result not found")
EXACT = {"backoff_jitter": 0}


def fail(worker: DialoguePeer, how: str = "fail") -> None:
    """Grab the job that must be there and end the attempt."""
    job, _ = grab(worker)
    assert job, "there is no job"
    if how == "fail":
        worker.work_fail(job)
    elif how == "exception":
        worker.work_exception(job, b"why")
    else:
        worker.leave()


def pauses(world: World, attempts: int, how: str = "fail") -> list[float]:
    """Have so many attempts fail; return the seconds until the next after each."""
    found = []
    for _ in range(attempts):
        worker = world.worker("f")
        fail(worker, how)
        if how == "crash":
            worker = world.worker("f")
        started = world.now
        worker.pre_sleep()
        while noop() not in worker.received:
            deadline = world.engine.deadline()
            assert deadline is not None
            world.advance(max(0.0, deadline - world.now))
        found.append(round(world.now - started, 3))
        worker.leave()
    return found


@pytest.mark.parametrize("max_attempts", [1, 2, 5])
@pytest.mark.parametrize("background", [False, True])
@pytest.mark.parametrize("how", ["fail", "exception"])
def test_a_job_is_tried_so_many_times(
    max_attempts: int, background: bool, how: str
) -> None:
    world = stored()
    world.policy(b"f", max_attempts=max_attempts)
    client, worker = world.client(), world.worker("f")
    (client.submit_job_bg if background else client.submit_job)(b"f", b"", b"w")
    for _ in range(max_attempts):
        assert client.received in ([job_created(H1)], [])
        fail(worker, how)
    assert client.received[-1:] == ([] if background else [work_fail(H1)])
    assert grab(worker) == (b"", "")
    assert counts(world) == (0, 0)
    assert len(rows(client, "dead list")) == background
    expected = {"submitted": 1, "failed": max_attempts, "retried": max_attempts - 1}
    if background:
        expected["dead"] = 1
    assert counted(world) == {name: count for name, count in expected.items() if count}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"backoff": "fixed", "backoff_delay": 2}, [2, 2, 2, 2]),
        ({"backoff": "exponential", "backoff_delay": 1.5}, [1.5, 3, 6, 12]),
        ({"backoff_delay": 1, "backoff_cap": 3}, [1, 2, 3, 3]),
        ({"backoff_delay": 0}, [0, 0, 0, 0]),
    ],
)
@pytest.mark.parametrize("how", ["fail", "exception"])
@pytest.mark.parametrize("window", [1, 10])
def test_pauses_follow_the_policy(
    settings: dict[str, str | float], expected: list[float], how: str, window: int
) -> None:
    world = stored(window)
    world.policy(b"f", max_attempts=9, **settings, **EXACT)
    submit_due(world.client(), WALL_START + 10 * DAY, "fills the window")
    submit(world.client(), "w")
    assert pauses(world, 4, how) == expected


def test_the_first_loss_of_a_worker_means_no_pause() -> None:
    world = stored()
    world.policy(b"f", max_crashes=9, backoff_delay=1, **EXACT)
    submit(world.client(), "w")
    assert pauses(world, 4, "crash") == [0, 1, 2, 4]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_crashes_have_a_limit_of_their_own(limit: int) -> None:
    world = stored()
    world.policy(b"f", max_crashes=limit, max_attempts=9, backoff_delay=0)
    client = world.client()
    client.submit_job(b"f", b"", b"w")
    for _ in range(3):
        fail(world.worker("f"))
    for _ in range(limit):
        assert client.received in ([job_created(H1)], [])
        fail(world.worker("f"), "crash")
    assert client.received == [work_fail(H1)]
    assert counts(world) == (0, 0)
    assert counted(world) == {
        "submitted": 1,
        "failed": 3,
        "crashed": limit,
        "retried": 2 + limit,
    }


@pytest.mark.parametrize("background", [False, True])
def test_an_attempt_that_runs_too_long_has_failed(background: bool) -> None:
    world = stored()
    world.policy(b"f", timeout=5, max_attempts=2, backoff_delay=0)
    client, worker = world.client(), world.worker("f")
    (client.submit_job_bg if background else client.submit_job)(b"f", b"", b"w")
    assert grab(worker)[0] == H1
    world.advance(4.999)
    assert counts(world) == (1, 1)
    world.advance(0.001)
    assert counts(world) == (1, 0)
    assert grab(worker)[0] == H1
    world.advance(5)
    assert counts(world) == (0, 0)
    told = [job_created(H1)] if background else [job_created(H1), work_fail(H1)]
    assert client.received == told
    expected = {"submitted": 1, "timed_out": 2, "retried": 1}
    assert counted(world) == expected | ({"dead": 1} if background else {})


@pytest.mark.parametrize(
    ("own", "policy", "expected"),
    [
        (0, 5, (5, "attempts")),
        (3000, 5, (3, "crashes")),
        (8000, 5, (5, "attempts")),
        (5000, 5, (5, "attempts")),
        (3000, 0, (3, "crashes")),
    ],
)
def test_the_shorter_of_two_timeouts_counts(
    own: int, policy: float, expected: tuple[float, str]
) -> None:
    seconds, counted_as = expected
    world = stored()
    world.policy(b"f", timeout=policy, max_attempts=2, backoff_delay=0)
    submit(world.client(), "w")
    worker = world.connect()
    worker.can_do_timeout(b"f", b"%d" % own)
    grab(worker)
    world.advance(seconds - 0.001)
    assert counts(world) == (1, 1)
    world.advance(0.001)
    assert counts(world) == (1, 0)
    (row,) = listed(world.admin())
    assert (row["reason"], row[counted_as]) == ("timeout", 1)
    assert row["attempts"] + row["crashes"] == 1


def test_a_timeout_set_meanwhile_is_for_the_next_attempt() -> None:
    world = stored()
    submit(world.client(), "w")
    worker = world.worker("f")
    grab(worker)
    world.policy(b"f", timeout=1)
    world.advance(DAY)
    assert counts(world) == (1, 1)


def test_a_late_result_is_refused_and_counted_once() -> None:
    world = stored()
    world.policy(b"f", timeout=5, max_attempts=3, backoff_delay=0)
    client, slow, fast = world.client(), world.worker("f"), world.worker("f")
    client.submit_job(b"f", b"", b"w")
    assert grab(slow)[0] == H1
    world.advance(5)
    assert grab(fast)[0] == H1
    slow.work_complete(H1, b"late")
    slow.work_complete(H1, b"later")
    fast.work_complete(H1, b"in time")
    assert slow.received == [NOT_FOUND, NOT_FOUND]
    assert client.received == [job_created(H1), work_complete(H1, b"in time")]
    expected = {"submitted": 1, "timed_out": 1, "retried": 1, "completed": 1}
    assert counted(world) == expected | {"refused_results": 1}


@pytest.mark.parametrize("late", ["complete", "fail", "exception", "data", "status"])
def test_every_late_word_is_refused_and_harms_nobody(late: str) -> None:
    world = stored()
    world.policy(b"f", timeout=5, max_attempts=3, backoff_delay=0)
    client, slow, fast = world.client(), world.worker("f"), world.worker("f")
    client.submit_job(b"f", b"", b"w")
    grab(slow)
    world.advance(5)
    grab(fast)
    {
        "complete": lambda: slow.work_complete(H1, b"r"),
        "fail": lambda: slow.work_fail(H1),
        "exception": lambda: slow.work_exception(H1, b"r"),
        "data": lambda: slow.work_data(H1, b"r"),
        "status": lambda: slow.work_status(H1, b"1", b"2"),
    }[late]()
    assert [answer.name for answer in slow.received] == ["error"]
    assert client.received == [job_created(H1)]
    assert counts(world) == (1, 1)
    assert counted(world)["refused_results"] == 1


def test_what_comes_for_a_job_that_never_was_is_not_counted() -> None:
    world = stored()
    worker = world.worker("f")
    worker.work_complete(H1, b"r")
    assert worker.received == [NOT_FOUND]
    assert counted(world) == {}


def test_a_job_that_waits_for_another_attempt_has_made_no_progress() -> None:
    world = stored()
    world.policy(b"f", max_attempts=2, backoff_delay=60)
    client, worker = world.client(), world.worker("f")
    client.submit_job(b"f", b"", b"w")
    grab(worker)
    worker.work_status(H1, b"5", b"10")
    worker.work_fail(H1)
    client.get_status(H1)
    assert client.received == [
        job_created(H1),
        work_status(H1, b"5", b"10"),
        status_res(H1, b"1", b"0", b"0", b"0"),
    ]


@pytest.mark.parametrize("wants", [False, True])
def test_exceptions_are_forwarded_at_the_last_attempt_only(wants: bool) -> None:
    world = stored()
    world.policy(b"f", max_attempts=3, backoff_delay=0)
    client, worker = world.client(), world.worker("f")
    if wants:
        client.option_req(b"exceptions")
        assert client.received == [option_res(b"exceptions")]
    client.submit_job(b"f", b"", b"w")
    for number in range(3):
        assert client.received in ([job_created(H1)], [])
        grab(worker)
        worker.work_exception(H1, b"no %d" % number)
        # As Perl's and Python's workers do.
        worker.work_fail(H1)
        assert worker.received == []
    last = work_exception(H1, b"no 2") if wants else work_fail(H1)
    assert client.received == [last]


def test_all_clients_of_a_job_are_told_once() -> None:
    world = stored()
    world.policy(b"f", max_attempts=2, backoff_delay=0)
    one, two, worker = world.client(), world.client(), world.worker("f")
    one.submit_job(b"f", b"u", b"w")
    fail(worker)
    two.submit_job(b"f", b"u", b"w")
    one.submit_job_bg(b"f", b"u", b"w")
    fail(worker)
    assert one.received == [job_created(H1), job_created(H1), work_fail(H1)]
    assert two.received == [job_created(H1), work_fail(H1)]
    assert len(rows(world.admin(), "dead list")) == 1


def test_a_job_nobody_waits_for_is_not_tried_again() -> None:
    world = stored()
    world.policy(b"f", max_attempts=3, backoff_delay=60)
    client, worker = world.client(), world.worker("f")
    client.submit_job(b"f", b"", b"w")
    grab(worker)
    client.leave()
    worker.work_fail(H1)
    assert counts(world) == (0, 0)
    assert rows(world.admin(), "dead list") == []


def test_a_client_that_leaves_during_a_pause_takes_its_job_along() -> None:
    world = stored()
    world.policy(b"f", max_attempts=3, backoff_delay=60)
    client, worker = world.client(), world.worker("f")
    client.submit_job(b"f", b"", b"w")
    fail(worker)
    assert counts(world) == (1, 0)
    client.leave()
    assert counts(world) == (0, 0)
    assert world.deadline() is None


def test_a_dead_letter_tells_how_it_failed() -> None:
    world = stored()
    world.policy(b"f", max_attempts=2, backoff_delay=0)
    client, worker = world.client(), world.worker("f")
    worker.set_client_id(b"w-1")
    client.submit_job_low_bg(b"f", b"u", b"work\0load")
    grab(worker)
    worker.leave()
    other = world.worker("f")
    other.set_client_id(b"w-2")
    fail(other)
    world.advance(3)
    grab(other)
    world.advance(4)
    other.work_exception(H1, b"division by \xff")
    (row,) = rows(world.admin(), "dead show H:test:1")
    story = row.pop("story")
    assert [each["outcome"] for each in story] == ["crash", "fail", "exception"]
    assert story[0]["worker"] == "w-1 127.0.0.1"
    assert row == {
        "handle": "H:test:1",
        "function": "f",
        "unique": "u",
        "priority": "low",
        "state": "dead",
        "status": "dead",
        "background": True,
        "submitted": WALL_START,
        "due": None,
        "started": WALL_START + 3,
        "died": WALL_START + 7,
        "worker": "w-2 127.0.0.1",
        "attempts": 2,
        "crashes": 1,
        "reason": "exception",
        "error": "division by \udcff",
        "size": 9,
        "numerator": None,
        "denominator": None,
        "workload": "work\0load",
        "encoding": "utf-8",
        "headers": {},
        "options": {},
    }


@pytest.mark.parametrize(
    ("how", "reason"), [("fail", "fail"), ("exception", "exception"), ("x", "crash")]
)
def test_the_reason_of_the_last_attempt_is_kept(how: str, reason: str) -> None:
    world = stored(max_crashes=1)
    submit(world.client(), "w")
    fail(world.worker("f"), how)
    (row,) = rows(world.admin(), "dead list")
    assert row["reason"] == reason
    assert (row["error"] == "why") is (how == "exception")


def test_much_that_a_worker_said_is_cut() -> None:
    world = stored()
    submit(world.client(), "w")
    worker = world.worker("f")
    grab(worker)
    worker.work_exception(H1, b"e" * 200_000)
    (row,) = rows(world.admin(), "dead show H:test:1")
    assert row["error"] == "e" * 65_536


def test_without_dead_letters_a_failed_job_is_gone() -> None:
    world = stored()
    world.policy(b"f", dead_letter=False)
    submit(world.client(), "w")
    fail(world.worker("f"))
    assert rows(world.admin(), "dead list") == []
    assert counted(world) == {"submitted": 1, "failed": 1, "dead": 1}
    assert drain(world.restarted().worker("f")) == ""


def test_so_many_dead_letters_are_kept_and_no_more() -> None:
    world = stored(most_dead=2)
    client, worker = world.client(), world.worker("f")
    submit(client, "w1", "w2", "w3")
    for _ in range(3):
        fail(worker)
    handles = [row["handle"] for row in rows(world.admin(), "dead list")]
    assert handles == ["H:test:1", "H:test:2"]
    *kept, dropped = ((each.level, each.action) for each in world.notices())
    assert kept == [("warning", "dead_letter")] * 2
    assert dropped == ("warning", "dead_letter_dropped")
    assert world.admin().text("dead drop H:test:1") == b"OK\r\n"
    submit(client, "w4")
    fail(worker)
    handles = [row["handle"] for row in rows(world.admin(), "dead list")]
    assert handles == ["H:test:2", "H:test:4"]


def test_a_failed_job_without_a_store_is_gone() -> None:
    world = World()
    client, worker = world.client(), world.worker("f")
    submit(client, "w")
    fail(worker)
    worker.grab_job()
    assert worker.received == [no_job()]
    assert rows(world.admin(), "dead list") == []


def test_a_store_that_keeps_no_jobs_keeps_dead_letters() -> None:
    world = stored(keeps_jobs=False)
    client, worker = world.client(), world.worker("f")
    world.is_committing = False
    submit(client, "w1", "w2")
    assert client.received == [job_created(H1), job_created(H2)]
    assert world.engine.take_batch() is None
    fail(worker)
    world.commit_all()
    (row,) = rows(client, "dead show H:test:1")
    assert (row["workload"], row["state"]) == ("w1", "dead")
    assert client.text("dead retry H:test:1") == b"OK\r\n"
    assert rows(client, "dead list") == []
    assert drain(worker) == "w2 w1"


def test_a_job_cancelled_while_it_runs_is_refused_at_its_end() -> None:
    world = stored()
    client, worker = world.client(), world.worker("f")
    client.submit_job(b"f", b"", b"w")
    grab(worker)
    assert world.admin().text("cancel job H:test:1") == b"OK\r\n"
    worker.work_complete(H1, b"r")
    assert worker.received == [NOT_FOUND]
    assert client.received == [job_created(H1), work_fail(H1)]
    assert counted(world) == {"submitted": 1, "cancelled": 1, "refused_results": 1}


def test_a_dead_letter_is_a_line_of_the_log() -> None:
    world = stored()
    submit(world.client(), "w1")
    worker = world.worker("f")
    grab(worker)
    worker.work_exception(b"H:test:1", b"no such\x1b picture\nat line 3\n")
    (notice,) = world.notices()
    assert notice.action == "dead_letter"
    told = "is a dead letter after 1 attempt (exception): no such\\x1b picture"
    assert notice.text == f"H:test:1 of 'f' {told}"
    assert notice.fields() == {
        "function": b"f",
        "handle": b"H:test:1",
        "error": b"no such\x1b picture",
    }
