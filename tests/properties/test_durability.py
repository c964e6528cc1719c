"""What was acknowledged survives a crash, whatever the store does and when."""

from __future__ import annotations

import sys
from typing import ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from geartrain.engine.queries import DuePage, FindJob, FindKey, Page, Query
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import request as packet
from tests.support.simulation import structures as structures
from tests.support.simulation.connections import Request
from tests.support.simulation.draining import drain, drain_all
from tests.support.simulation.ledger import DEAD
from tests.support.simulation.rest import check_rest
from tests.support.simulation.server_under_test import (
    CLIENT_IDS,
    FUNCTIONS,
    TAKEN,
    ServerUnderTest,
)

FOREGROUND = (
    PacketType.SUBMIT_JOB,
    PacketType.SUBMIT_JOB_HIGH,
)
BACKGROUND = (
    PacketType.SUBMIT_JOB_BG,
    PacketType.SUBMIT_JOB_BG,
    PacketType.SUBMIT_JOB_HIGH_BG,
)
POLICIES = (
    "max_attempts=1",
    "max_attempts=2",
    "max_attempts=3",
    "max_crashes=0",
    "max_crashes=1",
    "backoff_delay=0",
    "backoff_delay=2",
    "ttl=0",
    "ttl=4",
    "dedupe=join",
    "dedupe=replace",
    "dedupe=again",
    "delay=0",
    "delay=3",
    "timeout=0",
    "timeout=5",
    "dead_letter=true",
    "dead_letter=false",
    "key_from=/k",
    "key_concurrency=0",
    "key_concurrency=1",
    "key_concurrency=2",
    "concurrency=0",
    "concurrency=1",
    "order=priority",
    "order=fifo",
)
ABILITIES = (
    PacketType.CAN_DO,
    PacketType.CAN_DO,
    PacketType.CANT_DO,
    PacketType.PRE_SLEEP,
)
GRABS = (PacketType.GRAB_JOB, PacketType.GRAB_JOB_UNIQ, PacketType.GRAB_JOB_ALL)
SCHEDULES = (
    b"add s1 function=f every=60",
    b"add s1 function=f every=60 overlap=wait missed=all unique=u",
    b"add s2 function=g cron=@daily overlap=skip",
    b"change s1 overlap=skip",
    b"change s2 every=30",
    b"pause s1",
    b"resume s1",
    b"skip s2",
    b"run s1",
    b"run s2",
    b"remove s2",
)
RESULTS = (
    PacketType.WORK_COMPLETE,
    PacketType.WORK_FAIL,
    PacketType.WORK_EXCEPTION,
)
PLACES = (
    b"move %s f",
    b"move %s g",
    b"priority %s high",
    b"priority %s low",
    b"run %s",
)
SWEEPS = (b"move jobs g function=f", b"move jobs f function=g", b"run jobs function=f")
QUESTIONS = (
    b"jobs",
    b"jobs state=ready limit=1",
    b"jobs unique=u",
    b"jobs function=f state=scheduled after=store-",
    b"job u",
    b"job %s",
    b"dead list limit=1",
)
READABLE: tuple[type[Query], ...] = ()
FAULTS = (READABLE, READABLE, (Page,), (DuePage,), (FindJob, FindKey), (Query,))

ENDS = ("kill", "kill", "cut before", "cut after", "stop")

who = st.integers(0, 2)
picks = st.integers(0, 30)
patterns = st.sampled_from([b"f", b"f", b"*"])
functions = st.sampled_from([b"f", b"f", b"f", b"g"])
uniques = st.sampled_from([b"", b"", b"", b"u", b"v", b"-"])
workloads = st.sampled_from([b"x", b"y", b'{"k":"a"}', b'{"k":"a"}', b'{"k":"b"}'])
faults = st.sampled_from(FAULTS)
links = st.sampled_from(
    [
        b"batch=x",
        b"batch=x",
        b"batch=y",
        b"after=batch:x",
        b"after=batch:x&when=done&batch=y",
        b"after=batch:x&when=failure",
        b"after=batch:y",
    ]
)
ends = st.sampled_from([b"", b"&when=done", b"&when=failure", b"&batch=x"])
broadcasts = st.sampled_from([b"everyone", b"everyone", b"hosts", b"everyone&delay=2"])


