"""Packets that a server refuses and goes on."""

from __future__ import annotations

from proof.differential.cast import busy_worker
from proof.differential.player import Player
from proof.differential.registry import differs, scenario
from proof.differential.wire import RESPONSE, encode
from proof.differential.wire import PacketType as Type


@scenario()
def response_types_are_refused(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.NOOP)
    client.send(Type.JOB_CREATED, b"H:x:1")
    client.send(Type.NO_JOB)
    client.send(Type.JOB_ASSIGN, b"H:x:1", b"f", b"work")
    client.send(Type.ECHO_RES, b"hello")
    client.send(Type.ERROR, b"CODE", b"text")
    client.send(Type.STATUS_RES, b"H:x:1", b"1", b"1", b"0", b"0")
    client.send(Type.OPTION_RES, b"exceptions")
    client.send(Type.JOB_ASSIGN_UNIQ, b"H:x:1", b"f", b"u", b"work")
    client.send(Type.JOB_ASSIGN_ALL, b"H:x:1", b"f", b"u", b"r", b"work")
    client.send(Type.STATUS_RES_UNIQUE, b"u", b"1", b"1", b"0", b"0", b"1")


@scenario()
def unused_types_are_refused(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.UNUSED)
    client.send(Type.ALL_YOURS)


@scenario()
def response_magic_is_refused(play: Player) -> None:
    client = play.connect("client")
    client.raw(encode(Type.ECHO_REQ, b"hello", magic=RESPONSE))
    client.raw(encode(Type.SUBMIT_JOB, b"f", b"u", b"work", magic=RESPONSE))
    client.text("status")


@scenario()
def unique_too_large(play: Player) -> None:
    client = play.connect("client")
    for kind in (
        Type.SUBMIT_JOB,
        Type.SUBMIT_JOB_BG,
        Type.SUBMIT_JOB_HIGH,
        Type.SUBMIT_JOB_HIGH_BG,
        Type.SUBMIT_JOB_LOW,
        Type.SUBMIT_JOB_LOW_BG,
    ):
        client.send(kind, b"f", b"u" * 65, b"work")
    client.send(Type.SUBMIT_JOB_EPOCH, b"f", b"u" * 65, b"0", b"work")
    client.send(Type.SUBMIT_JOB, b"f", b"u" * 1000, b"work")
    client.text("status")


@scenario()
def reducer_too_large(play: Player) -> None:
    client = play.connect("client")
    for kind in (Type.SUBMIT_REDUCE_JOB, Type.SUBMIT_REDUCE_JOB_BACKGROUND):
        client.send(kind, b"f", b"u", b"r" * 65, b"", b"work")
    client.text("status")


@scenario()
def results_for_unknown_jobs(play: Player) -> None:
    worker = play.connect("worker")
    worker.send(Type.WORK_DATA, b"H:x:99", b"data")
    worker.send(Type.WORK_WARNING, b"H:x:99", b"data")
    worker.send(Type.WORK_STATUS, b"H:x:99", b"1", b"2")
    worker.send(Type.WORK_COMPLETE, b"H:x:99", b"data")
    worker.send(Type.WORK_FAIL, b"H:x:99")
    worker.send(Type.WORK_EXCEPTION, b"H:x:99", b"data")
    worker.send(Type.WORK_FAIL, b"")
    worker.send(Type.WORK_COMPLETE, b"", b"")


@scenario()
def results_from_a_stranger(play: Player) -> None:
    client = play.connect("client")
    busy_worker(play, client)
    stranger = play.connect("stranger")
    stranger.send(Type.WORK_DATA, play.handle(1), b"data")
    stranger.send(Type.WORK_WARNING, play.handle(1), b"data")
    stranger.send(Type.WORK_STATUS, play.handle(1), b"1", b"2")
    stranger.send(Type.WORK_EXCEPTION, play.handle(1), b"data")
    stranger.send(Type.WORK_FAIL, play.handle(1))
    stranger.send(Type.WORK_COMPLETE, play.handle(1), b"data")
    stranger.send(Type.GET_STATUS, play.handle(1))


@scenario()
def client_fails_its_own_waiting_job(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    client.send(Type.WORK_FAIL, play.handle(1))
    client.send(Type.GET_STATUS, play.handle(1))


@scenario()
def results_for_long_handles(play: Player) -> None:
    worker = play.connect("worker")
    worker.send(Type.WORK_FAIL, b"h" * 63)
    worker.send(Type.WORK_COMPLETE, b"h" * 63, b"")
    worker.send(Type.WORK_COMPLETE, b"h" * 64, b"")
    worker.send(Type.WORK_DATA, b"h" * 64, b"")
    worker.send(Type.WORK_STATUS, b"h" * 64, b"1", b"2")
    worker.send(Type.WORK_EXCEPTION, b"h" * 64, b"")


@differs(
    "long-handle",
    gearmand=[
        "worker < ERROR ARGUMENT_TOO_LARGE|Error occurred due to "
        "GEARMAND_JOB_HANDLE_SIZE being too small from snprintf",
        "worker < ERROR ARGUMENT_TOO_LARGE|Error occurred due to "
        "GEARMAND_JOB_HANDLE_SIZE being too small from snprintf",
    ],
    geartrain=[
        "worker < ERROR JOB_NOT_FOUND|Job given in work result not found",
        "worker < ERROR JOB_NOT_FOUND|Job given in work result not found",
    ],
)
def failure_of_a_long_handle(play: Player) -> None:
    worker = play.connect("worker")
    worker.send(Type.WORK_FAIL, b"h" * 64)
    worker.send(Type.WORK_FAIL, b"h" * 300)
