"""Which job a worker gets."""

from __future__ import annotations

from proof.differential.cast import worker
from proof.differential.player import Player
from proof.differential.registry import Flags, differs, scenario
from proof.differential.wire import PacketType as Type

OLD_CHOICE = Flags(geartrain=("--compat", "1.1"))


@scenario()
def high_before_normal_before_low(play: Player) -> None:
    client = play.connect("client")
    for number in range(2):
        client.send(Type.SUBMIT_JOB_LOW, b"f", b"", b"low %d" % number)
        client.send(Type.SUBMIT_JOB_LOW_BG, b"f", b"", b"low bg %d" % number)
        client.send(Type.SUBMIT_JOB, b"f", b"", b"normal %d" % number)
        client.send(Type.SUBMIT_JOB_BG, b"f", b"", b"normal bg %d" % number)
        client.send(Type.SUBMIT_JOB_HIGH, b"f", b"", b"high %d" % number)
        client.send(Type.SUBMIT_JOB_HIGH_BG, b"f", b"", b"high bg %d" % number)
    client.text("prioritystatus")
    grabber = worker(play, b"f")
    for _ in range(13):
        grabber.send(Type.GRAB_JOB)


def _three_functions(play: Player) -> None:
    client = play.connect("client")
    for function in (b"a", b"b", b"c"):
        for number in range(3):
            client.send(Type.SUBMIT_JOB_BG, function, b"", function + b"%d" % number)
    grabber = worker(play, b"a", b"b", b"c")
    for _ in range(10):
        grabber.send(Type.GRAB_JOB)


def _priorities_over_functions(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB_HIGH_BG, b"a", b"", b"high")
    client.send(Type.SUBMIT_JOB_BG, b"b", b"", b"normal")
    client.send(Type.SUBMIT_JOB_LOW_BG, b"c", b"", b"low")
    client.send(Type.SUBMIT_JOB_HIGH_BG, b"c", b"", b"high")
    grabber = worker(play, b"a", b"b", b"c")
    for _ in range(5):
        grabber.send(Type.GRAB_JOB)


@scenario(OLD_CHOICE)
def functions_newest_first_as_in_1_1(play: Player) -> None:
    _three_functions(play)


@scenario(OLD_CHOICE)
def priority_inside_the_function_as_in_1_1(play: Player) -> None:
    _priorities_over_functions(play)


@scenario(Flags(gearmand=("-R",), geartrain=("--compat", "1.1", "--round-robin")))
def functions_take_turns_as_in_1_1(play: Player) -> None:
    _three_functions(play)


@differs(
    "global-priority",
    gearmand=[
        "client < JOB_CREATED H#1",
        "client < JOB_CREATED H#2",
        "client < JOB_CREATED H#3",
        "client < JOB_CREATED H#4",
        "client < JOB_CREATED H#5",
        "client < JOB_CREATED H#6",
        "client < JOB_CREATED H#7",
        "client < JOB_CREATED H#8",
        "client < JOB_CREATED H#9",
        "worker < JOB_ASSIGN H#7|c|c0",
        "worker < JOB_ASSIGN H#8|c|c1",
        "worker < JOB_ASSIGN H#9|c|c2",
        "worker < JOB_ASSIGN H#4|b|b0",
        "worker < JOB_ASSIGN H#5|b|b1",
        "worker < JOB_ASSIGN H#6|b|b2",
        "worker < JOB_ASSIGN H#1|a|a0",
        "worker < JOB_ASSIGN H#2|a|a1",
        "worker < JOB_ASSIGN H#3|a|a2",
        "worker < NO_JOB",
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
        "client < JOB_CREATED H#2",
        "client < JOB_CREATED H#3",
        "client < JOB_CREATED H#4",
        "client < JOB_CREATED H#5",
        "client < JOB_CREATED H#6",
        "client < JOB_CREATED H#7",
        "client < JOB_CREATED H#8",
        "client < JOB_CREATED H#9",
        "worker < JOB_ASSIGN H#7|c|c0",
        "worker < JOB_ASSIGN H#4|b|b0",
        "worker < JOB_ASSIGN H#1|a|a0",
        "worker < JOB_ASSIGN H#8|c|c1",
        "worker < JOB_ASSIGN H#5|b|b1",
        "worker < JOB_ASSIGN H#2|a|a1",
        "worker < JOB_ASSIGN H#9|c|c2",
        "worker < JOB_ASSIGN H#6|b|b2",
        "worker < JOB_ASSIGN H#3|a|a2",
        "worker < NO_JOB",
    ],
)
def functions_take_turns(play: Player) -> None:
    _three_functions(play)


@differs(
    "global-priority",
    gearmand=[
        "client < JOB_CREATED H#1",
        "client < JOB_CREATED H#2",
        "client < JOB_CREATED H#3",
        "client < JOB_CREATED H#4",
        "worker < JOB_ASSIGN H#4|c|high",
        "worker < JOB_ASSIGN H#3|c|low",
        "worker < JOB_ASSIGN H#2|b|normal",
        "worker < JOB_ASSIGN H#1|a|high",
        "worker < NO_JOB",
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
        "client < JOB_CREATED H#2",
        "client < JOB_CREATED H#3",
        "client < JOB_CREATED H#4",
        "worker < JOB_ASSIGN H#4|c|high",
        "worker < JOB_ASSIGN H#1|a|high",
        "worker < JOB_ASSIGN H#2|b|normal",
        "worker < JOB_ASSIGN H#3|c|low",
        "worker < NO_JOB",
    ],
)
def priority_is_global(play: Player) -> None:
    _priorities_over_functions(play)
