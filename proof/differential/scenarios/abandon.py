"""Clients that go away before their jobs are done."""

from __future__ import annotations

from proof.differential.cast import busy_worker, tables, worker
from proof.differential.player import Player
from proof.differential.registry import differs, scenario
from proof.differential.wire import PacketType as Type


@scenario()
def background_job_outlives_its_client(play: Player) -> None:
    client = play.connect("client")
    admin = play.connect("admin")
    client.send(Type.SUBMIT_JOB_BG, b"f", b"u", b"work")
    client.close()
    tables(admin)
    grabber = worker(play, b"f")
    grabber.send(Type.GRAB_JOB)


@scenario()
def abandoned_job_is_never_run(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    client.close()
    grabber = worker(play, b"f")
    grabber.send(Type.PRE_SLEEP)
    grabber.send(Type.GRAB_JOB)
    tables(grabber)


@differs(
    "abandoned-job-dropped",
    gearmand=[
        "client < JOB_CREATED H#1",
        'admin < "f\\t1\\t0\\t0\\n.\\n"',
        'admin < "f\\t0\\t1\\t0\\t0\\n.\\n"',
        'admin < "H#1\\t0\\t1\\t0\\n.\\n"',
        "admin < STATUS_RES H#1|1|0|0|0",
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
        'admin < "f\\t0\\t0\\t0\\n.\\n"',
        'admin < "f\\t0\\t0\\t0\\t0\\n.\\n"',
        'admin < ".\\n"',
        "admin < STATUS_RES H#1|0|0|0|0",
    ],
)
def abandoned_job_in_the_tables(play: Player) -> None:
    client = play.connect("client")
    admin = play.connect("admin")
    client.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    client.close()
    tables(admin)
    admin.send(Type.GET_STATUS, play.handle(1))


@differs(
    "background-submit-sticks",
    gearmand=[
        "one < JOB_CREATED H#1",
        "two < JOB_CREATED H#1",
        "worker < NO_JOB",
    ],
    geartrain=[
        "one < JOB_CREATED H#1",
        "two < JOB_CREATED H#1",
        "worker < JOB_ASSIGN H#1|f|work",
    ],
)
def background_submit_keeps_the_job(play: Player) -> None:
    one = play.connect("one")
    two = play.connect("two")
    one.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    two.send(Type.SUBMIT_JOB_BG, b"f", b"u", b"work")
    one.close()
    grabber = worker(play, b"f")
    grabber.send(Type.GRAB_JOB)


@differs(
    "background-submit-sticks",
    gearmand=[
        "one < JOB_CREATED H#1",
        "two < JOB_CREATED H#1",
        "worker < NO_JOB",
    ],
    geartrain=[
        "one < JOB_CREATED H#1",
        "two < JOB_CREATED H#1",
        "worker < JOB_ASSIGN H#1|f|work",
    ],
)
def background_job_that_a_client_joined(play: Player) -> None:
    one = play.connect("one")
    two = play.connect("two")
    one.send(Type.SUBMIT_JOB_BG, b"f", b"u", b"work")
    two.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    two.close()
    grabber = worker(play, b"f")
    grabber.send(Type.GRAB_JOB)


@differs(
    "abandoned-job-dropped",
    gearmand=[
        "one < JOB_CREATED H#1",
        "two < JOB_CREATED H#1",
        "worker < NO_JOB",
    ],
    geartrain=[
        "one < JOB_CREATED H#1",
        "two < JOB_CREATED H#2",
        "worker < JOB_ASSIGN H#2|f|second",
    ],
)
def submit_after_the_job_was_abandoned(play: Player) -> None:
    one = play.connect("one")
    two = play.connect("two")
    one.send(Type.SUBMIT_JOB, b"f", b"u", b"first")
    one.close()
    two.send(Type.SUBMIT_JOB, b"f", b"u", b"second")
    grabber = worker(play, b"f")
    grabber.send(Type.GRAB_JOB)


@scenario()
def abandoned_job_whose_worker_is_lost(play: Player) -> None:
    client = play.connect("client")
    grabber = busy_worker(play, client)
    client.close()
    grabber.close()
    second = worker(play, b"f", name="second")
    second.send(Type.GRAB_JOB)
    tables(second)
