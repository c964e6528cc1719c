"""WORK_EXCEPTION, which only clients that asked for it get."""

from __future__ import annotations

from proof.differential.cast import busy_worker
from proof.differential.player import Player
from proof.differential.registry import Flags, differs, scenario
from proof.differential.wire import PacketType as Type


@scenario()
def exception_with_the_option(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.OPTION_REQ, b"exceptions")
    grabber = busy_worker(play, client)
    grabber.send(Type.WORK_EXCEPTION, play.handle(1), b"it", b"broke")
    client.send(Type.GET_STATUS, play.handle(1))
    grabber.send(Type.WORK_COMPLETE, play.handle(1), b"")


@scenario(Flags(gearmand=("--exceptions",), geartrain=("--exceptions",)))
def exception_for_everybody(play: Player) -> None:
    client = play.connect("client")
    grabber = busy_worker(play, client)
    grabber.send(Type.WORK_EXCEPTION, play.handle(1), b"it broke")


@differs(
    "no-trailing-nul",
    gearmand=[
        "client < JOB_CREATED H#1",
        "worker < JOB_ASSIGN H#1|f|work",
        "client < WORK_FAIL H#1|",
        "client < STATUS_RES H#1|0|0|0|0",
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
        "worker < JOB_ASSIGN H#1|f|work",
        "client < WORK_FAIL H#1",
        "client < STATUS_RES H#1|0|0|0|0",
    ],
)
def exception_without_the_option(play: Player) -> None:
    client = play.connect("client")
    grabber = busy_worker(play, client)
    grabber.send(Type.WORK_EXCEPTION, play.handle(1), b"it broke")
    client.send(Type.GET_STATUS, play.handle(1))


@scenario()
def option_after_the_submit(play: Player) -> None:
    client = play.connect("client")
    grabber = busy_worker(play, client)
    client.send(Type.OPTION_REQ, b"exceptions")
    grabber.send(Type.WORK_EXCEPTION, play.handle(1), b"it broke")


@scenario()
def exception_of_a_background_job(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.OPTION_REQ, b"exceptions")
    client.send(Type.SUBMIT_JOB_BG, b"f", b"u", b"work")
    grabber = play.connect("worker")
    grabber.send(Type.CAN_DO, b"f")
    grabber.send(Type.GRAB_JOB)
    grabber.send(Type.WORK_EXCEPTION, play.handle(1), b"it broke")
    client.text("status")


@differs(
    "no-trailing-nul",
    gearmand=[
        "two < OPTION_RES exceptions",
        "one < JOB_CREATED H#1",
        "worker < JOB_ASSIGN H#1|f|work",
        "two < JOB_CREATED H#1",
        "one < WORK_FAIL H#1|",
        "two < WORK_EXCEPTION H#1|it broke",
    ],
    geartrain=[
        "two < OPTION_RES exceptions",
        "one < JOB_CREATED H#1",
        "worker < JOB_ASSIGN H#1|f|work",
        "two < JOB_CREATED H#1",
        "one < WORK_FAIL H#1",
        "two < WORK_EXCEPTION H#1|it broke",
    ],
)
def exception_for_two_clients(play: Player) -> None:
    one = play.connect("one")
    two = play.connect("two")
    two.send(Type.OPTION_REQ, b"exceptions")
    grabber = busy_worker(play, one)
    two.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    grabber.send(Type.WORK_EXCEPTION, play.handle(1), b"it broke")


@differs(
    "fail-after-exception",
    gearmand=[
        "client < OPTION_RES exceptions",
        "client < JOB_CREATED H#1",
        "worker < JOB_ASSIGN H#1|f|work",
        "client < WORK_EXCEPTION H#1|it broke",
        "worker < ERROR JOB_NOT_FOUND|Job given in work result not found",
        "worker < ERROR JOB_NOT_FOUND|Job given in work result not found",
    ],
    geartrain=[
        "client < OPTION_RES exceptions",
        "client < JOB_CREATED H#1",
        "worker < JOB_ASSIGN H#1|f|work",
        "client < WORK_EXCEPTION H#1|it broke",
        "worker < ERROR JOB_NOT_FOUND|Job given in work result not found",
    ],
)
def failure_after_exception(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.OPTION_REQ, b"exceptions")
    grabber = busy_worker(play, client)
    grabber.send(Type.WORK_EXCEPTION, play.handle(1), b"it broke")
    grabber.send(Type.WORK_FAIL, play.handle(1))
    grabber.send(Type.WORK_FAIL, play.handle(1))
