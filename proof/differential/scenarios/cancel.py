"""The text command ``cancel job``."""

from __future__ import annotations

from proof.differential.cast import busy_worker, tables, worker
from proof.differential.player import Connection, Player
from proof.differential.registry import differs, scenario
from proof.differential.wire import PacketType as Type


def _cancel(admin: Connection, handle: bytes) -> None:
    admin.text(f"cancel job {handle.decode()}", ending="\r\n")


@scenario()
def cancel_a_waiting_job(play: Player) -> None:
    client = play.connect("client")
    admin = play.connect("admin")
    client.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    _cancel(admin, play.handle(1))
    grabber = worker(play, b"f")
    grabber.send(Type.PRE_SLEEP)
    grabber.send(Type.GRAB_JOB)
    tables(admin)
    _cancel(admin, play.handle(1))


@differs(
    "cancel-at-once",
    gearmand=[
        "client < JOB_CREATED H#1",
        'admin < "OK\\r\\n"',
        'admin < "f\\t1\\t0\\t0\\n.\\n"',
        'admin < "f\\t0\\t1\\t0\\t0\\n.\\n"',
        'admin < "H#1\\t0\\t1\\t0\\n.\\n"',
        "client < STATUS_RES H#1|1|0|0|0",
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
        'admin < "OK\\r\\n"',
        'admin < "f\\t0\\t0\\t0\\n.\\n"',
        'admin < "f\\t0\\t0\\t0\\t0\\n.\\n"',
        'admin < ".\\n"',
        "client < STATUS_RES H#1|0|0|0|0",
    ],
)
def cancel_is_seen_at_once(play: Player) -> None:
    client = play.connect("client")
    admin = play.connect("admin")
    client.send(Type.SUBMIT_JOB_BG, b"f", b"u", b"work")
    _cancel(admin, play.handle(1))
    tables(admin)
    client.send(Type.GET_STATUS, play.handle(1))


@differs(
    "cancel-at-once",
    gearmand=[
        "client < JOB_CREATED H#1",
        'admin < "OK\\r\\n"',
        "client < WORK_FAIL H#1",
        'admin < "OK\\r\\n"',
        "client < WORK_FAIL H#1",
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
        'admin < "OK\\r\\n"',
        "client < WORK_FAIL H#1",
        'admin < "ERR UNKNOWN_JOB\\r\\n"',
    ],
)
def cancel_twice(play: Player) -> None:
    client = play.connect("client")
    admin = play.connect("admin")
    client.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    _cancel(admin, play.handle(1))
    _cancel(admin, play.handle(1))


@differs(
    "cancel-at-once",
    gearmand=[
        "client < JOB_CREATED H#1",
        "worker < JOB_ASSIGN H#1|f|work",
        'admin < "OK\\r\\n"',
        "client < WORK_FAIL H#1",
        "client < WORK_DATA H#1|data",
        "client < WORK_COMPLETE H#1|result",
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
        "worker < JOB_ASSIGN H#1|f|work",
        'admin < "OK\\r\\n"',
        "client < WORK_FAIL H#1",
        "worker < ERROR JOB_NOT_FOUND|Job does not exist on server",
        "worker < ERROR JOB_NOT_FOUND|Job given in work result not found",
    ],
)
def cancel_a_running_job(play: Player) -> None:
    client = play.connect("client")
    admin = play.connect("admin")
    grabber = busy_worker(play, client)
    _cancel(admin, play.handle(1))
    grabber.send(Type.WORK_DATA, play.handle(1), b"data")
    grabber.send(Type.WORK_COMPLETE, play.handle(1), b"result")


@differs(
    "cancel-at-once",
    gearmand=[
        "client < JOB_CREATED H#1",
        'admin < "OK\\r\\n"',
        "client < WORK_FAIL H#1",
        "client < JOB_CREATED H#1",
        "worker < NO_JOB",
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
        'admin < "OK\\r\\n"',
        "client < WORK_FAIL H#1",
        "client < JOB_CREATED H#2",
        "worker < JOB_ASSIGN H#2|f|second",
    ],
)
def submit_after_the_cancel(play: Player) -> None:
    client = play.connect("client")
    admin = play.connect("admin")
    client.send(Type.SUBMIT_JOB, b"f", b"u", b"first")
    _cancel(admin, play.handle(1))
    client.send(Type.SUBMIT_JOB, b"f", b"u", b"second")
    grabber = worker(play, b"f")
    grabber.send(Type.GRAB_JOB)


@scenario()
def cancel_of_unknown_jobs_and_wrong_shapes(play: Player) -> None:
    admin = play.connect("admin")
    admin.text("cancel job H:x:99")
    admin.text("cancel job H:x:99", ending="\r\n")
    admin.text("CANCEL JOB H:x:99")
    admin.text("cancel job " + "h" * 63)
    admin.text("cancel")
    admin.text("cancel job")
    admin.text("cancel foo bar")
    admin.text("cancel foo")
    admin.text("cancel job H:x:99 more")


@scenario()
def cancel_of_a_very_long_handle(play: Player) -> None:
    admin = play.connect("admin")
    admin.text("cancel job " + "h" * 64)
    admin.text("cancel job " + "h" * 300)
