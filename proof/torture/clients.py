"""Clients that submit jobs and record every JOB_CREATED they get."""

from __future__ import annotations

import time

from geartrain.protocol.constants import PacketType
from proof.torture.actors import Actor
from proof.torture.functions import FUNCTIONS, Function, filled
from proof.torture.history import History, Submission
from tests.support.wire import MIB, Wire, packet

__all__ = ["Gauge", "Submitter", "Waiter", "note_schedules"]

_IN_FLIGHT = 40

_BACKGROUND = {
    "high": PacketType.SUBMIT_JOB_HIGH_BG,
    "normal": PacketType.SUBMIT_JOB_BG,
    "low": PacketType.SUBMIT_JOB_LOW_BG,
}
_RESULTS = (PacketType.WORK_COMPLETE, PacketType.WORK_FAIL, PacketType.WORK_EXCEPTION)


def note_schedules(history: History) -> None:
    """Note what schedules submit, as submissions that nobody was answered."""
    for function in FUNCTIONS.values():
        if function.every:
            history.submissions[function.name] = Submission(
                key=function.name,
                function=function,
                unique=b"",
                priority="normal",
                is_background=True,
                reducer=b"",
                size=1,
                due=0.0,
                round=1,
                sent=history.serial(),
                sent_at=0.0,
            )


class Gauge:
    """How many jobs the job server last said it has.

    Attributes:
        jobs: so many.
        most: while it has more, nobody submits.
    """

    def __init__(self, most: int) -> None:
        self.jobs = 0
        self.most = most


class _Client(Actor):
    """A client whose submissions have unique keys."""

    def __init__(self, name: str, seed: str, history: History) -> None:
        super().__init__(name, seed, history)
        self._count = 0
        # The last job of a chain, and how many there are in it.
        self._last = b""
        self._links = 0

    def draw(
        self, function: Function, priority: str, is_background: bool, size: int
    ) -> Submission:
        """Note a submission that is about to be sent."""
        self._count += 1
        unique = b""
        if function.uniques:
            unique = b"u%d" % self.randomness.randrange(function.uniques)
        due = 0.0
        if function.soon:
            due = round(time.time() + self.randomness.uniform(0, function.soon), 3)
            priority = "normal"
        flow_key = batch = b""
        if function.keys:
            flow_key = b"k%d" % self.randomness.randrange(function.keys)
        if function.batches:
            batch = b"%sb%d" % (self.name.encode(), self._count // function.batches)
        submission = Submission(
            key=b"%s%d" % (self.name.encode(), self._count),
            function=function,
            unique=unique,
            priority=priority,
            is_background=is_background,
            reducer=b"",
            size=size,
            due=due,
            round=self.round,
            sent=self.history.serial(),
            sent_at=time.time(),
            flow_key=flow_key,
            source=self._source(function),
            batch=batch,
        )
        self.history.submissions[submission.key] = submission
        return submission

    def _source(self, function: Function) -> bytes:
        """Return the handle of the job that the next one waits for, if it does."""
        links = self._links if function.chain else 0
        self._links = (links + 1) % (function.chain or 1)
        return self._last if links else b""

    def take_answer(self, wire: Wire, submission: Submission) -> None:
        """Note the submission's JOB_CREATED, which comes next.

        A job server that was killed has forgotten what became of a job before: who
        asks to wait for that is refused.
        """
        answer = wire.read()
        if answer.type is PacketType.ERROR and submission.source:
            return
        assert answer.type is PacketType.JOB_CREATED, answer
        submission.handle = answer.payload
        if submission.function.chain:
            self._last = submission.handle
        submission.acknowledged_at = time.time()
        submission.acknowledged = self.history.serial()


class Submitter(_Client):
    """A client that submits background jobs of all kinds, many in flight.

    Attributes:
        acknowledged: the submissions for which it was given a handle.
    """

    def __init__(self, name: str, seed: str, history: History, gauge: Gauge) -> None:
        super().__init__(name, seed, history)
        self.acknowledged: list[Submission] = []
        self._gauge = gauge
        self._functions = list(FUNCTIONS.values())
        self._shares = [each.share for each in self._functions]

    def act(self, wire: Wire) -> None:
        """Submit while there is room."""
        while True:
            if self._gauge.jobs > self._gauge.most:
                # This shows whether the job server is still there.
                assert wire.echoes()
                time.sleep(0.02)
                continue
            many = range(self.randomness.randint(1, _IN_FLIGHT))
            submissions = [self._draw() for _ in many]
            wire.send_bytes(b"".join(map(_encoded, submissions)))
            for submission in submissions:
                self.take_answer(wire, submission)
                if submission.acknowledged:
                    self.acknowledged.append(submission)

    def _draw(self) -> Submission:
        (function,) = self.randomness.choices(self._functions, self._shares)
        priority = self.randomness.choice(["high", "normal", "normal", "low"])
        submission = self.draw(function, priority, True, self._size())
        if not submission.due and self.randomness.random() < 0.05:
            submission.reducer = b"reducer"
            submission.priority = "normal"
        return submission

    def _size(self) -> int:
        """Choose a workload's size: nearly always small, hardly ever 3 MiB."""
        kind = self.randomness.random()
        if kind < 0.0007:
            return 3 * MIB
        if kind < 0.01:
            return self.randomness.randint(20_000, 200_000)
        return self.randomness.randint(10, 100 if kind < 0.8 else 3000)


def _encoded(submission: Submission) -> bytes:
    function, unique = _named(submission), submission.unique
    workload = filled(submission.key, submission.size)
    if submission.due:
        due = b"%.3f" % submission.due
        return packet(PacketType.SUBMIT_JOB_EPOCH, function, unique, due, workload)
    if submission.reducer:
        kind = PacketType.SUBMIT_REDUCE_JOB_BACKGROUND
        return packet(kind, function, unique, submission.reducer, b"", workload)
    return packet(_BACKGROUND[submission.priority], function, unique, workload)


def _named(submission: Submission) -> bytes:
    """Return the name of a job's function, with its options."""
    options = []
    if submission.flow_key:
        options.append(b"key=" + submission.flow_key)
    if submission.source:
        options.append(b"when=done&after=" + submission.source)
    if submission.batch:
        options.append(b"batch=" + submission.batch)
    name = submission.function.name
    return name + b"?" + b"&".join(options) if options else name


class Waiter(_Client):
    """A client that submits foreground jobs one by one and waits for each."""

    def act(self, wire: Wire) -> None:
        """Submit and wait."""
        while True:
            name = self.randomness.choice([b"plain", b"keyed"])
            submission = self.draw(FUNCTIONS[name], "high", False, 20)
            workload = filled(submission.key, submission.size)
            wire.send(PacketType.SUBMIT_JOB_HIGH, name, submission.unique, workload)
            self.take_answer(wire, submission)
            submission.result = self._await_result(wire, submission.handle)

    def _await_result(self, wire: Wire, handle: bytes) -> bytes | None:
        """Return what the worker sent; None if the job failed."""
        pieces = []
        while True:
            answer = wire.read()
            if answer.type is PacketType.WORK_FAIL:
                told, piece = answer.split(1)[0], b""
            else:
                told, piece = answer.split(2)
            if answer.type not in (PacketType.WORK_DATA, *_RESULTS) or told != handle:
                self.history.faults.append(
                    f"{self.name} was answered {answer} for {handle!r}"
                )
            pieces.append(piece)
            if answer.type is PacketType.WORK_COMPLETE:
                return b"".join(pieces)
            if answer.type is not PacketType.WORK_DATA:
                return None
