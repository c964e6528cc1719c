"""Options of submissions, in names of functions and in the packet before."""

from __future__ import annotations

import pytest

from tests.support.access import rules_of
from tests.support.dialogue import (
    H1,
    H2,
    WALL_START,
    DialoguePeer,
    World,
    error,
    job_assign,
    job_created,
    no_job,
    option_res,
)
from tests.support.stored_engine import drain, handle, rows, stored, submit

TAKEN = option_res(b"options")


@pytest.fixture
def world() -> World:
    """Return a world where names may have options."""
    world = stored()
    world.policy(b"*", options_in_names=True)
    return world


def announce(client: DialoguePeer, options: bytes) -> None:
    client.option_req(b"options\0" + options)
    assert client.received == [TAKEN]


def test_a_name_has_them_where_its_policy_says_so(world: World) -> None:
    client, worker = world.client(), world.worker("close-order")
    client.submit_job_bg(b"close-order?delay=20m&key=shop-7", b"", b"w")
    assert client.received == [job_created(H1)]
    worker.grab_job()
    assert worker.received == [no_job()]
    world.advance(1199)
    worker.grab_job()
    assert worker.received == [no_job()]
    world.advance(1)
    worker.grab_job()
    # The worker sees the bare name.
    assert worker.received == [job_assign(H1, b"close-order", b"w")]
    assert list(world.engine.state.functions) == [b"close-order"]
    assert world.engine.state.jobs[H1].flow_key == b"shop-7"


def test_elsewhere_a_question_mark_is_a_character_like_any_other(world: World) -> None:
    world.policy(b"g", options_in_names=False)
    client, worker = world.client(), world.worker("g?delay=20m")
    client.submit_job_bg(b"g?delay=20m", b"", b"w")
    worker.grab_job()
    assert worker.received == [job_assign(H1, b"g?delay=20m", b"w")]


def test_without_any_policy_for_them_no_name_is_looked_at() -> None:
    world = World()
    assert not world.engine.state.policies.reads_names
    world.client().submit_job_bg(b"f?", b"", b"w")
    assert b"f?" in world.engine.state.functions


def test_they_are_given_in_the_packet_before(world: World) -> None:
    world.policy(b"*", options_in_names=False)
    client, worker = world.client(), world.worker("f?x")
    announce(client, b"delay=20m")
    client.submit_job_bg(b"f?x", b"", b"w")
    client.submit_job_bg(b"f?x", b"", b"x")
    assert client.received == [job_created(H1), job_created(H2)]
    # They were for one submission.
    assert drain(worker) == "x"
    world.advance(1200)
    assert drain(worker) == "w"


def test_who_asks_is_told_that_they_are_known(world: World) -> None:
    client = world.client()
    client.option_req(b"options")
    assert client.received == [TAKEN]


WRONG = [
    (b"dleay=1", b"'dleay' is no option of a submission: did you mean 'delay'?"),
    (b"delay=1&delay=2", b"delay is given twice"),
    (b"&", b"'' is no option of a submission: use delay, at, ttl,"),
]


@pytest.mark.parametrize(("options", "reason"), WRONG)
def test_a_wrong_one_in_a_name_refuses_the_submission(
    world: World, options: bytes, reason: bytes
) -> None:
    client = world.client()
    client.submit_job_bg(b"f?" + options, b"", b"w")
    refused_once(client, reason)


@pytest.mark.parametrize(
    ("options", "reason"),
    [*WRONG, (b"key=" + b"x" * 9000, b"options have at most 4096 bytes, not 4097")],
)
def test_a_wrong_one_in_the_packet_before_refuses_the_submission(
    world: World, options: bytes, reason: bytes
) -> None:
    client = world.client()
    announce(client, options)
    client.submit_job_bg(b"f", b"", b"w")
    refused_once(client, reason)


def refused_once(client: DialoguePeer, reason: bytes) -> None:
    """Check that a submission was refused for a reason, and that the next is not."""
    (answer,) = client.received
    assert answer.arguments[0] == b"INVALID_ARGUMENT"
    assert answer.arguments[1].startswith(reason)
    client.submit_job_bg(b"f", b"", b"w")
    assert client.received == [job_created(H1)]


