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
from geartrain.engine.model.jobs import RUNNING, own_ttl
from geartrain.engine.model.options import EngineOptions
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.policies import Policy
from geartrain.engine.model.shares import Share
from geartrain.engine.records import kept_text
from geartrain.engine.state import terms
from geartrain.engine.state.graph import is_wanted
from geartrain.protocol.constants import PacketType
from geartrain.protocol.options import announced, join_options
from geartrain.protocol.packets import request
from tests.support.simulation import addressed, flows, structures

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
addressees = st.sampled_from(
    [b"worker:one", b"worker:two", b"host:127.0.0.1", b"host:127.0.0.2"]
)
workloads = st.sampled_from([b"", b"x", b"y", b'{"k": "a"}', b'{"k": "b"}'])
options = st.fixed_dictionaries(
    {},
    optional={
        "ttl": st.sampled_from(["0", "500ms", "5s", "1h"]),
        "delay": st.sampled_from(["0", "1s", "20s"]),
        "priority": st.sampled_from(["high", "low"]),
        "max_attempts": st.sampled_from(["1", "2"]),
        "key": st.sampled_from(["k", "l"]),
    },
)


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
    dedupe = "join"
    concurrency = 0
    rate = "none"
    key_concurrency = 0
    key_rate = "none"
    key_from = "none"
    order = "priority"
    is_limited = False

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        policy = Policy()
        policy.max_attempts = self.max_attempts
        policy.max_crashes = self.max_crashes
        policy.dedupe = self.dedupe
        policy.concurrency = self.concurrency
        policy.rate = self.rate
        policy.key_concurrency = self.key_concurrency
        policy.key_rate = self.key_rate
        policy.key_from = self.key_from
        policy.order = self.order
        policy.options_in_names = True
        self.engine = Engine(EngineOptions(policy=policy))
        self.engine.set_clock(1_000_000.0)
        self.connected: list[Peer] = []
        # Background jobs acknowledged and not yet ended, and all handles given.
        self.owed: set[bytes] = set()
        self.given: set[bytes] = set()
        # Those that have, or had, a time to live.
        self.mortal: set[bytes] = set()

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

    @rule(target=peers, address=st.sampled_from([b"127.0.0.1", b"127.0.0.2"]))
    def connect(self, address: bytes) -> Peer:
        peer = self.engine.connect(len(self.given), address, True)
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

    @rule(
        peer=peers,
        code=st.sampled_from(FOREGROUND + BACKGROUND),
        name=names,
        unique=uniques,
        asked=options,
    )
    def submit_with_options(
        self,
        peer: Peer,
        code: PacketType,
        name: bytes,
        unique: bytes,
        asked: dict[str, str],
    ) -> None:
        self.send(peer, announced(join_options(asked)))
        answers = self.send(peer, request(code, name, unique, b"z"))
        self._acknowledged(answers, code in BACKGROUND)
        job = self.engine.state.jobs.get(answers[0][1][0])
        if job is not None and own_ttl(job) > 0:
            self.mortal.add(job.handle)

    @rule(
        peer=peers,
        code=st.sampled_from(FOREGROUND + BACKGROUND),
        name=names,
        unique=uniques,
        to=addressees,
        ttl=st.sampled_from([b"", b"", b"&ttl=0", b"&ttl=5"]),
    )
    def submit_to_one(
        self,
        peer: Peer,
        code: PacketType,
        name: bytes,
        unique: bytes,
        to: bytes,
        ttl: bytes,
    ) -> None:
        """Submit a job that one worker alone may have, or those of one host."""
        named = name + b"?to=" + to + ttl
        answers = self.send(peer, request(code, named, unique, b"z"))
        if answers[0][1][0] != b"NO_WORKER":
            self._acknowledged(answers, code in BACKGROUND)
        job = self.engine.state.jobs.get(answers[0][1][0])
        if job is not None and ttl != b"&ttl=0":
            self.mortal.add(job.handle)

    @rule(
        peer=peers,
        code=st.sampled_from(FOREGROUND + BACKGROUND),
        name=names,
        to=st.sampled_from([b"?to=everyone", b"?to=hosts", b"?to=hosts&delay=1"]),
    )
    def broadcast(self, peer: Peer, code: PacketType, name: bytes, to: bytes) -> None:
        """Submit a job for each worker, or one of each host."""
        answers = self.send(peer, request(code, name + to, b"", b"z"))
        # It may be for the submitter, too.
        answers = [each for each in answers if each[0] != PacketType.NOOP]
        if answers[0][1][0] == b"NO_WORKER":
            return
        self._acknowledged(answers, code in BACKGROUND)
        whole = answers[0][1][0]
        # Its function may refuse all of its jobs.
        self.mortal.add(whole)
        for handle, job in self.engine.state.jobs.items():
            if kept_text(job.options, b"batch") == whole:
                self.given.add(handle)
                self.mortal.add(handle)
                self.owed |= {handle} if job.background else set()

    @rule(peer=peers, name=st.sampled_from([b"one", b"two", b"-"]))
    def set_client_id(self, peer: Peer, name: bytes) -> None:
        self.send(peer, request(PacketType.SET_CLIENT_ID, name))

    @rule(peer=peers, name=st.sampled_from([b"one", b"two"]), doable=st.sets(names))
    def come_to_work(self, peer: Peer, name: bytes, doable: set[bytes]) -> None:
        """Do at once what only a long run of single rules would come to."""
        packets = [request(PacketType.SET_CLIENT_ID, name)]
        packets += [request(PacketType.CAN_DO, each) for each in sorted(doable)]
        packets.append(request(PacketType.PRE_SLEEP))
        self.send(peer, b"".join(packets))

    @rule(peer=peers, pattern=st.sampled_from([b"a", b"*"]), ttl=st.integers(0, 9))
    def limit_waits(self, peer: Peer, pattern: bytes, ttl: int) -> None:
        self.send(peer, b"policy %s ttl=%d\n" % (pattern, ttl))
        self.is_limited = True

    @rule(peer=peers, name=names, unique=uniques, delay=st.integers(-5, 30))
    def submit_epoch(self, peer: Peer, name: bytes, unique: bytes, delay: int) -> None:
        when = str(self.now + 1_000_000 + delay).encode()
        code = PacketType.SUBMIT_JOB_EPOCH
        answers = self.send(peer, request(code, name, unique, when, b"later"))
        self._acknowledged(answers, True)

    @rule(
        peer=peers,
        code=st.sampled_from((PacketType.SUBMIT_JOB, PacketType.SUBMIT_JOB_BG)),
        name=names,
        batch=st.sampled_from([b"", b"&batch=x", b"&batch=y"]),
        sources=st.lists(st.integers(-2, 30), max_size=3),
        workload=workloads,
    )
    def submit_linked(
        self,
        peer: Peer,
        code: PacketType,
        name: bytes,
        batch: bytes,
        sources: list[int],
        workload: bytes,
    ) -> None:
        """Submit a job of a batch, and one that waits for jobs and batches."""
        given = sorted(self.given)
        after = [
            (b"batch:x", b"batch:y")[source]
            if source < 0 or not given
            else given[source % len(given)]
            for source in sources
            if source < 2 or given
        ]
        waits = b"&when=done&after=" + b",".join(after) if after else b""
        options = name + b"?priority=low" + batch + waits
        answers = self.send(peer, request(code, options, b"", workload))
        if answers[0][1][0] != b"INVALID_ARGUMENT":
            self._acknowledged(answers, code is PacketType.SUBMIT_JOB_BG)

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
        ready += self.engine.state.wakeups.addressees.first_for(peer) is not None
        answers = self.send(peer, request(code))
        is_none = answers[-1][0] == PacketType.NO_JOB
        # Those that just went where they have waited too long are dropped instead.
        assert is_none == (ready == 0) or (is_none and self.is_limited)
        if not is_none:
            job = next(reversed(peer.running))
            assert addressed.is_addressee(peer, job.flow_key)
        self._settle_losses()

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
                and before + 1 < terms.max_attempts(self.engine.state, job)
                and is_wanted(self.engine.state, job)
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
        if handle in self.engine.state.graph.batches:
            # A broadcast's jobs are cancelled, too.
            self.owed -= self.mortal
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
        structures.no_job_waits_too_long(self.engine.state, self.now)

    def _settle_losses(self) -> None:
        """Take jobs off the ledger that may have failed or expired."""
        if self.max_crashes > 0 or self.is_limited:
            self.owed &= self.engine.state.jobs.keys()
        self.owed -= self.mortal - self.engine.state.jobs.keys()

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
        structures.keys_lead_to_their_jobs(state)
        addressed.mail_is_what_is_held(state, self.connected)
        addressed.nobody_sleeps_beside_a_job_of_theirs(state, self.connected)

    @invariant()
    def no_more_run_than_may(self) -> None:
        flows.no_more_run_than_may(self.engine.state)

    @invariant()
    def what_may_start_can(self) -> None:
        flows.keys_let_go_what_may_start(self.engine.state)
        flows.what_may_start_is_told(self.engine.state)

    @invariant()
    def the_graph_agrees(self) -> None:
        structures.batches_count_their_jobs(self.engine.state)
        structures.what_is_waited_for_is_there(self.engine.state)

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


