"""Where packets begin and end."""

from __future__ import annotations

from proof.differential.player import Player
from proof.differential.registry import scenario
from proof.differential.wire import HEADER, REQUEST, encode
from proof.differential.wire import PacketType as Type


@scenario()
def packets_in_single_bytes(play: Player) -> None:
    client = play.connect("client")
    data = encode(Type.ECHO_REQ, b"hello") + encode(Type.SUBMIT_JOB_BG, b"f", b"", b"x")
    client.raw(*(data[at : at + 1] for at in range(len(data))))
    client.text("status")


@scenario()
def packets_pipelined(play: Player) -> None:
    client = play.connect("client")
    client.raw(
        b"".join(
            encode(Type.SUBMIT_JOB_BG, b"f", b"u%d" % number, b"work")
            for number in range(50)
        )
    )
    client.text("status")


@scenario()
def packet_waits_for_its_end(play: Player) -> None:
    client = play.connect("client")
    packet = encode(Type.SUBMIT_JOB, b"f", b"u", b"half and half")
    client.raw_unfinished(packet[:-5])
    client.quiet(0.1)
    client.finish(packet[-5:])


@scenario()
def payload_of_packets_without_arguments(play: Player) -> None:
    worker = play.connect("worker")
    worker.send(Type.RESET_ABILITIES, b"extra")
    worker.send(Type.GRAB_JOB, b"extra", b"words")
    worker.send(Type.GRAB_JOB_UNIQ, b"extra")
    worker.send(Type.GRAB_JOB_ALL, b"extra")
    worker.send(Type.PRE_SLEEP, b"extra")


@scenario()
def empty_arguments(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB, b"", b"", b"")
    client.text("status")
    worker = play.connect("worker")
    worker.send(Type.CAN_DO, b"")
    worker.send(Type.GRAB_JOB_UNIQ)
    worker.send(Type.WORK_COMPLETE, play.handle(1), b"")


@scenario()
def workload_with_every_byte(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB, b"f", b"u", bytes(range(256)) * 3)
    worker = play.connect("worker")
    worker.send(Type.CAN_DO, b"f")
    worker.send(Type.GRAB_JOB_ALL)
    worker.send(Type.WORK_DATA, play.handle(1), bytes(range(255, -1, -1)))
    worker.send(Type.WORK_COMPLETE, play.handle(1), b"\0\0\0")


@scenario()
def workload_of_some_megabytes(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB, b"f", b"u", b"0123456789abcdef" * 250_000)
    worker = play.connect("worker")
    worker.send(Type.CAN_DO, b"f")
    worker.send(Type.GRAB_JOB)
    worker.send(Type.WORK_COMPLETE, play.handle(1), b"fedcba9876543210" * 250_000)


@scenario()
def function_name_with_a_nul(play: Player) -> None:
    worker = play.connect("worker")
    worker.send(Type.CAN_DO, b"nu", b"l")
    worker.text("status")
    worker.send(Type.CANT_DO, b"nu")
    worker.text("workers")
    worker.send(Type.CANT_DO, b"nu", b"l")
    worker.text("workers")


@scenario()
def size_that_never_arrives(play: Player) -> None:
    client = play.connect("client")
    bystander = play.connect("bystander")
    client.raw_unfinished(HEADER.pack(REQUEST, Type.ECHO_REQ, 1 << 20) + b"little")
    bystander.send(Type.ECHO_REQ, b"still here")
    client.close()
    bystander.send(Type.ECHO_REQ, b"and here")
