"""Bytes that are no packet, and packets with arguments missing."""

from __future__ import annotations

from proof.differential.cast import busy_worker
from proof.differential.player import Connection, Player
from proof.differential.registry import differs
from proof.differential.wire import PacketType as Type
from proof.differential.wire import encode


@differs(
    "unknown-packet-type",
    gearmand=[
        "client < CLOSED",
    ],
    geartrain=[
        "client < ERROR INVALID_COMMAND|Packet type 0 is unknown",
        "client < CLOSED",
    ],
)
def unknown_type_zero(play: Player) -> None:
    client = play.connect("client")
    client.raw_unfinished(encode(0))
    client.until_closed()


@differs(
    "unknown-packet-type",
    gearmand=[
        "client < CLOSED",
    ],
    geartrain=[
        "client < ERROR INVALID_COMMAND|Packet type 43 is unknown",
        "client < CLOSED",
    ],
)
def unknown_type_43(play: Player) -> None:
    client = play.connect("client")
    client.raw_unfinished(encode(43, b"x"))
    client.until_closed()


@differs(
    "unknown-packet-type",
    gearmand=[
        "client < CLOSED",
        'bystander < "OK VERSION\\n"',
    ],
    geartrain=[
        "client < ERROR INVALID_COMMAND|Packet type 99 is unknown",
        "client < CLOSED",
        'bystander < "OK VERSION\\n"',
    ],
)
def unknown_type_99(play: Player) -> None:
    client = play.connect("client")
    bystander = play.connect("bystander")
    client.raw_unfinished(encode(99, b"x", b"y"))
    client.until_closed()
    bystander.text("version")


@differs(
    "unknown-magic",
    gearmand=[
        "client < CLOSED",
    ],
    geartrain=[
        "client < ERROR INVALID_MAGIC|A packet begins with \\\\0REQ, a command with "
        "a letter",
        "client < CLOSED",
    ],
)
def unknown_magic(play: Player) -> None:
    client = play.connect("client")
    client.raw_unfinished(encode(Type.ECHO_REQ, b"hello", magic=b"\0FOO"))
    client.until_closed()


def _and_then_an_echo(connection: Connection) -> None:
    """See whether the connection goes on after a packet that is wrong."""
    connection.raw_unfinished(encode(Type.ECHO_REQ, b"after"))
    connection.wait_for(Type.ECHO_RES, 3)


@differs(
    "too-few-arguments",
    gearmand=[
        "client (nothing)",
        "client < CLOSED",
    ],
    geartrain=[
        "client < ERROR INVALID_PACKET|SUBMIT_JOB has 3 arguments (function, "
        "unique, data), got 2",
        "client < ECHO_RES after",
    ],
)
def too_few_arguments(play: Player) -> None:
    client = play.connect("client")
    client.raw_unfinished(encode(Type.SUBMIT_JOB, b"f", b"u"))
    client.listen(0.2)
    _and_then_an_echo(client)


@differs(
    "too-few-arguments",
    gearmand=[
        "client (nothing)",
        "client < CLOSED",
    ],
    geartrain=[
        "client < ERROR INVALID_PACKET|SUBMIT_JOB_BG has 3 arguments (function, "
        "unique, data), got 1",
        "client < ECHO_RES after",
    ],
)
def no_arguments(play: Player) -> None:
    client = play.connect("client")
    client.raw_unfinished(encode(Type.SUBMIT_JOB_BG))
    client.listen(0.2)
    _and_then_an_echo(client)


@differs(
    "too-few-arguments",
    gearmand=[
        "worker (nothing)",
    ],
    geartrain=[
        "worker < ERROR INVALID_PACKET|WORK_STATUS has 3 arguments (handle, "
        "numerator, denominator), got 1",
    ],
)
def status_without_numbers(play: Player) -> None:
    worker = play.connect("worker")
    worker.raw_unfinished(encode(Type.WORK_STATUS, b"H:x:1"))
    worker.listen(0.2)


@differs(
    "too-few-arguments",
    gearmand=[
        "worker (nothing)",
    ],
    geartrain=[
        "worker < ERROR INVALID_PACKET|CAN_DO_TIMEOUT has 2 arguments (function, "
        "timeout), got 1",
    ],
)
def timeout_missing(play: Player) -> None:
    worker = play.connect("worker")
    worker.raw_unfinished(encode(Type.CAN_DO_TIMEOUT, b"f"))
    worker.listen(0.2)


@differs(
    "too-few-arguments",
    gearmand=[
        "client (nothing)",
        "client < CLOSED",
    ],
    geartrain=[
        "client < ERROR INVALID_PACKET|SUBMIT_REDUCE_JOB has 5 arguments (function, "
        "unique, reducer, aggregator, data), got 4",
        "client < ECHO_RES after",
    ],
)
def reduce_of_four_arguments(play: Player) -> None:
    client = play.connect("client")
    client.raw_unfinished(encode(Type.SUBMIT_REDUCE_JOB, b"f", b"u", b"r", b"work"))
    client.listen(0.2)
    _and_then_an_echo(client)


@differs(
    "result-without-data",
    gearmand=[
        "client < JOB_CREATED H#1",
        "worker < JOB_ASSIGN H#1|f|work",
        "client (nothing)",
        "worker < CLOSED",
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
        "worker < JOB_ASSIGN H#1|f|work",
        "client < WORK_COMPLETE H#1|",
        "worker < ECHO_RES after",
    ],
)
def result_without_data(play: Player) -> None:
    client = play.connect("client")
    worker = busy_worker(play, client)
    worker.raw_unfinished(encode(Type.WORK_COMPLETE, play.handle(1)))
    client.listen(0.2)
    _and_then_an_echo(worker)


@differs(
    "result-without-data",
    gearmand=[
        "client < OPTION_RES exceptions",
        "client < JOB_CREATED H#1",
        "worker < JOB_ASSIGN H#1|f|work",
        "client (nothing)",
        "client (nothing)",
        "client (nothing)",
    ],
    geartrain=[
        "client < OPTION_RES exceptions",
        "client < JOB_CREATED H#1",
        "worker < JOB_ASSIGN H#1|f|work",
        "client < WORK_DATA H#1|",
        "client < WORK_WARNING H#1|",
        "client < WORK_EXCEPTION H#1|",
    ],
)
def parts_without_data(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.OPTION_REQ, b"exceptions")
    worker = busy_worker(play, client)
    for kind in (Type.WORK_DATA, Type.WORK_WARNING, Type.WORK_EXCEPTION):
        worker.raw_unfinished(encode(kind, play.handle(1)))
        client.listen(0.2)
