"""The text commands, byte for byte."""

from __future__ import annotations

import pytest

from tests.support.dialogue import (
    H1,
    H2,
    DialoguePeer,
    World,
    echo_res,
    error,
    job_assign,
    job_created,
    no_job,
    text,
    work_fail,
)

INCOMPLETE = (
    b"ERR INVALID_ARGUMENTS "
    b"An+incomplete+set+of+arguments+was+sent+to+this+command+%s\r\n"
)
IN_USE = b"ERR there are still connected workers or executing clients\r\n"


# Lines


@pytest.mark.parametrize("line", [b"version", b"VERSION", b"Version\r", b"version a b"])
def test_commands_are_known_in_any_case_and_with_more_words(
    admin: DialoguePeer, line: bytes
) -> None:
    assert admin.text(line) == b"OK 9.8.7\n"


@pytest.mark.parametrize(
    ("line", "echo"),
    [
        (b"foo", b"foo"),
        (b"Foo bar", b"Foo"),
        (b"", b""),
        (b"\r", b""),
        (b" status", b""),
        (b"show", b"show"),
        (b"cancel", b"cancel"),
        (b"cancel job", b"cancel"),
        (b"help", b"help"),
        (b"jobless", b"jobless"),
        (b"clients", b"clients"),
        (b"gladiator", b"gladiator"),
        (b"\xff\x80", b"\xff\x80"),
        (b"\t", b"\t"),
        (b"status\t", b"status\t"),
    ],
)
def test_an_unknown_command_is_glued_to_its_sentence(
    admin: DialoguePeer, line: bytes, echo: bytes
) -> None:
    answer = b"ERR UNKNOWN_COMMAND Unknown+server+command" + echo + b"\r\n"
    assert admin.text(line) == answer


def test_lines_sent_at_once_are_answered_in_order(admin: DialoguePeer) -> None:
    answer = admin.text("version\nfoo\r\ngetpid\r\nverbose")
    assert answer == (
        b"OK 9.8.7\n"
        b"ERR UNKNOWN_COMMAND Unknown+server+commandfoo\r\n"
        b"OK 4711\n"
        b"OK NOTICE\n"
    )


def test_text_and_binary_may_be_mixed(admin: DialoguePeer) -> None:
    admin.echo_req(b"1")
    admin.send(b"version\n")
    admin.echo_req(b"2")
    assert admin.received == [echo_res(b"1"), text(b"OK 9.8.7\n"), echo_res(b"2")]


def test_facts_about_the_process(admin: DialoguePeer) -> None:
    assert admin.text("version") == b"OK 9.8.7\n"
    assert admin.text("getpid") == b"OK 4711\n"
    assert admin.text("verbose") == b"OK NOTICE\n"


# status, prioritystatus, workers


def test_no_functions_are_an_empty_list(admin: DialoguePeer) -> None:
    assert admin.text("status") == b".\n"
    assert admin.text("prioritystatus") == b".\n"


def test_status_counts_jobs_running_ones_and_workers(
    world: World, client: DialoguePeer, admin: DialoguePeer
) -> None:
    one = world.worker("f")
    world.worker("f", "g")
    for submit in (client.submit_job, client.submit_job_high, client.submit_job_low):
        submit(b"f", b"", b"w")
    client.submit_job_epoch(b"f", b"", b"%d" % (world.wall_time + 60), b"w")
    one.grab_job()
    assert admin.text("status") == b"f\t4\t1\t2\ng\t0\t0\t1\n.\n"
    assert admin.text("prioritystatus") == b"f\t0\t2\t1\t2\ng\t0\t0\t0\t1\n.\n"


def test_a_function_stays_listed_when_nothing_is_left(
    world: World, admin: DialoguePeer
) -> None:
    world.worker("f").leave()
    assert admin.text("status") == b"f\t0\t0\t0\n.\n"


def test_a_name_with_a_nul_is_shown_up_to_it(admin: DialoguePeer) -> None:
    admin.can_do(b"nu\0l")
    assert admin.text("status") == b"nu\t0\t0\t1\n.\n"
    assert admin.text("prioritystatus") == b"nu\t0\t0\t0\t1\n.\n"
    assert admin.text("workers") == b"10 127.0.0.1 - : nu\n.\n"


def test_workers_lists_every_connection(world: World, admin: DialoguePeer) -> None:
    assert admin.text("workers") == b"10 127.0.0.1 - :\n.\n"
    worker = world.connect(b"::1")
    for function in (b"x1", b"x2", b"x3"):
        worker.can_do(function)
    worker.set_client_id(b"my-id")
    world.connect(b"unix")
    assert admin.text("workers") == (
        b"10 127.0.0.1 - :\n11 ::1 my-id : x3 x2 x1\n12 unix - :\n.\n"
    )
    worker.leave()
    assert admin.text("workers") == b"10 127.0.0.1 - :\n12 unix - :\n.\n"


