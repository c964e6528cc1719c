"""What was acknowledged survives a crash, whatever the store does and when.

A store that is a dict stands in for the disk: it forgets what was not committed.
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
from geartrain.engine.journal import Batch, JobRecord
from geartrain.engine.options import EngineOptions
from geartrain.engine.peers import Peer
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import request
from tests.support.dialogue import read_answers

SUBMITS = (
    PacketType.SUBMIT_JOB,
    PacketType.SUBMIT_JOB_BG,
    PacketType.SUBMIT_JOB_HIGH_BG,
    PacketType.SUBMIT_JOB_LOW_BG,
)
ENDS = (PacketType.WORK_COMPLETE, PacketType.WORK_FAIL)


class DurableJobServer(RuleBasedStateMachine):
    """A job server whose power may fail at any moment."""

    peers = Bundle("peers")

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        # The disk: jobs by number, and the highest number reserved.
        self.disk: dict[int, JobRecord] = {}
        self.reserved = 0
        # Background submissions in the order of their answers, by peer.
        self.unanswered: dict[Peer, list[bool]] = {}
        self.acknowledged: dict[bytes, bytes] = {}
        self.given: set[bytes] = set()
        self.batch: Batch | None = None
        self.start()

    def start(self) -> None:
        self.engine = Engine(EngineOptions())
        self.engine.resume(max([self.reserved, *self.disk]))
        for number in sorted(self.disk):
            self.engine.restore(self.disk[number], self.now)
        self.batch = None
        self.connected: set[Peer] = set()
        self.unanswered = {}
        self.commit()

    def write(self, batch: Batch) -> None:
        """Do what a store's commit does."""
        self.disk.update((record.number, record) for record in batch.added)
        for number in batch.ended:
            self.disk.pop(number, None)
        self.reserved = max(self.reserved, batch.reserved)

    def deliver(self) -> None:
        """Read the answers that the engine lets go."""
        for peer, pieces in self.engine.take_unsent():
            if peer not in self.connected:
                continue
            for answer in read_answers(b"".join(pieces)):
                if answer.name == "job_created":
                    self.created(peer, answer.arguments[0])
                elif answer.name == "error" and answer.arguments[0] == b"QUEUE_ERROR":
                    self.unanswered[peer].pop(0)

    def created(self, peer: Peer, handle: bytes) -> None:
        self.given.add(handle)
        in_background = self.unanswered[peer].pop(0)
        job = self.engine.state.jobs.get(handle)
        if in_background and job is not None:
            self.acknowledged[handle] = job.workload
            assert job.number in self.disk

    @rule(target=peers)
    def connect(self) -> Peer:
        peer = self.engine.connect(1, b"127.0.0.1", True)
        self.connected.add(peer)
        self.unanswered[peer] = []
        return peer

    def alive(self, peer: Peer) -> bool:
        """Tell whether the peer's connection has survived the last crash."""
        return peer in self.connected

    @rule(peer=consumes(peers))
    def disconnect(self, peer: Peer) -> None:
        if self.alive(peer):
            self.connected.discard(peer)
            self.engine.disconnect(peer, self.now)
            self.deliver()

    @rule(
        peer=peers,
        code=st.sampled_from(SUBMITS),
        unique=st.sampled_from([b"", b"", b"u", b"v"]),
        workload=st.sampled_from([b"x", b"y"]),
    )
    def submit(
        self, peer: Peer, code: PacketType, unique: bytes, workload: bytes
    ) -> None:
        if self.alive(peer):
            self.unanswered[peer].append(code is not PacketType.SUBMIT_JOB)
            data = request(code, b"f", unique, workload)
            self.engine.receive(peer, data, self.now)
            self.deliver()

    @rule(peer=peers, delay=st.integers(-1, 5))
    def submit_epoch(self, peer: Peer, delay: int) -> None:
        if self.alive(peer):
            self.unanswered[peer].append(True)
            due = b"%d" % (int(self.now) + delay)
            data = request(PacketType.SUBMIT_JOB_EPOCH, b"f", b"", due, b"z")
            self.engine.receive(peer, data, self.now)
            self.deliver()

    @rule(peer=peers)
    def grab(self, peer: Peer) -> None:
        if self.alive(peer):
            data = request(PacketType.CAN_DO, b"f") + request(PacketType.GRAB_JOB)
            self.engine.receive(peer, data, self.now)
            self.deliver()

    @rule(peer=peers, code=st.sampled_from(ENDS))
    def end(self, peer: Peer, code: PacketType) -> None:
        if self.alive(peer) and peer.running:
            handle = next(iter(peer.running)).handle
            arguments = (handle, b"r") if code is ENDS[0] else (handle,)
            self.acknowledged.pop(handle, None)
            self.engine.receive(peer, request(code, *arguments), self.now)
            self.given.add(handle)
            self.deliver()

    @rule(peer=peers, data=st.data())
    @precondition(lambda self: self.acknowledged)
    def cancel(self, peer: Peer, data: st.DataObject) -> None:
        if self.alive(peer):
            handle = data.draw(st.sampled_from(sorted(self.acknowledged)))
            del self.acknowledged[handle]
            self.engine.receive(peer, b"cancel job " + handle + b"\n", self.now)
            self.deliver()

    @rule(seconds=st.integers(1, 10))
    def advance(self, seconds: int) -> None:
        self.now += seconds
        self.engine.tick(self.now)
        self.deliver()

    @rule()
    @precondition(lambda self: self.batch is None)
    def take(self) -> None:
        self.batch = self.engine.take_batch()

    @rule()
    def commit(self) -> None:
        if self.batch is None:
            self.batch = self.engine.take_batch()
        if self.batch is not None:
            self.write(self.batch)
            self.batch = None
            self.engine.committed(self.now)
            self.deliver()

    @rule()
    def refuse(self) -> None:
        if self.batch is None:
            self.batch = self.engine.take_batch()
        if self.batch is None:
            return
        self.batch = None
        self.engine.refused("disk full", self.now)
        self.deliver()

    @rule(written=st.booleans())
    def crash(self, written: bool) -> None:
        """Lose the power, before or after what was being written is on disk."""
        if self.batch is not None and written:
            self.write(self.batch)
        self.start()

    @invariant()
    def what_was_acknowledged_is_there(self) -> None:
        for handle, workload in self.acknowledged.items():
            assert self.engine.state.jobs[handle].workload == workload

    @invariant()
    def what_was_acknowledged_is_on_disk(self) -> None:
        kept = {record.handle for record in self.disk.values()}
        assert self.acknowledged.keys() <= kept

    @invariant()
    def no_handle_is_given_twice(self) -> None:
        following = self.engine.state.handle(self.engine.state.new_number())
        assert following not in self.given
        self.given.add(following)

    @invariant()
    def the_disk_holds_what_is_kept_once_all_is_settled(self) -> None:
        state = self.engine.state
        if self.batch is None and state.journal.is_empty():
            kept = {job.number for job in state.jobs.values() if job.batch}
            assert kept == self.disk.keys()

    @invariant()
    def nobody_waits_for_a_batch_that_is_gone(self) -> None:
        if self.batch is None and self.engine.state.journal.is_empty():
            assert not any(peer.held for peer in self.connected)


TestDurableJobServer = DurableJobServer.TestCase
TestDurableJobServer.settings = settings(
    max_examples=200, stateful_step_count=50, deadline=None
)
