"""``create function`` and ``drop function``."""

from __future__ import annotations

from proof.differential.cast import busy_worker, worker
from proof.differential.player import Player
from proof.differential.registry import differs, scenario
from proof.differential.wire import PacketType as Type


@scenario()
def create_and_drop(play: Player) -> None:
    admin = play.connect("admin")
    admin.text("create function foo", ending="\r\n")
    admin.text("status")
    admin.text("create function foo", ending="\r\n")
    admin.text("CREATE FUNCTION Bar", ending="\r\n")
    admin.text("status")
    admin.text("drop function foo", ending="\r\n")
    admin.text("drop function foo", ending="\r\n")
    admin.text("DROP FUNCTION Bar")
    admin.text("status")


@scenario()
def create_and_drop_in_wrong_shapes(play: Player) -> None:
    admin = play.connect("admin")
    for verb in ("create", "drop"):
        admin.text(verb, ending="\r\n")
        admin.text(f"{verb} function", ending="\r\n")
        admin.text(f"{verb} foo bar", ending="\r\n")
        admin.text(f"{verb} function one two", ending="\r\n")
        admin.text(f"{verb} function one two three", ending="\r\n")
    admin.text("status")


@differs(
    "create-function-newline",
    gearmand=[
        'admin < "OK\\r\\n"',
        'admin < "fo\\t0\\t0\\t0\\n.\\n"',
    ],
    geartrain=[
        'admin < "OK\\r\\n"',
        'admin < "foo\\t0\\t0\\t0\\n.\\n"',
    ],
)
def create_with_a_bare_newline(play: Player) -> None:
    admin = play.connect("admin")
    admin.text("create function foo")
    admin.text("status")


@scenario()
def drop_ignores_case(play: Player) -> None:
    admin = play.connect("admin")
    for name in ("foo", "FOO", "Foo", "food"):
        admin.text(f"create function {name}", ending="\r\n")
    admin.text("drop function fOO", ending="\r\n")
    admin.text("status")


@scenario()
def drop_with_a_worker_or_a_running_job(play: Player) -> None:
    admin = play.connect("admin")
    client = play.connect("client")
    grabber = busy_worker(play, client)
    admin.text("drop function f")
    grabber.send(Type.WORK_COMPLETE, play.handle(1), b"")
    admin.text("drop function f", ending="\r\n")
    grabber.send(Type.CANT_DO, b"f")
    admin.text("drop function f")
    admin.text("status")


@scenario()
def drop_after_the_worker_left(play: Player) -> None:
    admin = play.connect("admin")
    grabber = worker(play, b"f")
    grabber.close()
    admin.text("drop function f")
    admin.text("status")


@differs(
    "drop-function-refused",
    gearmand=[
        "admin < JOB_CREATED H#1",
        'admin < "OK\\r\\n"',
        'admin < ".\\n"',
        "worker < NO_JOB",
    ],
    geartrain=[
        "admin < JOB_CREATED H#1",
        'admin < "ERR there are still connected workers or executing clients\\r\\n"',
        'admin < "f\\t1\\t0\\t0\\n.\\n"',
        "worker < JOB_ASSIGN H#1|f|work",
    ],
)
def drop_with_jobs_waiting(play: Player) -> None:
    admin = play.connect("admin")
    admin.send(Type.SUBMIT_JOB_BG, b"f", b"u", b"work")
    admin.text("drop function f")
    admin.text("status")
    grabber = worker(play, b"f")
    grabber.send(Type.GRAB_JOB)