class FollowingJobServer(RetryingJobServer):
    """The same where one more job follows one that runs, and joins one that waits."""

    dedupe = "again"


class ReplacingJobServer(RetryingJobServer):
    """The same where the newest workload takes the place of one that waits."""

    dedupe = "replace"


class LimitedJobServer(RetryingJobServer):
    """The same where few jobs run at once, and start at a pace."""

    concurrency = 2
    rate = "2/1s"


class KeyedJobServer(RetryingJobServer):
    """The same where one job of a flow key runs at once, at a pace of the key's own."""

    key_concurrency = 1
    key_rate = "1/1s"
    key_from = "/k"


class FifoJobServer(RetryingJobServer):
    """The same where jobs start in the order of their submission."""

    order = "fifo"
    key_concurrency = 2
    key_from = "/k"


class ChangingJobServer(RetryingJobServer):
    """The same where limits change again and again."""

    key_from = "/k"

    @rule(
        peer=JobServer.peers,
        pattern=st.sampled_from([b"a", b"b", b"*"]),
        limit=st.sampled_from(
            [b"concurrency=%d" % n for n in range(3)]
            + [b"key_concurrency=%d" % n for n in range(3)]
            + [b"rate=none", b"rate=5/1s", b"key_rate=none", b"key_rate=1/1s"]
            + [b"order=fifo", b"order=priority", b"key_from=none", b"key_from=/k"]
        ),
    )
    def limit(self, peer: Peer, pattern: bytes, limit: bytes) -> None:
        self.send(peer, b"policy %s %s\n" % (pattern, limit))

    @rule(servers=st.integers(1, 3), is_known=st.booleans())
    def divide(self, servers: int, is_known: bool) -> None:
        """Let other job servers that share the store come and go."""
        share = Share(servers, servers - 1, is_known or servers == 1)
        self.engine.sharing.divide(share, self.now)
        self._deliver()

    @invariant()
    def no_more_run_than_may(self) -> None:
        """Nothing: what runs already when a limit becomes lower runs on."""


