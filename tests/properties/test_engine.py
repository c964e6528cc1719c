"""The engine under random clients, workers, operators, disconnects and time.

After each step: every job is in exactly one place, nothing acknowledged is lost,
no capable worker sleeps unwoken beside a ready job, counters equal structures.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    precondition,
    rule,
)

from geartrain.engine.engine import Engine
from geartrain.engine.model.jobs import RUNNING
from geartrain.engine.model.options import EngineOptions
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.policies import Policy
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import request
from tests.support.simulation import structures as structures

FOREGROUND = (
    PacketType.SUBMIT_JOB,
    PacketType.SUBMIT_JOB_HIGH,
    PacketType.SUBMIT_JOB_LOW,
)
BACKGROUND = (
    PacketType.SUBMIT_JOB_BG,
    PacketType.SUBMIT_JOB_HIGH_BG,
    PacketType.SUBMIT_JOB_LOW_BG,
)
GRABS = (PacketType.GRAB_JOB, PacketType.GRAB_JOB_UNIQ, PacketType.GRAB_JOB_ALL)
ENDS = (PacketType.WORK_COMPLETE, PacketType.WORK_FAIL, PacketType.WORK_EXCEPTION)

names = st.sampled_from([b"a", b"b", b"c"])
uniques = st.sampled_from([b"", b"", b"u", b"v", b"-"])
workloads = st.sampled_from([b"", b"x", b"y"])


def packets(data: bytes) -> list[tuple[int, list[bytes]]]:
    """Read the responses in some bytes; lines of text are passed over."""
    found = []
    while data.startswith(b"\0RES"):
        code, size = int.from_bytes(data[4:8], "big"), int.from_bytes(data[8:12], "big")
        found.append((code, data[12 : 12 + size].split(b"\0")))
        data = data[12 + size :]
    return found


class JobServer(RuleBasedStateMachine):
    """A job server with a ledger of what it acknowledged."""

    peers = Bundle("peers")
    max_attempts = 1
    max_crashes = 0

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        policy = Policy()
        policy.max_attempts = self.max_attempts
        policy.max_crashes = self.max_crashes
        self.engine = Engine(EngineOptions(policy=policy))
        self.engine.set_clock(1_000_000.0)
        self.connected: list[Peer] = []
        # Background jobs acknowledged and not yet ended, and all handles given.
        self.owed: set[bytes] = set()
        self.given: set[bytes] = set()

    def send(self, peer: Peer, data: bytes) -> list[tuple[int, list[bytes]]]:
        """Let the engine react, and return what it answers this peer."""
        self._deliver()
        self.engine.receive(peer, data, self.now)
        return packets(self._deliver().get(peer, b""))

    def _deliver(self) -> dict[Peer, bytes]:
        """Send what is in the outboxes, as a driver does."""
        sent: dict[Peer, bytes] = {}
        for peer, pieces in self.engine.take_unsent():
            assert peer not in sent
            sent[peer] = b"".join(pieces)
        return sent

    @rule(target=peers)
    def connect(self) -> Peer:
        peer = self.engine.connect(len(self.given), b"127.0.0.1", True)
        self.connected.append(peer)
        return peer

    @rule(peer=consumes(peers))
    def disconnect(self, peer: Peer) -> None:
        self.connected.remove(peer)
        self.engine.disconnect(peer, self.now)
        self._settle_losses()

    @rule(
        peer=peers,
        code=st.sampled_from(FOREGROUND + BACKGROUND),
        name=names,
        unique=uniques,
        workload=workloads,
    )
    def submit(
        self, peer: Peer, code: PacketType, name: bytes, unique: bytes, workload: bytes
    ) -> None:
        answers = self.send(peer, request(code, name, unique, workload))
        self._acknowledged(answers, code in BACKGROUND)

    @rule(peer=peers, name=names, unique=uniques, delay=st.integers(-5, 30))
    def submit_epoch(self, peer: Peer, name: bytes, unique: bytes, delay: int) -> None:
        when = str(self.now + 1_000_000 + delay).encode()
        code = PacketType.SUBMIT_JOB_EPOCH
        answers = self.send(peer, request(code, name, unique, when, b"later"))
        self._acknowledged(answers, True)

    def _acknowledged(
        self, answers: list[tuple[int, list[bytes]]], background: bool
    ) -> None:
        code, arguments = answers[0]
        if code == PacketType.ERROR:
            assert arguments[0] == b"QUEUE_ERROR"
            return
        assert code == PacketType.JOB_CREATED
        self.given.add(arguments[0])
        if background:
            self.owed.add(arguments[0])

    @rule(peer=peers, name=names)
    def can_do(self, peer: Peer, name: bytes) -> None:
        self.send(peer, request(PacketType.CAN_DO, name))

    @rule(peer=peers, name=names, timeout=st.sampled_from([b"1000", b"5000", b"0"]))
    def can_do_timeout(self, peer: Peer, name: bytes, timeout: bytes) -> None:
        self.send(peer, request(PacketType.CAN_DO_TIMEOUT, name, timeout))

    @rule(peer=peers, name=names)
    def cant_do(self, peer: Peer, name: bytes) -> None:
        self.send(peer, request(PacketType.CANT_DO, name))
        self._settle_losses()

    @rule(peer=peers)
    def reset_abilities(self, peer: Peer) -> None:
        self.send(peer, request(PacketType.RESET_ABILITIES))
        self._settle_losses()

    @rule(peer=peers)
    def pre_sleep(self, peer: Peer) -> None:
        self.send(peer, request(PacketType.PRE_SLEEP))

    @rule(peer=peers, code=st.sampled_from(GRABS))
    def grab(self, peer: Peer, code: PacketType) -> None:
        ready = sum(function.grabbable_count() for function in peer.abilities)
        answers = self.send(peer, request(code))
        assert (answers[0][0] == PacketType.NO_JOB) == (ready == 0)

    @rule(peer=peers, code=st.sampled_from(ENDS), pick=st.integers(0, 5))
    def end(self, peer: Peer, code: PacketType, pick: int) -> None:
        running = list(peer.running)
        if running:
            job = running[pick % len(running)]
            handle = job.handle
            arguments = (handle,) if code is PacketType.WORK_FAIL else (handle, b"r")
            before = 0 if job.failures is None else job.failures.attempts
            is_tried_again = (
                code is not PacketType.WORK_COMPLETE
                and before + 1 < self.max_attempts
                and (job.background or bool(job.clients))
            )
            if not is_tried_again:
                self.owed.discard(handle)
            self.send(peer, request(code, *arguments))
            assert (handle in self.engine.state.jobs) == is_tried_again

    @rule(peer=peers, code=st.sampled_from(ENDS), data=st.data())
    @precondition(lambda self: self.given)
    def end_anothers(self, peer: Peer, code: PacketType, data: st.DataObject) -> None:
        handle = data.draw(st.sampled_from(sorted(self.given)))
        job = self.engine.state.jobs.get(handle)
        if job is None or job.worker is not peer:
            arguments = (handle,) if code is PacketType.WORK_FAIL else (handle, b"r")
            forgiven = code is PacketType.WORK_FAIL and peer.excepted == handle
            answers = self.send(peer, request(code, *arguments))
            expected = [] if forgiven else [PacketType.ERROR]
            assert [answer[0] for answer in answers] == expected

    @rule(peer=peers, data=st.data())
    @precondition(lambda self: self.given)
    def cancel(self, peer: Peer, data: st.DataObject) -> None:
        handle = data.draw(st.sampled_from(sorted(self.given)))
        self.owed.discard(handle)
        self.send(peer, b"cancel job " + handle + b"\n")
        assert handle not in self.engine.state.jobs

    @rule(peer=peers, data=st.data(), name=names)
    @precondition(lambda self: self.given)
    def put_elsewhere(self, peer: Peer, data: st.DataObject, name: bytes) -> None:
        handle = data.draw(st.sampled_from(sorted(self.given)))
        what = data.draw(
            st.sampled_from([b"priority %s high", b"priority %s low", b"run %s"])
        )
        self.send(peer, what % handle + b"\n")
        self.send(peer, b"move %s %s\n" % (handle, name))

    @rule(peer=peers, name=names, to=names)
    def move_all(self, peer: Peer, name: bytes, to: bytes) -> None:
        self.send(peer, b"move jobs %s function=%s\n" % (to, name))
        self._settle_losses()

    @rule(
        peer=peers,
        what=st.sampled_from([b"pause", b"resume", b"drain"]),
        pattern=st.sampled_from([b"a", b"b", b"*"]),
    )
    def switch(self, peer: Peer, what: bytes, pattern: bytes) -> None:
        self.send(peer, what + b" " + pattern + b"\n")

    @rule(peer=peers, name=names, limit=st.integers(0, 3))
    def maxqueue(self, peer: Peer, name: bytes, limit: int) -> None:
        self.send(peer, b"maxqueue %s %d\n" % (name, limit))

    @rule(peer=peers, name=names)
    def drop_function(self, peer: Peer, name: bytes) -> None:
        self.send(peer, b"drop function " + name + b"\n")

    @rule(seconds=st.sampled_from([0.01, 0.3, 1.1, 6.0, 40.0]))
    def advance(self, seconds: float) -> None:
        until = self.now + seconds
        deadline = self.engine.deadline()
        while deadline is not None and deadline <= until:
            self.now = max(self.now, deadline)
            self.engine.tick(self.now)
            self._deliver()
            following = self.engine.deadline()
            assert following is None or following > self.now - 1e-6
            deadline = following
        self.now = until
        self._settle_losses()

    def _settle_losses(self) -> None:
        """Take failed jobs off the ledger where the retry limit allows failing."""
        if self.max_crashes > 0:
            self.owed &= self.engine.state.jobs.keys()

    @invariant()
    def nothing_owed_is_lost(self) -> None:
        assert self.owed <= self.engine.state.jobs.keys()

    @invariant()
    def structures_agree(self) -> None:
        state = self.engine.state
        structures.every_job_is_in_exactly_one_place(state)
        structures.memory_is_what_is_held(state)
        structures.every_job_is_wanted(state, self.connected)
        structures.running_jobs_and_workers_agree(state, self.connected)
        structures.no_capable_worker_sleeps_beside_an_unpromised_job(
            state, self.connected
        )
        structures.workers_and_crews_agree(state, self.connected)

    @invariant()
    def keys_lead_to_their_jobs(self) -> None:
        for function in self.engine.state.functions.values():
            for key, job in function.keyed.items():
                assert job.key == key
                assert self.engine.state.jobs[job.handle] is job
        for job in self.engine.state.jobs.values():
            assert not job.key or job.function.keyed[job.key] is job

    @invariant()
    def status_equals_the_structures(self) -> None:
        observer = self.engine.connect(0, b"127.0.0.1", True)
        self.engine.receive(observer, b"status\n", self.now)
        lines = self._deliver()[observer].split(b"\n")[:-2]
        self.engine.disconnect(observer, self.now)
        jobs = self.engine.state.jobs.values()
        for line in lines:
            name, total, running, workers = line.split(b"\t")
            mine = [job for job in jobs if job.function.name == name]
            assert int(total) == len(mine)
            assert int(running) == sum(job.state is RUNNING for job in mine)
            assert int(workers) == sum(
                any(function.name == name for function in peer.abilities)
                for peer in self.connected
            )


class ForgivingJobServer(JobServer):
    """The same where a job fails with the first worker it loses."""

    max_crashes = 1


class RetryingJobServer(JobServer):
    """The same where a job that fails has two more attempts, after a pause."""

    max_attempts = 3


TestJobServer = JobServer.TestCase
TestJobServer.settings = settings(
    max_examples=80, stateful_step_count=60, deadline=None
)
TestForgivingJobServer = ForgivingJobServer.TestCase
TestForgivingJobServer.settings = settings(
    max_examples=40, stateful_step_count=60, deadline=None
)
TestRetryingJobServer = RetryingJobServer.TestCase
TestRetryingJobServer.settings = settings(
    max_examples=40, stateful_step_count=60, deadline=None
)
