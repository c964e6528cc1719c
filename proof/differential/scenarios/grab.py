"""Grabbing jobs, several at a time, from several connections."""

from __future__ import annotations

from proof.differential.cast import tables, worker
from proof.differential.player import Player
from proof.differential.registry import scenario
from proof.differential.wire import PacketType as Type


@scenario()
def the_three_grabs(play: Player) -> None:
    client = play.connect("client")
    for unique in (b"one", b"", b"three"):
        client.send(Type.SUBMIT_JOB, b"f", unique, b"work")
    grabber = worker(play, b"f")
    for kind in (Type.GRAB_JOB, Type.GRAB_JOB_UNIQ, Type.GRAB_JOB_ALL):
        grabber.send(kind)
    for kind in (Type.GRAB_JOB, Type.GRAB_JOB_UNIQ, Type.GRAB_JOB_ALL):
        grabber.send(kind)


@scenario()
def several_jobs_held_by_one_worker(play: Player) -> None:
    client = play.connect("client")
    admin = play.connect("admin")
    for number in range(3):
        client.send(Type.SUBMIT_JOB, b"f", b"", b"work %d" % number)
    grabber = worker(play, b"f")
    for _ in range(3):
        grabber.send(Type.GRAB_JOB)
    tables(admin)
    grabber.send(Type.WORK_COMPLETE, play.handle(2), b"second")
    grabber.send(Type.WORK_FAIL, play.handle(3))
    grabber.send(Type.WORK_COMPLETE, play.handle(1), b"first")
    tables(admin)


@scenario()
def jobs_go_round_between_workers(play: Player) -> None:
    client = play.connect("client")
    workers = [worker(play, b"f", name=f"worker {number}") for number in range(3)]
    for number in range(4):
        client.send(Type.SUBMIT_JOB, b"f", b"", b"work %d" % number)
    for grabber in workers:
        grabber.send(Type.GRAB_JOB)
    for number, grabber in enumerate(workers, 1):
        grabber.send(Type.WORK_COMPLETE, play.handle(number), b"done")
    workers[1].send(Type.GRAB_JOB)


@scenario()
def a_job_is_done_once(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    grabber = worker(play, b"f")
    grabber.send(Type.GRAB_JOB)
    grabber.send(Type.WORK_COMPLETE, play.handle(1), b"done")
    grabber.send(Type.WORK_COMPLETE, play.handle(1), b"done")
    grabber.send(Type.WORK_FAIL, play.handle(1))
    grabber.send(Type.WORK_DATA, play.handle(1), b"late")
    grabber.send(Type.WORK_STATUS, play.handle(1), b"1", b"1")
    grabber.send(Type.WORK_EXCEPTION, play.handle(1), b"late")
