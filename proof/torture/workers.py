"""Workers that record every run before they send anything about it."""

from __future__ import annotations

import select
import time
from collections.abc import Sequence

from geartrain.protocol.constants import PacketType
from proof.torture.actors import Actor
from proof.torture.functions import FUNCTIONS, Function, is_whole
from proof.torture.history import History, Run
from tests.support.wire import Received, Wire, packet

__all__ = ["Worker", "error_of"]

_GRAB = packet(PacketType.GRAB_JOB_ALL)


def error_of(key: bytes) -> bytes:
    """Return the text of a WORK_EXCEPTION that a worker sends."""
    return b"no luck with " + key


class Worker(Actor):
    """A worker that takes every job it can get."""

    def __init__(
        self,
        name: str,
        seed: str,
        history: History,
        functions: Sequence[Function],
    ) -> None:
        super().__init__(name, seed, history)
        self._functions = functions
        self._asked = 0
        self._asked_at = 0.0

    def act(self, wire: Wire) -> None:
        """Work until a job is to go wrong by the loss of its worker."""
        abilities = [packet(PacketType.SET_CLIENT_ID, self.name.encode())]
        abilities += [packet(PacketType.CAN_DO, each.name) for each in self._functions]
        wire.send_bytes(b"".join(abilities))
        run: Run | None = None
        result = b""
        while run is None or run.outcome != "crash":
            answer = self._grab(wire, result, run)
            result, run = b"", None
            if answer.type is PacketType.NO_JOB:
                self._sleep(wire)
            else:
                run = self._start(answer)
                result = self._perform(run, wire)

    def _grab(self, wire: Wire, result: bytes, run: Run | None) -> Received:
        """Send the result of the last run, and ask for the next job."""
        self._asked_at = time.time()
        self._asked = self.history.serial()
        wire.send_bytes(result + _GRAB)
        answer = wire.read()
        while answer.type in (PacketType.NOOP, PacketType.ERROR):
            if answer.type is PacketType.ERROR:
                assert run is not None, answer
                assert answer.split(2)[0] == b"JOB_NOT_FOUND", answer
                run.is_refused = True
            answer = wire.read()
        if run is not None:
            run.settled = self.history.serial()
        return answer

    def _sleep(self, wire: Wire) -> None:
        wire.send(PacketType.PRE_SLEEP)
        try:
            wire.expect(PacketType.NOOP)
        except TimeoutError:
            # Having nothing to do is no fault; stuck jobs are found at the end.
            raise ConnectionError from None

    def _start(self, answer: Received) -> Run:
        started = self.history.serial()
        reducer = b""
        if answer.type is PacketType.JOB_ASSIGN_ALL:
            handle, function, unique, reducer, workload = answer.split(5)
        else:
            assert answer.type is PacketType.JOB_ASSIGN_UNIQ, answer.type
            handle, function, unique, workload = answer.split(4)
        if not is_whole(workload):
            self.history.faults.append(
                f"damaged: the workload of {handle!r}, {len(workload)} bytes that "
                f"begin with {workload[:100]!r}"
            )
        run = Run(
            handle=handle,
            key=workload.partition(b" ")[0],
            function=function,
            unique=unique,
            reducer=reducer,
            size=len(workload),
            worker=self.name,
            round=self.round,
            asked=self._asked,
            asked_at=self._asked_at,
            started=started,
            started_at=time.time(),
        )
        self.history.runs.append(run)
        return run

    def _perform(self, run: Run, wire: Wire) -> bytes:
        """Run a job; return the packet to be sent of it."""
        function = FUNCTIONS[run.function]
        outcome = function.outcome(self.randomness)
        if function.is_slow:
            # While another worker has it, if one is there. Shorter if the server ends.
            late = function.setting("timeout", 0.0) + self.randomness.uniform(0.2, 0.4)
            select.select([wire.socket], [], [], late)
        elif self.randomness.random() < 0.2:
            time.sleep(self.randomness.uniform(0, 0.003))
        run.sent_at = time.time()
        run.sent = self.history.serial()
        run.outcome = outcome
        if outcome == "complete":
            return self._completed(run)
        if outcome == "fail":
            return packet(PacketType.WORK_FAIL, run.handle)
        if outcome == "exception":
            return packet(PacketType.WORK_EXCEPTION, run.handle, error_of(run.key))
        return b""

    def _completed(self, run: Run) -> bytes:
        """Return the packets of a result that no other run has."""
        choose = self.randomness
        size = 70_000 if choose.random() < 0.005 else choose.choice([0, 10, 300])
        pieces = [b"done %d " % run.sent, choose.randbytes(size), run.key]
        run.result = b"".join(pieces)
        first = choose.choice([0, 0, 1, 2])
        sent = [
            packet(PacketType.WORK_DATA, run.handle, each) for each in pieces[:first]
        ]
        rest = b"".join(pieces[first:])
        return b"".join([*sent, packet(PacketType.WORK_COMPLETE, run.handle, rest)])