TestJobServer = JobServer.TestCase
TestJobServer.settings = settings(max_examples=80, stateful_step_count=60)
TestForgivingJobServer = ForgivingJobServer.TestCase
TestForgivingJobServer.settings = settings(max_examples=40, stateful_step_count=60)
TestRetryingJobServer = RetryingJobServer.TestCase
TestRetryingJobServer.settings = settings(max_examples=40, stateful_step_count=60)
TestFollowingJobServer = FollowingJobServer.TestCase
TestFollowingJobServer.settings = settings(max_examples=40, stateful_step_count=60)
TestReplacingJobServer = ReplacingJobServer.TestCase
TestReplacingJobServer.settings = settings(max_examples=40, stateful_step_count=60)
TestLimitedJobServer = LimitedJobServer.TestCase
TestLimitedJobServer.settings = settings(max_examples=15, stateful_step_count=60)
TestKeyedJobServer = KeyedJobServer.TestCase
TestKeyedJobServer.settings = settings(max_examples=20, stateful_step_count=60)
TestFifoJobServer = FifoJobServer.TestCase
TestFifoJobServer.settings = settings(max_examples=15, stateful_step_count=60)
TestChangingJobServer = ChangingJobServer.TestCase
TestChangingJobServer.settings = settings(max_examples=20, stateful_step_count=60)
