"""Two job servers, workers and clients that do things at random: nothing is lost."""

from __future__ import annotations

from random import Random

import pytest

from tests.support.dialogue import DialoguePeer
from tests.support.helped import Helped, Lined

ENDS = {"work_complete", "work_fail", "work_exception"}


class Worker:
    """A worker of some slots, which grabs when it is woken and then sleeps again."""

    def __init__(self, helped: Helped, slots: int, names: str) -> None:
        self.peer = helped.here.worker(names)
        self.peer.option_req(b"handles")
        if slots > 1:
            self.peer.option_req(b"slots\0%d" % slots)
        self.slots = slots
        self.jobs: list[bytes] = []
        self.is_asleep = False
        self.grab()

    def grab(self) -> None:
        """Take as many jobs as there are slots, and sleep if there are fewer."""
        self.listen()
        self.is_asleep = False
        while len(self.jobs) < self.slots:
            before = len(self.jobs)
            self.peer.grab_job_uniq()
            self.listen()
            if len(self.jobs) == before:
                self.peer.pre_sleep()
                self.is_asleep = True
                return

    def listen(self) -> bool:
        """Take what has arrived; tell whether a NOOP was among it."""
        is_woken = False
        for answer in self.peer.received:
            is_woken |= answer.name == "noop"
            if answer.name == "job_assign_uniq":
                self.jobs.append(answer.arguments[0])
            elif answer.name == "error":
                handle = answer.arguments[1].rpartition(b" ")[2]
                if handle in self.jobs:
                    self.jobs.remove(handle)
        return is_woken

    def step(self) -> None:
        """Grab when it is woken, or was told that a job is not its own any more."""
        if self.listen() or not self.is_asleep:
            self.grab()

    def end(self, how: str) -> None:
        """End the oldest job."""
        self.step()
        if not self.jobs:
            return
        handle = self.jobs.pop(0)
        if how == "fail":
            self.peer.work_fail(handle)
        elif how == "exception":
            self.peer.work_exception(handle, b"bad")
        else:
            self.peer.work_data(handle, b"part")
            self.peer.work_complete(handle, b"done")
        if not self.is_asleep:
            self.grab()


class Play:
    """What happens, and what clients were told."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.helped = Helped(identity=b"%08x" % seed)
        self.helped.peer.policy(b"f", max_attempts=3)
        self.line: Lined = self.helped.link(sleepers=0)
        self.workers: list[Worker] = []
        self.told: dict[tuple[DialoguePeer, bytes], int] = {}
        self.own_client = self.helped.here.client()
        self.lives = 0

    def act(self) -> None:
        acts = [self.hire] + [self.submit] * 4 + [self.work] * 8
        acts += [self.fire, self.cancel, self.wait, self.reconnect, self.own]
        self.chance.choice(acts)()
        self.settle()

    def settle(self) -> None:
        """Carry bytes until nobody has more to say, and look at the counts."""
        for _ in range(50):
            self.line.run()
            for worker in self.workers:
                worker.step()
            self.line.run()
        assert self.line.group.claims >= 0
        for client in (self.helped.client, self.own_client):
            self.hear(client)

    def hear(self, client: DialoguePeer) -> None:
        """Count the ends that a client is told."""
        for answer in client.received:
            if answer.name == "job_created":
                self.told[client, answer.arguments[0]] = 0
            elif answer.name in ENDS:
                self.told[client, answer.arguments[0]] += 1

    def hire(self) -> None:
        if len(self.workers) < 4:
            self.workers.append(Worker(self.helped, self.chance.choice([1, 1, 3]), "f"))
            self.line.form()

    def fire(self) -> None:
        if self.workers:
            worker = self.workers.pop(self.chance.randrange(len(self.workers)))
            worker.peer.leave()
            self.line.form()

    def submit(self) -> None:
        if self.chance.random() < 0.5:
            self.helped.client.submit_job(b"f", b"", b"w")
        else:
            self.helped.client.submit_job_bg(b"f", b"", b"w")

    def own(self) -> None:
        self.own_client.submit_job(b"f", b"", b"own")

    def work(self) -> None:
        if self.workers:
            how = self.chance.choice(["done", "done", "done", "fail", "exception"])
            self.chance.choice(self.workers).end(how)

    def cancel(self) -> None:
        handles = list(self.helped.peer.engine.state.jobs)
        if handles:
            handle = self.chance.choice(handles).decode()
            self.helped.peer.connect().text(f"cancel job {handle}")

    def wait(self) -> None:
        self.line.wait(self.chance.choice([0.25, 1.25, 6]))

    def reconnect(self) -> None:
        """Lose the connection, or stop in order; another one follows."""
        if self.chance.random() < 0.5:
            self.line.line.stop()
            self.settle()
        self.line.end()
        self.lives += 1
        self.line = Lined(self.helped.here, self.helped.peer, b"%08x" % self.lives)

    def finish(self) -> None:
        """Have all that is left done."""
        self.hire()
        for _ in range(200):
            for worker in self.workers:
                worker.end("done")
            self.settle()
            if not self.jobs():
                return
            self.line.wait(1.25)

    def jobs(self) -> list[bytes]:
        """Return the jobs that have not ended, here and there."""
        here, there = self.helped.here.engine, self.helped.peer.engine
        return [*here.state.jobs, *there.state.jobs]


@pytest.mark.parametrize("seed", range(30))
def test_every_job_ends_once_and_every_claim_is_given_up(seed: int) -> None:
    play = Play(seed)
    for _ in range(60):
        play.act()
    play.finish()
    play.settle()
    assert play.jobs() == []
    assert play.line.line.at_hand == 0
    assert play.line.group.claims == 0
    # Those in the background tell nobody how they end.
    assert set(play.told.values()) <= {0, 1}
    assert play.helped.client.engine_peer.awaited == {}
