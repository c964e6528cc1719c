"""Workers that go away or give up what they hold."""

from __future__ import annotations

from proof.differential.cast import busy_worker, sleeper, tables, worker
from proof.differential.player import Player
from proof.differential.registry import Flags, scenario
from proof.differential.wire import PacketType as Type


@scenario()
def worker_hangs_up(play: Player) -> None:
    client = play.connect("client")
    admin = play.connect("admin")
    grabber = busy_worker(play, client)
    sleeper(play, b"f", name="spare")
    grabber.send(Type.WORK_STATUS, play.handle(1), b"5", b"10")
    client.send(Type.GET_STATUS, play.handle(1))
    grabber.close()
    tables(admin)
    client.send(Type.GET_STATUS, play.handle(1))


@scenario()
def lost_job_goes_to_the_tail(play: Player) -> None:
    client = play.connect("client")
    for number in range(4):
        client.send(Type.SUBMIT_JOB, b"f", b"", b"work %d" % number)
    unlucky = worker(play, b"f", name="unlucky")
    unlucky.send(Type.GRAB_JOB)
    unlucky.send(Type.GRAB_JOB)
    unlucky.close()
    grabber = worker(play, b"f")
    for _ in range(4):
        grabber.send(Type.GRAB_JOB)
    client.text("show jobs")


@scenario()
def cant_do_gives_the_job_back(play: Player) -> None:
    client = play.connect("client")
    admin = play.connect("admin")
    grabber = busy_worker(play, client)
    sleeper(play, b"f", name="spare")
    grabber.send(Type.CANT_DO, b"f")
    tables(admin)
    grabber.send(Type.WORK_DATA, play.handle(1), b"data")
    grabber.send(Type.WORK_STATUS, play.handle(1), b"1", b"2")
    grabber.send(Type.WORK_COMPLETE, play.handle(1), b"result")
    grabber.send(Type.WORK_FAIL, play.handle(1))
    grabber.send(Type.WORK_EXCEPTION, play.handle(1), b"data")


@scenario()
def cant_do_of_another_function_keeps_the_job(play: Player) -> None:
    client = play.connect("client")
    grabber = busy_worker(play, client)
    grabber.send(Type.CAN_DO, b"g")
    grabber.send(Type.CANT_DO, b"g")
    grabber.send(Type.WORK_COMPLETE, play.handle(1), b"result")


@scenario()
def reset_abilities_gives_the_jobs_back(play: Player) -> None:
    client = play.connect("client")
    admin = play.connect("admin")
    grabber = busy_worker(play, client)
    sleeper(play, b"f", name="spare")
    grabber.send(Type.RESET_ABILITIES)
    tables(admin)
    grabber.send(Type.WORK_COMPLETE, play.handle(1), b"result")
    grabber.send(Type.CAN_DO, b"f")
    grabber.send(Type.GRAB_JOB)
    grabber.send(Type.WORK_COMPLETE, play.handle(1), b"result")


@scenario(Flags(gearmand=("-j", "2"), geartrain=("--job-retries", "2")))
def job_retries_fail_the_job(play: Player) -> None:
    client = play.connect("client")
    admin = play.connect("admin")
    other = play.connect("other")
    other.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    grabber = busy_worker(play, client)
    grabber.close()
    admin.text("show jobs")
    grabber = worker(play, b"f", name="second worker")
    grabber.send(Type.GRAB_JOB)
    grabber.close()
    tables(admin)
    client.send(Type.GET_STATUS, play.handle(1))


@scenario(Flags(gearmand=("-j", "1"), geartrain=("--job-retries", "1")))
def no_job_retries(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB_BG, b"f", b"background", b"work")
    admin = play.connect("admin")
    grabber = busy_worker(play, client)
    grabber.send(Type.GRAB_JOB)
    grabber.close()
    tables(admin)
