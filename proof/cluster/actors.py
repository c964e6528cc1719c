"""Clients and workers that go from node to node, as their configuration lists them."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from time import monotonic

from geartrain.protocol.constants import PacketType
from geartrain.protocol.options import announced, join_options
from proof.cluster.history import History, Submission
from tests.support.node_processes import Node
from tests.support.wire import Wire, packet

__all__ = ["Actor", "Caller", "Submitter", "Worker"]

# Seconds after which a node that says nothing is left for another one.
_PATIENCE = 15.0
_MOST_IN_FLIGHT = 20
_UNIQUES = 30
# While more jobs wait, nobody submits.
_MOST_WAITING = 3000
# Seconds that a job takes at most, and that it is to wait before.
_LONGEST = 0.05
_LONGEST_DELAY = 4.0


class Actor(ABC):
    """A peer on a thread of its own, which goes on with another node after an error.

    Attributes:
        name: who it is; the same seed and name make the same choices.
    """

    def __init__(
        self, name: str, seed: str, history: History, nodes: Sequence[Node]
    ) -> None:
        self.name = name
        self.randomness = random.Random(f"{seed} {name}")
        self.history = history
        self._nodes = nodes
        self._is_leaving = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to act."""
        self._thread.start()

    def leave(self) -> None:
        """Stop acting."""
        self._is_leaving.set()

    def wait_gone(self) -> None:
        """Return once it has left."""
        self._thread.join(_PATIENCE * 2)

    def is_leaving(self) -> bool:
        """Tell whether it is to stop."""
        return self._is_leaving.is_set()

    def _run(self) -> None:
        while not self.is_leaving():
            node = self.randomness.choice(self._nodes)
            try:
                with Wire(node.connect(2.0)) as wire:
                    wire.socket.settimeout(_PATIENCE)
                    self.act(wire, node)
            except (OSError, AssertionError, EOFError):
                # The node is gone, or takes nothing now.
                time.sleep(0.1)

    @abstractmethod
    def act(self, wire: Wire, node: Node) -> None:
        """Act on a new connection until ``is_leaving``, or something is wrong."""


class Submitter(Actor):
    """Submits background jobs, some with a unique, and notes each handle it gets."""

    def __init__(
        self, name: str, seed: str, history: History, nodes: Sequence[Node]
    ) -> None:
        super().__init__(name, seed, history, nodes)
        self._count = 0

    def act(self, wire: Wire, node: Node) -> None:
        while not self.is_leaving():
            if self.history.waiting() > _MOST_WAITING:
                # This shows whether the node is still there.
                assert wire.echoes()
                time.sleep(0.1)
                continue
            many = range(self.randomness.randint(1, _MOST_IN_FLIGHT))
            submissions = [self._draw(node) for _ in many]
            wire.send_bytes(b"".join(map(_encoded, submissions)))
            for submission in submissions:
                self._take_answer(wire, submission)
            time.sleep(self.randomness.uniform(0, 0.05))
            if self.randomness.random() < 0.02:
                return

    def _draw(self, node: Node) -> Submission:
        self._count += 1
        unique = b""
        if self.randomness.random() < 0.2:
            unique = b"u%d" % self.randomness.randrange(_UNIQUES)
        key = b"%s-%d" % (self.name.encode(), self._count)
        submission = self.history.submit(key, unique, node.name)
        if not unique and self.randomness.random() < 0.1:
            submission.delay = round(self.randomness.uniform(0.5, _LONGEST_DELAY), 1)
        return submission

    def _take_answer(self, wire: Wire, submission: Submission) -> None:
        if submission.delay:
            wire.expect(PacketType.OPTION_RES)
        answer = wire.read()
        if answer.type is PacketType.JOB_CREATED:
            submission.handle = answer.payload
            submission.acknowledged = monotonic()
        elif answer.type is not PacketType.ERROR:
            self.history.faults.append(f"{self.name} was answered {answer}")


def _encoded(submission: Submission) -> bytes:
    function = b"once" if submission.unique else b"job"
    arguments = function, submission.unique, submission.key
    submitted = packet(PacketType.SUBMIT_JOB_BG, *arguments)
    if submission.delay:
        options = join_options({"delay": f"{submission.delay:g}s"})
        return announced(options) + submitted
    return submitted


class Caller(Actor):
    """Submits foreground jobs one by one, and looks at their results."""

    def act(self, wire: Wire, node: Node) -> None:
        while not self.is_leaving():
            text = b"%d" % self.randomness.randrange(10**9)
            is_answered = False
            try:
                handle = wire.submit(b"call", text)
                answer = wire.read()
                is_answered = answer.type is PacketType.WORK_COMPLETE
                if is_answered and answer.split(2) != [handle, text[::-1]]:
                    self.history.faults.append(f"{text!r} was answered {answer}")
            finally:
                self.history.called(is_answered=is_answered)
            time.sleep(0.02)


class Worker(Actor):
    """Does what it is given, and notes when."""

    def act(self, wire: Wire, node: Node) -> None:
        for function in (b"job", b"once", b"call"):
            wire.send(PacketType.CAN_DO, function)
        while not self.is_leaving():
            wire.send(PacketType.GRAB_JOB)
            answer = wire.read()
            if answer.type is PacketType.JOB_ASSIGN:
                self._work(wire, node, *answer.split(3))
            elif answer.type is PacketType.NO_JOB:
                wire.send(PacketType.PRE_SLEEP)
                with contextlib.suppress(TimeoutError):
                    wire.socket.settimeout(2.0)
                    wire.expect(PacketType.NOOP)
                wire.socket.settimeout(_PATIENCE)
            if self.randomness.random() < 0.002:
                return

    def _work(
        self, wire: Wire, node: Node, handle: bytes, function: bytes, data: bytes
    ) -> None:
        if function == b"call":
            wire.send(PacketType.WORK_COMPLETE, handle, data[::-1])
            return
        run = self.history.run(data, handle, node.name)
        time.sleep(self.randomness.uniform(0, _LONGEST))
        wire.send(PacketType.WORK_COMPLETE, handle, b"")
        run.ended = monotonic()
