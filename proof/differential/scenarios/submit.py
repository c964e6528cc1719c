"""Every way to submit a job, from creation to completion."""

from __future__ import annotations

from proof.differential.cast import sleeper, tables
from proof.differential.player import Player
from proof.differential.registry import scenario
from proof.differential.wire import PacketType as Type


def _round_trip(play: Player, kind: Type, *arguments: bytes) -> None:
    admin = play.connect("admin")
    worker = sleeper(play, b"f")
    client = play.connect("client")
    client.send(kind, b"f", b"u", *arguments, b"work")
    tables(admin)
    worker.send(Type.GRAB_JOB_UNIQ)
    tables(admin)
    worker.send(Type.WORK_DATA, play.handle(1), b"part")
    worker.send(Type.WORK_STATUS, play.handle(1), b"1", b"2")
    worker.send(Type.WORK_COMPLETE, play.handle(1), b"result")
    tables(admin)


@scenario()
def submit_job(play: Player) -> None:
    _round_trip(play, Type.SUBMIT_JOB)


@scenario()
def submit_job_bg(play: Player) -> None:
    _round_trip(play, Type.SUBMIT_JOB_BG)


@scenario()
def submit_job_high(play: Player) -> None:
    _round_trip(play, Type.SUBMIT_JOB_HIGH)


@scenario()
def submit_job_high_bg(play: Player) -> None:
    _round_trip(play, Type.SUBMIT_JOB_HIGH_BG)


@scenario()
def submit_job_low(play: Player) -> None:
    _round_trip(play, Type.SUBMIT_JOB_LOW)


@scenario()
def submit_job_low_bg(play: Player) -> None:
    _round_trip(play, Type.SUBMIT_JOB_LOW_BG)


@scenario()
def submit_reduce_job(play: Player) -> None:
    _round_trip(play, Type.SUBMIT_REDUCE_JOB, b"reducer", b"")


@scenario()
def submit_reduce_job_background(play: Player) -> None:
    _round_trip(play, Type.SUBMIT_REDUCE_JOB_BACKGROUND, b"reducer", b"")


@scenario()
def submit_job_epoch_of_the_past(play: Player) -> None:
    _round_trip(play, Type.SUBMIT_JOB_EPOCH, b"1000000000")


@scenario()
def submit_creates_the_function(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB, b"nobody does this", b"", b"work")
    client.text("status")
    client.close()


@scenario()
def many_clients_one_worker(play: Player) -> None:
    clients = [play.connect(f"client {number}") for number in range(4)]
    for client in clients:
        client.send(Type.SUBMIT_JOB, b"f", b"", client.name.encode())
    worker = sleeper(play, b"f")
    for number in range(1, 5):
        worker.send(Type.GRAB_JOB)
        worker.send(Type.WORK_COMPLETE, play.handle(number), b"done")
    worker.send(Type.GRAB_JOB)