class DurableJobServer(RuleBasedStateMachine):
    """A job server whose power may fail at any moment."""

    server: ServerUnderTest
    limits: ClassVar[dict[str, int | str]] = {}

    @initialize(
        level=st.sampled_from(["disk", "disk", "os", "memory"]),
        window=st.integers(1, 5),
    )
    def begin(self, level: str, window: int) -> None:
        self.server = ServerUnderTest(level, window, **self.limits)

    def ask(self, who: int, kind: str, data: bytes, **about: bytes) -> None:
        """Send something that is answered."""
        server = self.server
        request = Request(kind, server.ledger.step, **about)
        server.send(server.connections[who], data, request)

    def pick(self, index: int, fate: str | None = None) -> bytes | None:
        """Return the handle of a job, if there is one with such a fate."""
        handles = [
            handle
            for handle, entry in self.server.ledger.entries.items()
            if fate is None or entry.fate == fate
        ]
        handles += self.server.engine.state.schedules if fate is None else []
        return handles[index % len(handles)] if handles else None

    @rule(who=who, client_id=st.sampled_from(CLIENT_IDS))
    def reconnect(self, who: int, client_id: bytes) -> None:
        self.server.disconnect(self.server.connections[who])
        self.server.connect(client_id, *FUNCTIONS)

    @rule(
        who=who,
        code=st.sampled_from(BACKGROUND),
        function=functions,
        unique=uniques,
        workload=workloads,
        count=st.sampled_from([1, 1, 1, 2, 4]),
    )
    def submit(
        self,
        who: int,
        code: PacketType,
        function: bytes,
        unique: bytes,
        workload: bytes,
        count: int,
    ) -> None:
        for _ in range(count):
            self.ask(
                who,
                "background",
                packet(code, function, unique, workload),
                function=function,
                unique=unique,
                workload=workload,
            )

    @rule(
        who=who,
        function=functions,
        unique=uniques,
        delay=st.sampled_from([-1_000_000, -1, 0, 1, 2, 3, 5, 60]),
        count=st.sampled_from([1, 1, 3]),
    )
    def submit_epoch(
        self, who: int, function: bytes, unique: bytes, delay: int, count: int
    ) -> None:
        due = b"%d" % (int(self.server.wall_time) + delay)
        for _ in range(count):
            self.ask(
                who,
                "background",
                packet(PacketType.SUBMIT_JOB_EPOCH, function, unique, due, b"z"),
                function=function,
                unique=unique,
                workload=b"z",
            )

    @rule(
        who=who,
        code=st.sampled_from(FOREGROUND),
        function=functions,
        unique=uniques,
        workload=workloads,
    )
    def submit_and_wait(
        self,
        who: int,
        code: PacketType,
        function: bytes,
        unique: bytes,
        workload: bytes,
    ) -> None:
        self.ask(
            who,
            "foreground",
            packet(code, function, unique, workload),
            function=function,
            unique=unique,
            workload=workload,
        )

    @rule(
        who=who,
        function=functions,
        to=st.sampled_from([b"worker:one", b"worker:two", b"host:127.0.0.1"]),
        more=st.sampled_from([b"", b"&ttl=0", b"&ttl=4", b"&delay=2"]),
        count=st.sampled_from([1, 1, 3]),
    )
    def submit_to_one(
        self, who: int, function: bytes, to: bytes, more: bytes, count: int
    ) -> None:
        named = function + b"?to=" + to + more
        for _ in range(count):
            self.ask(
                who,
                "background",
                packet(PacketType.SUBMIT_JOB_BG, named, b"", b"x"),
                function=function,
                workload=b"x",
            )

    def submit_linked(
        self, who: int, function: bytes, unique: bytes, link: bytes
    ) -> None:
        """Submit a job that is in a batch or waits for others."""
        name = function + b"?" + link
        self.ask(
            who,
            "linked",
            packet(PacketType.SUBMIT_JOB_BG, name, unique, b"x"),
            function=function,
            unique=unique,
            workload=b"x",
        )

    @rule(
        who=who,
        function=functions,
        unique=uniques,
        link=links,
        count=st.sampled_from([1, 1, 3]),
    )
    def submit_in_batch(
        self, who: int, function: bytes, unique: bytes, link: bytes, count: int
    ) -> None:
        for _ in range(count):
            self.submit_linked(who, function, unique, link)

    @rule(who=who, function=functions, pick=picks, when=ends)
    def submit_after(self, who: int, function: bytes, pick: int, when: bytes) -> None:
        handle = self.pick(pick)
        if handle is not None:
            self.submit_linked(who, function, b"", b"after=" + handle + when)

    @rule(who=who, function=functions, to=broadcasts)
    def broadcast(self, who: int, function: bytes, to: bytes) -> None:
        self.ask(
            who,
            "broadcast",
            packet(PacketType.SUBMIT_JOB_BG, function + b"?to=" + to, b"", b"x"),
            function=function,
            workload=b"x",
        )

    @rule(
        who=who,
        to=broadcasts,
        steps=st.integers(0, 3),
        jobs=st.integers(0, 3),
        how=st.sampled_from(ENDS),
    )
    def broadcast_through_an_end(
        self, who: int, to: bytes, steps: int, jobs: int, how: str
    ) -> None:
        """Do at once what only a long run of single rules would come to."""
        self.broadcast(who, b"f", to)
        for _ in range(steps):
            self.commit(READABLE)
        for each in range(jobs):
            self.work(each, PacketType.WORK_COMPLETE, 0)
        self.end(how)

    @rule(who=who, function=functions, unique=st.sampled_from([b"u", b"s"]))
    def submit_sched(self, who: int, function: bytes, unique: bytes) -> None:
        fields = [b"", b"", b"", b"", b""]
        code = PacketType.SUBMIT_JOB_SCHED
        self.ask(who, "schedule", packet(code, function, unique, *fields, b"s"))

    @rule(who=who, line=st.sampled_from(SCHEDULES))
    def steer_schedule(self, who: int, line: bytes) -> None:
        self.ask(who, "place", b"schedule " + line + b"\n")

    @rule(who=who, code=st.sampled_from(ABILITIES), function=functions)
    def change_abilities(self, who: int, code: PacketType, function: bytes) -> None:
        worker = self.server.connections[who]
        if worker.is_idle():
            is_about_function = code is not PacketType.PRE_SLEEP
            arguments = [function] if is_about_function else []
            self.server.send(worker, packet(code, *arguments))

    @rule(who=who, code=st.sampled_from(GRABS), count=st.integers(1, 3))
    def grab(self, who: int, code: PacketType, count: int) -> None:
        worker = self.server.connections[who]
        if worker.is_idle():
            for _ in range(count):
                request = Request("grab", self.server.ledger.step)
                self.server.send(worker, packet(code), request, during="grab")

    @rule(who=who, code=st.sampled_from(RESULTS), pick=picks)
    def work(self, who: int, code: PacketType, pick: int) -> None:
        """Report the result of a job, grabbing one before if need be."""
        worker = self.server.connections[who]
        if not worker.assigned:
            self.grab(who, PacketType.GRAB_JOB_UNIQ, 1)
        if worker.is_idle() and worker.assigned:
            handle = list(worker.assigned)[pick % len(worker.assigned)]
            self.server.report(worker, handle, code)

    @rule(who=who, pattern=patterns, setting=st.sampled_from(POLICIES))
    def change_policy(self, who: int, pattern: bytes, setting: str) -> None:
        self.ask(who, "policy", b"policy %s %s\n" % (pattern, setting.encode()))

    @rule(pattern=patterns, setting=st.sampled_from(POLICIES))
    def hear_of_policy(self, pattern: bytes, setting: str) -> None:
        self.server.hear_of_policy(pattern, setting)

    @rule(who=who, pick=picks)
    def cancel(self, who: int, pick: int) -> None:
        handle = self.pick(pick)
        if handle is not None:
            self.server.ledger.cancelling.add(handle)
            self.server.ledger.schedules.discard(handle)
            self.ask(who, "cancel", b"cancel job %s\n" % handle, handle=handle)

    @rule(who=who, pick=picks, line=st.sampled_from(PLACES))
    def put_elsewhere(self, who: int, pick: int, line: bytes) -> None:
        handle = self.pick(pick)
        if handle is not None:
            self.ask(who, "place", line % handle + b"\n", handle=handle)

    @rule(who=who, line=st.sampled_from(SWEEPS))
    def put_all_elsewhere(self, who: int, line: bytes) -> None:
        self.ask(who, "place", line + b"\n")

    @rule(who=who, pick=picks, what=st.sampled_from(["drop", "retry", "retry"]))
    def steer_dead(self, who: int, pick: int, what: str) -> None:
        handle = self.pick(pick, DEAD)
        if handle is not None:
            line = f"dead {what} ".encode() + handle + b"\n"
            self.ask(who, f"dead {what}", line, handle=handle)

    @rule(who=who, pick=picks, line=st.sampled_from(QUESTIONS))
    def look_up(self, who: int, pick: int, line: bytes) -> None:
        kind = line.split()[0].decode()
        handle = self.pick(pick)
        if b"%s" not in line:
            self.ask(who, kind, line + b"\n")
        elif handle is not None:
            self.ask(who, kind, line % handle + b"\n", handle=handle)

    @rule(who=who, pick=picks)
    def get_status(self, who: int, pick: int) -> None:
        handle = self.pick(pick)
        if handle is not None:
            data = packet(PacketType.GET_STATUS, handle)
            self.ask(who, "status", data, handle=handle)

    @rule(who=who, unique=st.sampled_from([b"u", b"v"]))
    def get_status_unique(self, who: int, unique: bytes) -> None:
        data = packet(PacketType.GET_STATUS_UNIQUE, unique)
        self.ask(who, "status_unique", data, unique=unique)

    @rule(
        seconds=st.sampled_from([0.25, 1.0, 2.0, 5.0, 61.0]),
        step=st.sampled_from([0.0, 0.0, 0.0, 0.0, -3600.0, -2.0, 2.0, 3600.0]),
    )
    def let_time_pass(self, seconds: float, step: float) -> None:
        self.server.step_clock(step)
        self.server.advance(seconds)

    @rule()
    def take(self) -> None:
        self.server.take()

    @rule(unreadable=faults)
    @precondition(lambda self: self.server.stage == TAKEN)
    def write(self, unreadable: tuple[type[Query], ...]) -> None:
        self.server.write(unreadable)

    @rule(unreadable=faults)
    def commit(self, unreadable: tuple[type[Query], ...]) -> None:
        self.server.commit(unreadable)

    @rule()
    def settle(self) -> None:
        self.server.settle()

    @rule(unreadable=faults, is_rest_saved=st.booleans())
    def refuse(self, unreadable: tuple[type[Query], ...], is_rest_saved: bool) -> None:
        self.server.refuse(unreadable, is_rest_saved=is_rest_saved)

    @rule(how=st.sampled_from(ENDS))
    def end(self, how: str) -> None:
        if how == "kill":
            self.server.kill()
        elif how == "stop":
            self.server.stop()
        else:
            self.server.cut_power(is_synced=how == "cut after")

    @rule(is_fenced=st.booleans())
    def fence(self, is_fenced: bool) -> None:
        self.server.fence(is_fenced)

    @rule(function=functions)
    def drain(self, function: bytes) -> None:
        self.server.fence(is_fenced=False)
        drain(self.server, function)

    @invariant()
    def structures_agree(self) -> None:
        state = self.server.engine.state
        connected = [connection.peer for connection in self.server.connections]
        structures.every_job_is_in_exactly_one_place(state)
        structures.every_job_is_wanted(state, connected)
        structures.schedules_and_runs_agree(state)
        structures.running_jobs_and_workers_agree(state, connected)
        structures.no_capable_worker_sleeps_beside_an_unpromised_job(state, connected)
        structures.workers_and_crews_agree(state, connected)

    @invariant()
    def all_is_well_at_rest(self) -> None:
        if self.server.is_settled():
            check_rest(self.server)

    def teardown(self) -> None:
        # After a failure there is nothing more to be found out.
        if hasattr(self, "server") and sys.exception() is None:
            self.server.fence(is_fenced=False)
            drain_all(self.server)


class KeyedJobServer(DurableJobServer):
    """The same where one job of a flow key runs at once."""

    limits: ClassVar[dict[str, int | str]] = {"key_from": "/k", "key_concurrency": 1}


class FifoJobServer(DurableJobServer):
    """The same where jobs start in the order of their submission."""

    limits: ClassVar[dict[str, int | str]] = {"key_from": "/k", "order": "fifo"}


TestDurableJobServer = DurableJobServer.TestCase
TestDurableJobServer.settings = settings(max_examples=60, stateful_step_count=50)
TestKeyedJobServer = KeyedJobServer.TestCase
TestKeyedJobServer.settings = settings(max_examples=20, stateful_step_count=50)
TestFifoJobServer = FifoJobServer.TestCase
TestFifoJobServer.settings = settings(max_examples=20, stateful_step_count=50)
