"""What workers send about a job, and to whom it goes."""

from __future__ import annotations

from proof.differential.cast import busy_worker
from proof.differential.player import Player
from proof.differential.registry import differs, scenario
from proof.differential.wire import PacketType as Type


@scenario()
def every_result_reaches_the_client(play: Player) -> None:
    client = play.connect("client")
    grabber = busy_worker(play, client)
    grabber.send(Type.WORK_DATA, play.handle(1), b"")
    grabber.send(Type.WORK_DATA, play.handle(1), b"some", b"data")
    grabber.send(Type.WORK_WARNING, play.handle(1), b"careful")
    grabber.send(Type.WORK_STATUS, play.handle(1), b"1", b"10")
    grabber.send(Type.WORK_STATUS, play.handle(1), b"2", b"10")
    grabber.send(Type.WORK_COMPLETE, play.handle(1), b"result")


@scenario()
def failure_reaches_the_client(play: Player) -> None:
    client = play.connect("client")
    grabber = busy_worker(play, client)
    grabber.send(Type.WORK_FAIL, play.handle(1))
    client.send(Type.GET_STATUS, play.handle(1))


@scenario()
def results_of_background_jobs_reach_nobody(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB_BG, b"f", b"u", b"work")
    grabber = play.connect("worker")
    grabber.send(Type.CAN_DO, b"f")
    grabber.send(Type.GRAB_JOB)
    grabber.send(Type.WORK_DATA, play.handle(1), b"data")
    grabber.send(Type.WORK_WARNING, play.handle(1), b"warning")
    grabber.send(Type.WORK_STATUS, play.handle(1), b"1", b"10")
    grabber.send(Type.WORK_FAIL, play.handle(1))
    client.send(Type.GET_STATUS, play.handle(1))


@scenario()
def status_numbers_as_the_worker_wrote_them(play: Player) -> None:
    client = play.connect("client")
    grabber = busy_worker(play, client)
    for numerator, denominator in (
        (b"0", b"0"),
        (b"5", b"10"),
        (b"1.5", b"2.5"),
        (b"abc", b"def"),
        (b"", b""),
        (b"007", b"9"),
        (b"4294967295", b"4294967295"),
    ):
        grabber.send(Type.WORK_STATUS, play.handle(1), numerator, denominator)
        client.send(Type.GET_STATUS, play.handle(1))


@differs(
    "progress-as-digits",
    gearmand=[
        "client < JOB_CREATED H#1",
        "worker < JOB_ASSIGN H#1|f|work",
        "client < WORK_STATUS H#1|-1| 9",
        "client < STATUS_RES H#1|1|1|4294967295|9",
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
        "worker < JOB_ASSIGN H#1|f|work",
        "client < WORK_STATUS H#1|-1| 9",
        "client < STATUS_RES H#1|1|1|0|0",
    ],
)
def status_with_a_sign_or_a_space(play: Player) -> None:
    client = play.connect("client")
    grabber = busy_worker(play, client)
    grabber.send(Type.WORK_STATUS, play.handle(1), b"-1", b" 9")
    client.send(Type.GET_STATUS, play.handle(1))


@differs(
    "long-denominator",
    gearmand=[
        "client < JOB_CREATED H#1",
        "worker < JOB_ASSIGN H#1|f|work",
        "worker < CLOSED",
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
        "worker < JOB_ASSIGN H#1|f|work",
        "client < WORK_STATUS H#1|1|100000000000",
    ],
)
def status_with_a_long_denominator(play: Player) -> None:
    client = play.connect("client")
    grabber = busy_worker(play, client)
    grabber.send(Type.WORK_STATUS, play.handle(1), b"1", b"100000000000")


@scenario()
def handle_with_a_trailing_nul(play: Player) -> None:
    client = play.connect("client")
    grabber = busy_worker(play, client)
    grabber.send(Type.WORK_FAIL, play.handle(1) + b"\0")


@differs(
    "ignore-column-zero",
    gearmand=[
        "client < JOB_CREATED H#1",
        "worker < JOB_ASSIGN H#1|f|work",
        'admin < "f\\t1\\t1\\t1\\n.\\n"',
        'admin < "H#1\\t0\\t1\\t0\\n.\\n"',
        'admin < "f\\t0\\t0\\t1\\n.\\n"',
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
        "worker < JOB_ASSIGN H#1|f|work",
        'admin < "f\\t1\\t1\\t1\\n.\\n"',
        'admin < "H#1\\t0\\t0\\t0\\n.\\n"',
        'admin < "f\\t0\\t0\\t1\\n.\\n"',
    ],
)
def results_after_the_client_left(play: Player) -> None:
    client = play.connect("client")
    admin = play.connect("admin")
    grabber = busy_worker(play, client)
    client.close()
    admin.text("status")
    admin.text("show jobs")
    grabber.send(Type.WORK_DATA, play.handle(1), b"data")
    grabber.send(Type.WORK_STATUS, play.handle(1), b"1", b"2")
    grabber.send(Type.WORK_COMPLETE, play.handle(1), b"result")
    admin.text("status")


@scenario()
def one_of_two_clients_left(play: Player) -> None:
    one = play.connect("one")
    two = play.connect("two")
    grabber = busy_worker(play, one)
    two.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    two.send(Type.GET_STATUS_UNIQUE, b"u")
    one.close()
    two.send(Type.GET_STATUS_UNIQUE, b"u")
    grabber.send(Type.WORK_DATA, play.handle(1), b"data")
    grabber.send(Type.WORK_COMPLETE, play.handle(1), b"result")