def test_none_may_be_given(world: World) -> None:
    client = world.client()
    announce(client, b"")
    client.submit_job_bg(b"f?", b"", b"w")
    client.submit_job_bg(b"f?", b"", b"x")
    assert client.received == [job_created(H1), job_created(H2)]
    assert drain(world.worker("f")) == "w x"


def test_an_option_given_in_both_is_given_twice(world: World) -> None:
    client = world.client()
    announce(client, b"delay=1&key=a")
    client.submit_job_bg(b"f?delay=2", b"", b"w")
    assert client.received == [error(b"INVALID_ARGUMENT", b"delay is given twice")]
    announce(client, b"key=a")
    client.submit_job_bg(b"f?priority=high", b"", b"w")
    assert client.received == [job_created(H1)]
    job = world.engine.state.jobs[H1]
    assert (job.flow_key, job.priority) == (b"a", 0)


def test_headers_and_options_go_together(world: World) -> None:
    client = world.client()
    client.option_req(b"headers\0a\x001")
    client.option_req(b"options\0key=a")
    client.submit_job_bg(b"f", b"", b"w")
    assert client.received == [option_res(b"headers"), TAKEN, job_created(H1)]
    job = world.engine.state.jobs[H1]
    assert (job.flow_key, job.headers) == (b"a", b"a\x001")


@pytest.mark.parametrize("between", ["echo", "text", "refused"])
def test_they_are_for_the_next_message_alone(world: World, between: str) -> None:
    client = world.client()
    announce(client, b"delay=1h")
    if between == "echo":
        client.echo_req(b"e")
    elif between == "text":
        client.send(b"version\n")
    else:
        client.submit_job_bg(b"f", b"u" * 65, b"w")
    client.submit_job_bg(b"f", b"", b"w")
    assert drain(world.worker("f")) == "w"


def test_a_time_of_the_calendar(world: World) -> None:
    client, worker = world.client(), world.worker("f")
    client.submit_job_bg(b"f?at=%d" % (WALL_START + 60), b"", b"later")
    client.submit_job_bg(b"f?at=2001-01-01T00:00:00Z", b"", b"past")
    assert drain(worker) == "past"
    world.advance(60)
    assert drain(worker) == "later"


def test_an_option_wins_over_the_policy(world: World) -> None:
    world.policy(b"f", delay=3600, max_attempts=1)
    client, worker = world.client(), world.worker("f")
    client.submit_job_bg(b"f?delay=0&max_attempts=2", b"", b"w")
    for _ in range(2):
        worker.grab_job()
        (answer,) = worker.received
        assert answer == job_assign(H1, b"f", b"w")
        worker.work_fail(H1)
    worker.grab_job()
    assert worker.received == [no_job()]


def test_two_times_for_one_job_are_refused(world: World) -> None:
    client = world.client()
    client.submit_job_epoch(b"f?delay=1", b"", b"%d" % (WALL_START + 60), b"w")
    (answer,) = client.received
    assert answer.arguments[1].startswith(b"The packet says when the job is due:")
    client.submit_job_epoch(b"f?delay=60", b"", b"0", b"w")
    client.submit_job_epoch(b"f?key=a", b"", b"%d" % (WALL_START + 60), b"w")
    assert client.received == [job_created(H1), job_created(H2)]


def test_a_foreground_job_has_them_too(world: World) -> None:
    client, worker = world.client(), world.worker("f")
    client.option_req(b"reasons")
    client.submit_job(b"f?max_attempts=2&priority=low", b"", b"w")
    client.submit_job(b"f", b"", b"x")
    assert drain(worker) == "x w"


def test_the_priority_is_that_of_the_option(world: World) -> None:
    client = world.client()
    client.submit_job_high_bg(b"f?priority=low", b"", b"low")
    client.submit_job_bg(b"f", b"", b"normal")
    client.submit_job_low_bg(b"f?priority=high", b"", b"high")
    assert drain(world.worker("f")) == "high normal low"


