"""The text command ``maxqueue``."""

from __future__ import annotations

from proof.differential.cast import worker
from proof.differential.player import Connection, Player
from proof.differential.registry import differs, scenario
from proof.differential.wire import PacketType as Type

BACKGROUND = (
    Type.SUBMIT_JOB_HIGH_BG,
    Type.SUBMIT_JOB_BG,
    Type.SUBMIT_JOB_LOW_BG,
)


def _one_of_each(client: Connection, times: int = 1) -> None:
    for _ in range(times):
        for kind in BACKGROUND:
            client.send(kind, b"f", b"", b"work")


def _known_function(play: Player) -> Connection:
    admin = play.connect("admin")
    admin.text("create function f", ending="\r\n")
    return admin


@scenario()
def maxqueue_of_one_number(play: Player) -> None:
    admin = _known_function(play)
    admin.text("maxqueue f 2", ending="\r\n")
    _one_of_each(admin, 2)
    admin.text("maxqueue f 3")
    _one_of_each(admin)
    admin.text("status")


@scenario()
def maxqueue_of_two_numbers(play: Player) -> None:
    admin = _known_function(play)
    admin.text("maxqueue f 1 2")
    _one_of_each(admin, 3)


@scenario()
def maxqueue_of_three_numbers(play: Player) -> None:
    admin = _known_function(play)
    admin.text("maxqueue f 2 4 6", ending="\r\n")
    _one_of_each(admin, 5)
    admin.text("prioritystatus")


@scenario()
def maxqueue_without_number_is_unlimited(play: Player) -> None:
    admin = _known_function(play)
    admin.text("maxqueue f 1")
    _one_of_each(admin)
    admin.text("maxqueue f")
    _one_of_each(admin)
    for limit in ("0", "-1", "many"):
        admin.text("maxqueue f 1")
        admin.text(f"maxqueue f {limit}", ending="\r\n")
        _one_of_each(admin)
    admin.text("status")


@scenario()
def maxqueue_counts_running_jobs(play: Player) -> None:
    admin = _known_function(play)
    admin.text("MAXQUEUE f 1")
    admin.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    grabber = worker(play, b"f")
    grabber.send(Type.GRAB_JOB)
    admin.send(Type.SUBMIT_JOB, b"f", b"v", b"work")
    admin.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    admin.send(Type.SUBMIT_JOB_BG, b"f", b"u", b"work")
    grabber.send(Type.WORK_COMPLETE, play.handle(1), b"")
    admin.send(Type.SUBMIT_JOB, b"f", b"v", b"work")


@scenario()
def maxqueue_of_every_submit(play: Player) -> None:
    admin = _known_function(play)
    admin.text("maxqueue f 1")
    admin.send(Type.SUBMIT_JOB_BG, b"f", b"", b"work")
    for kind in (Type.SUBMIT_JOB, Type.SUBMIT_JOB_HIGH, Type.SUBMIT_JOB_LOW):
        admin.send(kind, b"f", b"", b"work")
    admin.send(Type.SUBMIT_JOB_EPOCH, b"f", b"", b"0", b"work")
    admin.send(Type.SUBMIT_REDUCE_JOB, b"f", b"", b"r", b"", b"work")
    admin.send(Type.SUBMIT_REDUCE_JOB_BACKGROUND, b"f", b"", b"r", b"", b"work")


@scenario()
def maxqueue_of_nothing(play: Player) -> None:
    admin = play.connect("admin")
    admin.text("maxqueue")
    admin.text("maxqueue", ending="\r\n")
    admin.text("maxqueue f 1 2 3")


@differs(
    "many-words",
    gearmand=[
        'admin < "OK\\r\\n"',
        "admin < CLOSED",
    ],
    geartrain=[
        'admin < "OK\\r\\n"',
        'admin < "ERR INVALID_ARGUMENTS maxqueue+takes+at+most+three+limits\\r\\n"',
    ],
)
def maxqueue_of_four_numbers(play: Player) -> None:
    admin = _known_function(play)
    admin.raw_unfinished(b"maxqueue f 1 2 3 4\n")
    admin.listen(3)


@differs(
    "maxqueue-remembered",
    gearmand=[
        'admin < "OK\\r\\n"',
        'admin < ".\\n"',
        "admin < JOB_CREATED H#1",
        "admin < JOB_CREATED H#2",
    ],
    geartrain=[
        'admin < "OK\\r\\n"',
        'admin < "not-there-yet\\t0\\t0\\t0\\n.\\n"',
        "admin < JOB_CREATED H#1",
        "admin < ERROR QUEUE_ERROR|Job queue is full",
    ],
)
def maxqueue_of_an_unknown_function(play: Player) -> None:
    admin = play.connect("admin")
    admin.text("maxqueue not-there-yet 1")
    admin.text("status")
    for _ in range(2):
        admin.send(Type.SUBMIT_JOB_BG, b"not-there-yet", b"", b"work")
