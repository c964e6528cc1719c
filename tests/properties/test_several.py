"""What several job servers on one store promise, whichever of them ends and when."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tests.support.simulation.member import Asked, Member
from tests.support.simulation.several import Several

# Job servers that live at a time.
_MOST = 3
POLICIES = (
    b"policy f dedupe=again",
    b"policy f max_attempts=2",
    b"policy f concurrency=1",
)
ORDERS = (
    *POLICIES,
    b"policy * max_attempts=3",
    b"policy f max_attempts=",
    b"policy f dead_letter=false",
    b"policy f dead_letter=",
    b"policy f max_crashes=1",
    b"policy f delay=2",
    b"policy f delay=",
    b"policy f dedupe=",
    b"policy f concurrency=",
    b"pause f",
    b"resume f",
    b"pause *",
    b"resume *",
    b"create function h",
    b"drop function h",
    b"maxqueue h 5",
)
SCHEDULES = (
    b"schedule add s function=f cron=* missed=all",
    b"schedule add s function=f cron=* missed=all unique=u overlap=wait",
    b"schedule add t function=f every=60 overlap=wait",
    b"schedule add t function=f cron=* overlap=skip unique=u",
    b"schedule change s overlap=wait",
    b"schedule change t overlap=skip",
    b"schedule pause s",
    b"schedule resume s",
    b"schedule remove s",
    b"schedule remove t",
    b"schedule skip s",
)

who = st.integers(0, _MOST - 1)
picks = st.integers(0, 30)
functions = st.sampled_from([b"f", b"f", b"f", b"g"])
uniques = st.sampled_from([b"", b"", b"u", b"u", b"v"])

links = st.sampled_from(
    [b"batch=x", b"batch=x", b"after=batch:x", b"after=batch:x&when=done&batch=y"]
)
whens = st.sampled_from([b"", b"&when=done", b"&when=failure", b"&batch=x"])

times = st.sampled_from([0.25, 2.0, 5.0, 61.0, 61.0, 301.0])


class SeveralJobServers(RuleBasedStateMachine):
    """Job servers on one store, each of which may end, hang or be cut off."""

    several: Several

    @initialize(
        count=st.integers(2, _MOST),
        window=st.sampled_from([1, 2, 10]),
        orders=st.lists(st.sampled_from(POLICIES), max_size=1),
        schedules=st.lists(st.sampled_from(SCHEDULES[:4]), max_size=2),
    )
    def begin(
        self, count: int, window: int, orders: list[bytes], schedules: list[bytes]
    ) -> None:
        self.several = Several(count, window)
        self.order(0, b"policy * options_in_names=true")
        for line in orders:
            self.order(0, line)
        for line in schedules:
            self.order_schedule(0, line)
        self.rest()

    def member(self, who: int) -> Member:
        members = self.several.members
        return members[who % len(members)]

    @precondition(lambda self: self.several.members)
    @rule(
        who=who,
        function=functions,
        unique=uniques,
        delay=st.sampled_from([None, None, None, 1, 5, 61]),
        count=st.sampled_from([1, 1, 3]),
    )
    def submit(
        self, who: int, function: bytes, unique: bytes, delay: int | None, count: int
    ) -> None:
        for _ in range(count):
            self.several.submit(self.member(who), Asked(function, unique), delay)

    @precondition(lambda self: self.several.members)
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
            asked = Asked(function, unique, options=link)
            self.several.submit(self.member(who), asked, None)

    @precondition(lambda self: self.several.members)
    @rule(function=functions, pick=picks, when=whens)
    def submit_after(self, function: bytes, pick: int, when: bytes) -> None:
        picked = self.pick(self.several.promises.database.jobs.by_number, pick)
        if picked is not None:
            member, number = picked
            options = b"after=H:test:%d" % number + when
            self.several.submit(member, Asked(function, b"", options=options), None)

    @precondition(lambda self: self.several.members)
    @rule(who=who, place=st.integers(0, 1))
    def grab(self, who: int, place: int) -> None:
        member = self.member(who)
        self.several.grab(member, member.workers[place])

    @precondition(lambda self: self.several.members)
    @rule(who=who, place=st.integers(0, 1), pick=picks, is_done=st.booleans())
    def work(self, who: int, place: int, pick: int, is_done: bool) -> None:
        """Report the end of a job, grabbing one before if need be."""
        member = self.member(who)
        worker = member.workers[place]
        if worker.handles or self.several.grab(member, worker):
            self.several.report(member, worker, pick, is_done=is_done)

    @precondition(lambda self: self.several.members)
    @rule(who=who)
    def work_off(self, who: int) -> None:
        """Do all there is to do for now."""
        self.several.run_all(self.member(who))

    @precondition(lambda self: self.several.members)
    @rule(who=who, place=st.integers(0, 1))
    def lose_worker(self, who: int, place: int) -> None:
        self.several.lose_worker(self.member(who), place)

    @precondition(lambda self: self.several.members)
    @rule(who=who, line=st.sampled_from(ORDERS))
    def order(self, who: int, line: bytes) -> None:
        self.several.order(self.member(who), line)

    @precondition(lambda self: self.several.members)
    @rule(who=who, line=st.sampled_from(SCHEDULES))
    def order_schedule(self, who: int, line: bytes) -> None:
        self.several.order(self.member(who), line)

    def pick(self, numbers: Iterable[int], pick: int) -> tuple[Member, int] | None:
        """Return one of some jobs, and the job server that has it."""
        owned = [
            (member, number)
            for number in sorted(numbers)
            for member in self.several.serving()
            if member.owns(number)
        ]
        return owned[pick % len(owned)] if owned else None

    @precondition(lambda self: self.several.members)
    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        picked = self.pick(self.several.promises.database.jobs.by_number, pick)
        if picked is not None:
            self.several.cancel(*picked)

    @precondition(lambda self: self.several.members)
    @rule(pick=picks)
    def retry(self, pick: int) -> None:
        picked = self.pick(self.several.promises.database.dead.by_number, pick)
        if picked is not None:
            self.several.retry(*picked)

    @precondition(lambda self: self.several.members)
    @rule(who=who)
    def take(self, who: int) -> None:
        self.member(who).take()

    @precondition(lambda self: self.several.members)
    @rule(who=who, looks=st.booleans())
    def write(self, who: int, looks: bool) -> None:
        self.several.write(self.member(who), looks=looks)

    @precondition(lambda self: self.several.members)
    @rule(who=who, looks=st.booleans())
    def commit(self, who: int, looks: bool) -> None:
        member = self.member(who)
        self.several.tell(member)
        if member.take():
            self.several.write(member, looks=looks)
            self.several.tell(member)

    @precondition(lambda self: self.several.members)
    @rule(who=who, is_rest_saved=st.booleans())
    def refuse(self, who: int, is_rest_saved: bool) -> None:
        self.several.refuse(self.member(who), is_rest_saved=is_rest_saved)

    @precondition(lambda self: self.several.members)
    @rule(who=who)
    def look(self, who: int) -> None:
        self.several.look(self.member(who))

    @precondition(lambda self: self.several.members)
    @rule(who=who)
    def tell(self, who: int) -> None:
        self.several.tell(self.member(who))

    @precondition(lambda self: self.several.members)
    @rule(who=who)
    def settle(self, who: int) -> None:
        self.several.settle(self.member(who))

    @precondition(lambda self: self.several.members)
    @rule(who=who)
    def cut_off(self, who: int) -> None:
        self.member(who).cut_off()

    @precondition(lambda self: self.several.members)
    @rule(who=who, in_order=st.booleans())
    def end(self, who: int, in_order: bool) -> None:
        member = self.member(who)
        if in_order:
            self.several.stop(member)
        else:
            self.several.kill(member)

    @precondition(lambda self: len(self.several.members) > 1)
    @rule(seconds=times, jobs=st.integers(0, 2))
    def lose_leader(self, seconds: float, jobs: int) -> None:
        """Do at once what only a long run of single rules would come to."""
        leaders = [each for each in self.several.serving() if each.store.is_leading]
        for leader in leaders:
            for _ in range(jobs):
                self.several.submit(leader, Asked(b"f", b"u"), None)
            self.several.kill(leader)
        self.let_time_pass(seconds)
        self.rest()

    @precondition(lambda self: self.several.members)
    @rule(who=who, seconds=times, settled=st.integers(1, _MOST))
    def meet(self, who: int, seconds: float, settled: int) -> None:
        """Have all be asked for the same, schedules included, and it be done at one."""
        for member in self.several.members:
            self.several.submit(member, Asked(b"f", b"u"), None)
        self.let_time_pass(seconds)
        for place in range(settled):
            self.several.settle(self.member(who + place))
        for member in self.several.members:
            self.several.grab(member, member.workers[1])
        self.several.check()
        self.let_time_pass(seconds)
        self.work_off(who)
        self.rest()

    @precondition(lambda self: self.several.members)
    @rule(
        who=who,
        lines=st.lists(st.sampled_from((*ORDERS, *SCHEDULES)), min_size=2, max_size=6),
    )
    def disagree(self, who: int, lines: list[bytes]) -> None:
        """Have operators order this and that at once, each at another one."""
        for place, line in enumerate(lines):
            self.several.order(self.member(who + place), line)
            if place % 2:
                self.member(who).take()
        self.several.settle(self.member(who + 1))
        self.several.write(self.member(who), looks=True)
        self.rest()

    @precondition(lambda self: len(self.several.members) < _MOST)
    @rule(place=picks, is_new=st.booleans())
    def start(self, place: int, is_new: bool) -> None:
        if is_new:
            self.several.start()
        else:
            self.several.restart(place)

    @rule(seconds=times)
    def let_time_pass(self, seconds: float) -> None:
        self.several.advance(seconds)

    @precondition(lambda self: self.several.members)
    @rule()
    def rest(self) -> None:
        self.several.rest()
        self.several.check_agreement()

    @invariant()
    def all_is_well(self) -> None:
        self.several.check()

    def teardown(self) -> None:
        # After a failure there is nothing more to be found out.
        if hasattr(self, "several") and sys.exception() is None:
            self.several.drain()


TestSeveralJobServers = SeveralJobServers.TestCase
TestSeveralJobServers.settings = settings(max_examples=300, stateful_step_count=40)