def test_they_are_kept_over_restarts_and_pages() -> None:
    world = stored(window=4)
    world.policy(b"f", options_in_names=True)
    client = world.client()
    submit(client, *"abcdefghij")
    client.submit_job_bg(b"f?max_attempts=2&key=a", b"", b"k")
    assert handle(11) not in world.engine.state.jobs
    world = world.restarted()
    worker = world.worker("f")
    for _ in range(10):
        worker.grab_job()
        (answer,) = worker.received
        worker.work_complete(answer.arguments[0], b"")
    for _ in range(2):
        worker.grab_job()
        assert worker.received == [job_assign(handle(11), b"f", b"k")]
        assert world.engine.state.jobs[handle(11)].flow_key == b"a"
        worker.work_fail(handle(11))
    (dead,) = rows(world.admin(), f"dead show {handle(11).decode()}")
    assert dead["attempts"] == 2


def test_the_result_of_one_job_is_kept(world: World) -> None:
    client, worker = world.client(), world.worker("f")
    client.submit_job_bg(b"f?result_ttl=1m", b"", b"w")
    client.submit_job_bg(b"f", b"", b"x")
    for job in (H1, H2):
        worker.grab_job()
        worker.work_complete(job, b"done")
    admin = world.admin()
    assert b"done" in admin.text(f"result {H1.decode()}")
    assert b"done" not in admin.text(f"result {H2.decode()}")


def test_a_submission_that_asks_the_store_keeps_them() -> None:
    world = stored(window=2)
    world.policy(b"f", options_in_names=True)
    client = world.client()
    submit(client, *"abcdef")
    assert len(client.received) == 6
    announce(client, b"key=a")
    # Whether the store has a job of this unique is to be asked first.
    client.submit_job_high(b"f?max_attempts=2", b"u", b"w")
    assert client.received == [job_created(handle(7))]
    job = world.engine.state.jobs[handle(7)]
    assert (job.flow_key, job.options) == (b"a", b"max_attempts=2")


def test_a_recurring_job_has_none(world: World) -> None:
    client = world.client()
    client.submit_job_sched(b"f?key=a", b"", b"*", b"", b"", b"", b"", b"w")
    announce_and_schedule = client.received
    client.option_req(b"options\0key=a")
    client.submit_job_sched(b"f", b"", b"*", b"", b"", b"", b"", b"w")
    for answers in (announce_and_schedule, client.received[1:]):
        (answer,) = answers
        assert answer.arguments[0] == b"INVALID_ARGUMENT"
        assert answer.arguments[1].startswith(b"SUBMIT_JOB_SCHED takes no options:")
    assert not world.engine.state.schedules


def test_a_worker_that_takes_a_name_which_has_options_is_told_of(world: World) -> None:
    world.policy(b"g", options_in_names=False)
    world.worker("f?x", "g?x", "f")
    (notice,) = world.notices()
    assert (notice.action, notice.function) == ("name_with_options", b"f?x")
    assert "what is submitted so goes to 'f', whose policy" in notice.text


def test_they_stay_with_a_dead_letter_and_a_job_that_is_moved(world: World) -> None:
    client, worker, admin = world.client(), world.worker("f", "g"), world.admin()
    client.submit_job_bg(b"f?max_attempts=2&key=a", b"", b"w")
    for _ in range(2):
        worker.grab_job()
        worker.work_fail(H1)
    assert admin.text(f"dead retry {H1.decode()}").startswith(b"OK")
    assert admin.text(f"move {H1.decode()} g").startswith(b"OK")
    (row,) = rows(admin, f"job {H1.decode()}")
    assert (row["function"], row["options"]) == ("g", {"key": "a", "max_attempts": "2"})


def test_a_right_is_that_on_the_bare_function(world: World) -> None:
    rules = rules_of('[access.web]\naddress = "10.0.0.0/8"\nsubmit = "f"')
    world.engine.set_rules(rules)
    client = world.connect(b"10.0.0.7")
    client.submit_job_bg(b"f?key=a", b"", b"w")
    assert client.received == [job_created(H1)]
    # What is wrong with an option is nobody's business who may not submit.
    client.submit_job_bg(b"g?dleay=1", b"", b"w")
    (answer,) = client.received
    assert answer.arguments[0] == b"NOT_ALLOWED"
    assert b" may not submit to 'g'" in answer.arguments[1]