# show


def test_no_jobs_are_an_empty_list(admin: DialoguePeer) -> None:
    assert admin.text("show jobs") == b".\n"
    assert admin.text("show unique jobs") == b".\n"


def test_jobs_are_shown_with_losses_and_background(
    world: World, client: DialoguePeer, admin: DialoguePeer
) -> None:
    client.submit_job_bg(b"f", b"u", b"w")
    client.submit_job(b"f", b"", b"w")
    client.submit_job(b"f", b"-", b"w")
    worker = world.worker("f")
    worker.grab_job()
    worker.leave()
    assert admin.text("show jobs") == (
        b"H:test:1\t1\t0\t1\nH:test:2\t0\t0\t0\nH:test:3\t0\t0\t0\n.\n"
    )
    assert admin.text("SHOW Unique JOBS") == b"u\n\n-\n.\n"


@pytest.mark.parametrize(
    "line", ["show foo", "show jobs x", "show unique", "show unique jobs x"]
)
def test_there_is_no_more_to_show(admin: DialoguePeer, line: str) -> None:
    assert admin.text(line) == b"ERR UNKNOWN_SHOW_ARGUMENTS\r\n"


# create and drop


@pytest.mark.parametrize("line", ["create function foo", "CREATE Function foo\r"])
def test_a_function_can_be_created(admin: DialoguePeer, line: str) -> None:
    assert admin.text(line) == b"OK\r\n"
    assert admin.text(line) == b"OK\r\n"
    assert admin.text("status") == b"foo\t0\t0\t0\n.\n"


@pytest.mark.parametrize("command", ["create", "drop"])
@pytest.mark.parametrize("rest", ["", " function", " function a b", " job a"])
def test_create_and_drop_take_a_function(
    admin: DialoguePeer, command: str, rest: str
) -> None:
    assert admin.text(command + rest) == INCOMPLETE % command.encode()
    assert admin.text("status") == b".\n"


def test_a_function_can_be_dropped(admin: DialoguePeer) -> None:
    admin.text("create function foo")
    assert admin.text("drop function foo\r") == b"OK\r\n"
    assert admin.text("drop function foo") == b"ERR function not found\r\n"
    assert admin.text("status") == b".\n"


def test_dropping_ignores_case_and_takes_all(admin: DialoguePeer) -> None:
    for name in ("foo", "FOO", "bar"):
        admin.text(f"create function {name}")
    assert admin.text("drop function Foo") == b"OK\r\nOK\r\n"
    assert admin.text("status") == b"bar\t0\t0\t0\n.\n"


def test_a_function_with_a_worker_is_not_dropped(
    world: World, admin: DialoguePeer
) -> None:
    worker = world.worker("f")
    assert admin.text("drop function f") == IN_USE
    worker.leave()
    assert admin.text("drop function f") == b"OK\r\n"


@pytest.mark.parametrize("kind", ["ready", "running", "scheduled"])
def test_a_function_with_a_job_is_not_dropped(
    world: World, client: DialoguePeer, admin: DialoguePeer, kind: str
) -> None:
    seconds = 60 if kind == "scheduled" else -60
    client.submit_job_epoch(b"f", b"", b"%d" % (world.wall_time + seconds), b"w")
    if kind == "running":
        world.worker("f").grab_job()
    assert admin.text("drop function f") == IN_USE


def test_a_function_dropped_and_named_again_works(
    world: World, client: DialoguePeer, admin: DialoguePeer
) -> None:
    worker = world.sleeper("f")
    worker.reset_abilities()
    assert admin.text("drop function f") == b"OK\r\n"
    worker.can_do(b"f")
    client.submit_job(b"f", b"", b"w")
    worker.grab_job()
    assert worker.received[-1] == job_assign(H1, b"f", b"w")


# maxqueue


@pytest.mark.parametrize(
    "rest", ["f", "f 5", "f 1 2", "f 1 2 3", "f -1", "f many", "F 0", "unknown 7"]
)
def test_maxqueue_is_accepted(admin: DialoguePeer, rest: str) -> None:
    assert admin.text(f"maxqueue {rest}") == b"OK\r\n"


def test_maxqueue_needs_a_function(admin: DialoguePeer) -> None:
    assert admin.text("maxqueue") == INCOMPLETE % b"maxqueue"


