"""What workers say they can do."""

from __future__ import annotations

from proof.differential.cast import sleeper, worker
from proof.differential.player import Player
from proof.differential.registry import differs, scenario
from proof.differential.wire import PacketType as Type
from proof.differential.wire import encode


@scenario()
def abilities_are_listed(play: Player) -> None:
    admin = play.connect("admin")
    grabber = worker(play, b"x1", b"x2", b"x3")
    grabber.send(Type.CAN_DO_TIMEOUT, b"x4", b"5000")
    admin.text("workers")
    admin.text("status")
    grabber.send(Type.CANT_DO, b"x2")
    admin.text("workers")
    admin.text("status")
    grabber.send(Type.CANT_DO, b"never could")
    grabber.send(Type.RESET_ABILITIES)
    admin.text("workers")
    admin.text("status")
    grabber.send(Type.RESET_ABILITIES)
    grabber.send(Type.CAN_DO, b"x2")
    grabber.close()
    admin.text("workers")
    admin.text("status")


@differs(
    "ability-counted-once",
    gearmand=[
        'admin < "FD 127.0.0.1 - :\\nFD 127.0.0.1 - : f f\\n.\\n"',
        'admin < "f\\t0\\t0\\t2\\n.\\n"',
        'admin < "FD 127.0.0.1 - :\\nFD 127.0.0.1 - :\\n.\\n"',
        'admin < "f\\t0\\t0\\t0\\n.\\n"',
    ],
    geartrain=[
        'admin < "FD 127.0.0.1 - :\\nFD 127.0.0.1 - : f\\n.\\n"',
        'admin < "f\\t0\\t0\\t1\\n.\\n"',
        'admin < "FD 127.0.0.1 - :\\nFD 127.0.0.1 - :\\n.\\n"',
        'admin < "f\\t0\\t0\\t0\\n.\\n"',
    ],
)
def ability_twice(play: Player) -> None:
    admin = play.connect("admin")
    grabber = worker(play, b"f", b"f")
    admin.text("workers")
    admin.text("status")
    grabber.send(Type.CANT_DO, b"f")
    admin.text("workers")
    admin.text("status")


@scenario()
def workers_without_the_ability_get_nothing(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB, b"f", b"", b"work")
    none = play.connect("none")
    none.send(Type.GRAB_JOB)
    none.send(Type.PRE_SLEEP)
    other = worker(play, b"g", name="other")
    other.send(Type.GRAB_JOB)
    other.send(Type.PRE_SLEEP)
    former = worker(play, b"f", name="former")
    former.send(Type.CANT_DO, b"f")
    former.send(Type.GRAB_JOB)
    former.send(Type.PRE_SLEEP)
    client.send(Type.SUBMIT_JOB, b"f", b"", b"work")


@scenario()
def ability_while_awake_is_silent(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB, b"f", b"", b"work")
    worker(play, b"f")


@differs(
    "ability-wakes",
    gearmand=[
        "client < JOB_CREATED H#1",
        "worker (nothing)",
        "worker < JOB_ASSIGN H#1|f|work",
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
        "worker < NOOP",
        "worker < JOB_ASSIGN H#1|f|work",
    ],
)
def ability_while_asleep_with_work_ready(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB, b"f", b"", b"work")
    grabber = sleeper(play, b"g")
    # Geartrain wakes it when it has read all there is, an echo included.
    grabber.raw_unfinished(encode(Type.CAN_DO, b"f"))
    grabber.listen(0.3)
    grabber.finish(encode(Type.GRAB_JOB))


@scenario()
def reset_of_a_sleeper(play: Player) -> None:
    client = play.connect("client")
    grabber = sleeper(play, b"f", b"g")
    grabber.send(Type.RESET_ABILITIES)
    client.send(Type.SUBMIT_JOB, b"f", b"", b"work")
    grabber.send(Type.PRE_SLEEP)
    grabber.send(Type.CAN_DO, b"g")
    client.send(Type.SUBMIT_JOB, b"g", b"", b"work")


@scenario()
def timeouts_without_meaning(play: Player) -> None:
    grabber = play.connect("worker")
    for number, timeout in enumerate((b"", b"abc", b"0", b"-1", b"1", b"999999")):
        grabber.send(Type.CAN_DO_TIMEOUT, b"f%d" % number, timeout)
    grabber.text("workers")
    grabber.text("status")
