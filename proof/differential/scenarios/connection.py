"""Echo, options, client ids, mixed and pipelined connections."""

from __future__ import annotations

from proof.differential.player import Player
from proof.differential.registry import Flags, differs, scenario
from proof.differential.wire import PacketType as Type
from proof.differential.wire import encode


@scenario()
def echo_returns_the_bytes(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.ECHO_REQ, b"hello")
    client.send(Type.ECHO_REQ, b"")
    client.send(Type.ECHO_REQ, b"", b"nul", b"", b"bytes", b"")
    client.send(Type.ECHO_REQ, bytes(range(256)))
    client.send(Type.ECHO_REQ, b"large" * 200_000)


@scenario()
def option_exceptions_in_any_case(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.OPTION_REQ, b"exceptions")
    client.send(Type.OPTION_REQ, b"EXCEPTIONS")
    client.send(Type.OPTION_REQ, b"Exceptions", b"")
    client.send(Type.OPTION_REQ, b"exceptions")


@scenario()
def option_unknown(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.OPTION_REQ, b"progress")
    client.send(Type.OPTION_REQ, b"")
    client.send(Type.OPTION_REQ, b"exception")
    client.send(Type.OPTION_REQ, b"exceptionss")
    client.send(Type.OPTION_REQ, b"x" * 63)
    client.send(Type.OPTION_REQ, b"x" * 64)
    client.send(Type.OPTION_REQ, b"x" * 500)


@scenario()
def client_id_is_shown_as_sent(play: Player) -> None:
    worker = play.connect("worker")
    for client_id in (
        b"id-1",
        b"with space",
        b"",
        b"x" * 127,
        b"y" * 200,
    ):
        worker.send(Type.SET_CLIENT_ID, client_id)
        worker.text("workers")


@differs(
    "names-escaped",
    gearmand=[
        'worker < "FD 127.0.0.1 with\\ttab : a\\nb\\n.\\n"',
        'worker < "a\\nb\\t0\\t0\\t1\\n.\\n"',
    ],
    geartrain=[
        'worker < "FD 127.0.0.1 with%09tab : a%0Ab\\n.\\n"',
        'worker < "a%0Ab\\t0\\t0\\t1\\n.\\n"',
    ],
)
def names_with_tabs_and_newlines(play: Player) -> None:
    worker = play.connect("worker")
    worker.send(Type.SET_CLIENT_ID, b"with\ttab")
    worker.send(Type.CAN_DO, b"a\nb")
    worker.text("workers")
    worker.text("status")


@scenario()
def binary_and_text_mixed(play: Player) -> None:
    both = play.connect("both")
    both.text("status")
    both.send(Type.CAN_DO, b"f")
    both.text("status", ending="\r\n")
    both.send(Type.SUBMIT_JOB_BG, b"f", b"", b"work")
    both.text("status")
    both.send(Type.GRAB_JOB)
    both.text("status")
    both.send(Type.WORK_COMPLETE, play.handle(1), b"")
    both.text("status")


@scenario()
def binary_and_text_pipelined(play: Player) -> None:
    both = play.connect("both")
    both.raw(
        encode(Type.CAN_DO, b"f")
        + b"status\n"
        + encode(Type.ECHO_REQ, b"between")
        + b"verbose\r\nprioritystatus\n"
        + encode(Type.SUBMIT_JOB_BG, b"f", b"u", b"work")
        + encode(Type.GRAB_JOB_UNIQ)
        + b"status\nshow jobs\r\nshow unique jobs\n"
    )


@scenario()
def text_pipelined(play: Player) -> None:
    admin = play.connect("admin")
    admin.raw(b"version\nstatus\r\nverbose\nshow jobs\n\nnonsense\nversion\n")


@scenario()
def text_in_pieces(play: Player) -> None:
    admin = play.connect("admin")
    admin.raw_unfinished(b"sta")
    admin.quiet(0.05)
    admin.raw_unfinished(b"tus\r")
    admin.quiet(0.05)
    admin.finish(b"\n")


@differs(
    "created-before-noop",
    gearmand=[
        "both < NOOP",
        "both < JOB_CREATED H#1",
        "both < JOB_ASSIGN H#1|f|work",
        "both < WORK_COMPLETE H#1|result",
    ],
    geartrain=[
        "both < JOB_CREATED H#1",
        "both < NOOP",
        "both < JOB_ASSIGN H#1|f|work",
        "both < WORK_COMPLETE H#1|result",
    ],
)
def worker_is_its_own_client(play: Player) -> None:
    both = play.connect("both")
    both.send(Type.CAN_DO, b"f")
    both.send(Type.PRE_SLEEP)
    both.send(Type.SUBMIT_JOB, b"f", b"", b"work")
    both.send(Type.GRAB_JOB)
    both.send(Type.WORK_COMPLETE, play.handle(1), b"result")


@scenario(
    Flags(
        gearmand=("--job-handle-prefix", "H:other"),
        geartrain=("--handle-prefix", "H:other"),
    )
)
def handle_prefix(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB_BG, b"f", b"", b"")
    client.send(Type.GET_STATUS, b"H:other:1")
    client.send(Type.GET_STATUS, play.handle(1))