def test_maxqueue_has_no_fourth_priority(admin: DialoguePeer) -> None:
    assert admin.text("maxqueue f 1 2 3 4") == (
        b"ERR INVALID_ARGUMENTS maxqueue+takes+at+most+three+limits\r\n"
    )
    assert admin.text("version") == b"OK 9.8.7\n"


def test_maxqueue_can_be_taken_back(admin: DialoguePeer, client: DialoguePeer) -> None:
    admin.text("maxqueue f 1")
    client.submit_job_bg(b"f", b"", b"w")
    client.submit_job_bg(b"f", b"", b"w")
    admin.text("maxqueue f")
    client.submit_job_bg(b"f", b"", b"w")
    full = error(b"QUEUE_ERROR", b"Job queue is full")
    assert client.received == [job_created(H1), full, job_created(H2)]


# cancel


def test_a_waiting_job_is_cancelled_at_once(
    world: World, client: DialoguePeer, admin: DialoguePeer
) -> None:
    client.submit_job(b"f", b"u", b"w")
    assert admin.text("cancel job H:test:1\r") == b"OK\r\n"
    assert client.received == [job_created(H1), work_fail(H1)]
    assert admin.text("status") == b"f\t0\t0\t0\n.\n"
    worker = world.worker("f")
    worker.grab_job()
    assert worker.received == [no_job()]
    assert admin.text("cancel job H:test:1") == b"ERR UNKNOWN_JOB\r\n"
    assert client.received == []


def test_a_running_job_is_cancelled_for_its_clients(
    world: World, client: DialoguePeer, admin: DialoguePeer
) -> None:
    worker = world.worker("f")
    client.submit_job(b"f", b"u", b"w")
    worker.grab_job()
    assert admin.text("CANCEL Job H:test:1") == b"OK\r\n"
    worker.work_complete(H1, b"r")
    assert client.received == [job_created(H1), work_fail(H1)]
    not_found = error(b"JOB_NOT_FOUND", b"Job given in work result not found")
    assert worker.received == [job_assign(H1, b"f", b"w"), not_found]
    assert admin.text("status") == b"f\t0\t0\t1\n.\n"


@pytest.mark.parametrize("line", ["cancel job H:none:1", "cancel job x"])
def test_an_unknown_job_cannot_be_cancelled(admin: DialoguePeer, line: str) -> None:
    assert admin.text(line) == b"ERR UNKNOWN_JOB\r\n"


@pytest.mark.parametrize("line", ["cancel foo H:test:1", "cancel job H:test:1 x"])
def test_only_jobs_can_be_cancelled(
    client: DialoguePeer, admin: DialoguePeer, line: str
) -> None:
    client.submit_job(b"f", b"", b"w")
    assert admin.text(line) == b"ERR UNKNOWN_ERROR\r\n"
    assert client.received == [job_created(H1)]


# shutdown


@pytest.mark.parametrize(
    ("line", "how"),
    [
        ("shutdown", "now"),
        ("SHUTDOWN\r", "now"),
        ("shutdown graceful", "graceful"),
        ("shutdown GRACEFUL", "graceful"),
    ],
)
def test_shutdown_is_passed_on(
    world: World, admin: DialoguePeer, line: str, how: str
) -> None:
    assert world.engine.state.shutdown == ""
    assert admin.text(line) == b"OK\r\n"
    assert world.engine.state.shutdown == how


@pytest.mark.parametrize("line", ["shutdown please", "shutdown graceful please"])
def test_shutdown_takes_one_word(world: World, admin: DialoguePeer, line: str) -> None:
    assert admin.text(line) == (
        b"ERR UNKNOWN_ARGS shutdown+takes+nothing+or+the+word+graceful\r\n"
    )
    assert world.engine.state.shutdown == ""


@pytest.mark.parametrize("line", ["shutdown", "shutdown graceful", "shutdown please"])
def test_shutdown_is_not_for_strangers(world: World, line: str) -> None:
    stranger = world.connect(b"192.0.2.7", is_trusted=False)
    assert stranger.text(line) == (
        b"ERR NOT_ALLOWED shutdown+works+on+loopback+and+unix+listeners+only\r\n"
    )
    assert world.engine.state.shutdown == ""


@pytest.mark.parametrize(
    "line", ["pause f", "create function f", "shutdown", "policy f ttl=5"]
)
def test_where_nothing_may_be_changed_nothing_is(line: str) -> None:
    world = World()
    admin = world.admin()
    admin.engine_peer.is_confined = True
    answer = admin.text(line)
    assert answer.startswith(b"ERR NOT_ALLOWED this+address+takes+no+command")
    assert admin.text("status") == b".\n"
    assert admin.text("policy f").startswith(b"OK ")
