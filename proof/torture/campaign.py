"""A campaign: job servers on one store are killed under load, one after another."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from proof.torture.actors import Actor, connect
from proof.torture.clients import Gauge, Submitter, Waiter, note_schedules
from proof.torture.functions import FUNCTIONS, configuration
from proof.torture.history import Account, Enquiry, History, Round, Stock
from proof.torture.operators import (
    PAUSED,
    Operator,
    count_jobs,
    fetch,
    listing,
    note_firings,
    resume,
)
from proof.torture.processes import Nursery
from proof.torture.steps import STEPS, Step
from proof.torture.survey import Survey, survey
from proof.torture.workers import Worker
from tests.support.wire import Wire

__all__ = ["Campaign", "Load"]

# Seconds to wait for a step to be reached, and how often to try.
_PATIENCE = 3.0
_MOST_TRIES = 4

# A backlog that does not shrink for this many seconds is stuck.
_STUCK = 15.0

_ROUGH_WORKERS = 4

# Results that are asked for when all is done.
_MOST_FETCHED = 2000

_RANDOM = "random"
_ORDERLY = "orderly stop"


@dataclass(frozen=True, kw_only=True)
class Load:
    """How much load there is.

    Attributes:
        window: jobs of a function and priority that the job server has in memory.
        most_waiting: while more jobs wait, nobody submits.
        submitters: clients that submit background jobs.
        workers: workers of the ordinary functions.
        random_kills: kills at random moments, besides those at each step.
        stops: orderly stops among the kills.
    """

    window: int = 20
    most_waiting: int = 2000
    submitters: int = 2
    workers: int = 3
    random_kills: int = 10
    stops: int = 2


class Campaign:
    """One pass through all steps, in an order that the seed chooses.

    Attributes:
        seed: what its order and all choices of its actors come from.
        history: what all actors noted.
        hits: how often each step ended a job server.
        survey: what the last job server said when all was done.
    """

    def __init__(self, folder: Path, seed: str, load: Load, name: str = "") -> None:
        """Work in ``folder``; ``name`` makes the keys of several campaigns differ."""
        self.seed = seed
        self.history = History()
        self.hits: Counter[str] = Counter()
        self.survey = Survey()
        self._folder = folder
        self._load = load
        self._randomness = random.Random(seed)
        self._gauge = Gauge(load.most_waiting)
        note_schedules(self.history)
        self._actors = self._cast(seed, name)
        self._workers = [each for each in self._actors if isinstance(each, Worker)]
        (folder / "geartrain.toml").write_text(configuration())
        self._server = Nursery(folder, load.window)

    def _cast(self, seed: str, name: str) -> list[Actor]:
        load, history = self._load, self.history
        submitters = [
            Submitter(f"{name}s{number}-", seed, history, self._gauge)
            for number in range(load.submitters)
        ]
        usual = [each for each in FUNCTIONS.values() if not each.is_rough]
        rough = [each for each in FUNCTIONS.values() if each.is_rough]
        return [
            *submitters,
            Waiter(f"{name}f-", seed, history),
            Operator("operator", seed, history, submitters, self._gauge),
            *(
                Worker(f"worker{number}", seed, history, usual)
                for number in range(load.workers)
            ),
            *(
                Worker(f"rough{number}", seed, history, rough)
                for number in range(_ROUGH_WORKERS)
            ),
        ]

    def run(self) -> None:
        """Kill job servers as planned, then let one do all remaining jobs.

        Raises:
            AssertionError: a job server did not start, stop or answer, or it failed.
        """
        try:
            for kill in self._plan():
                if kill in STEPS:
                    self._kill_at(STEPS[kill])
                else:
                    self._end_at_random(kill)
            self._drain()
            self._look()
        except (AssertionError, OSError) as error:
            entry = self.history.rounds[-1]
            log = self._server.log.read_text(errors="replace")[-3000:]
            raise AssertionError(
                f"the job server of round {entry.number} ({entry.kill}), seed "
                f"{self.seed}, store in {self._folder}: {error!r}\n{log}"
            ) from error
        finally:
            self._server.close()

    def _plan(self) -> list[str]:
        plan = [*STEPS, *[_RANDOM] * self._load.random_kills]
        plan += [_ORDERLY] * self._load.stops
        self._randomness.shuffle(plan)
        # The first is while the file is being made.
        return ["start:writing", *plan]

    def _begin(self, kill: str) -> Round:
        number, began = len(self.history.rounds) + 1, self.history.serial()
        entry = Round(number, kill, began=began)
        self.history.rounds.append(entry)
        return entry

    def _kill_at(self, step: Step) -> None:
        """Let a job server kill itself at a step; try several times."""
        for attempt in range(_MOST_TRIES):
            entry = self._begin(step.name)
            passing = self._randomness.randint(1, step.most) if attempt == 0 else 1
            if self._server.start(step, passing):
                self._load_until_dead(entry, _PATIENCE, self._server.kill)
            entry.end = self._server.killed_at()
            if entry.end:
                assert entry.end == step.name
                self.hits[step.name] += 1
                return

    def _end_at_random(self, kill: str) -> None:
        """Kill a job server, or stop it in order, at a random moment."""
        entry = self._begin(kill)
        delay = self._randomness.choice([0.02, 0.3, 1.0])
        end = self._server.stop if kill == _ORDERLY else self._server.kill
        if self._server.start(None, 0):
            self._load_until_dead(entry, self._randomness.uniform(0, delay), end)
        entry.end = kill
        if kill == _ORDERLY:
            entry.durable = float("inf")
        else:
            assert self._server.killed_at() == ""

    def _load_until_dead(
        self, entry: Round, patience: float, end: Callable[[], None]
    ) -> None:
        """Let all actors act until the job server ends or is killed."""
        first = self.history.serial()
        threads = self._start(self._actors, entry)
        if not self._server.has_ended(patience):
            end()
        for thread in threads:
            thread.join()
        entry.durable = self._durable_since(first)

    def _start(self, actors: list[Actor], entry: Round) -> list[threading.Thread]:
        threads = [
            threading.Thread(target=actor.run, args=(self._server.port, entry.number))
            for actor in actors
        ]
        for thread in threads:
            thread.start()
        return threads

    def _durable_since(self, first: int) -> float:
        """Return the serial before which all that happened in a round is durable.

        A job of its own is acknowledged once it is durable, and so is then all that
        the job server had reacted to before.
        """
        return max(
            (
                each.sent
                for each in self.history.since(first)
                if each.acknowledged and each.is_background and not each.unique
            ),
            default=0,
        )

    def _drain(self) -> None:
        """Let workers do all that is left, and look that they can."""
        entry = self._begin(_ORDERLY)
        assert self._server.start(None, 0)
        workers: list[Actor] = [*self._workers]
        with Wire(connect(self._server.port)) as wire:
            for function in PAUSED:
                resume(wire, self.history, function)
            self._end_schedules(wire)
            self._take_stock(wire, entry.number)
            threads = self._start(workers, entry)
            self._wait_until_empty(wire)
            self._take_account(wire, entry.number)
        for worker in workers:
            worker.leave()
        for thread in threads:
            thread.join()
        entry.durable = float("inf")
        self._server.stop()
        entry.end = _ORDERLY

    def _end_schedules(self, wire: Wire) -> None:
        for function in FUNCTIONS.values():
            if function.every:
                answer = wire.command(b"schedule pause " + function.name)
                assert answer.startswith(b"OK"), answer
                note_firings(wire, self.history, function.name)

    def _take_stock(self, wire: Wire, number: int) -> None:
        began = self.history.serial()
        count = count_jobs(wire)
        rows = listing(wire, "jobs limit=1000")
        ended = self.history.serial()
        self.history.stocks.append(Stock(number, began, ended, count, rows))

    def _take_account(self, wire: Wire, number: int) -> None:
        asked = self.history.serial()
        rows = listing(wire, "history limit=1000")
        self.history.accounts.append(Account(number, asked, rows))

    def _wait_until_empty(self, wire: Wire) -> None:
        left = count_jobs(wire)
        changed = time.monotonic()
        while left and time.monotonic() - changed < _STUCK:
            time.sleep(0.05)
            before, left = left, count_jobs(wire)
            if left != before:
                changed = time.monotonic()
        if left:
            rows = listing(wire, "jobs")
            self.history.faults.append(
                f"stuck: {left} jobs, of which {len(rows)} are listed: {rows[:20]}"
            )

    def _look(self) -> None:
        """Ask one more job server what it finds in the store."""
        entry = self._begin(_ORDERLY)
        assert self._server.start(None, 0)
        with Wire(connect(self._server.port)) as wire:
            self._fetch_results(wire, entry.number)
            rows = listing(wire, "batches limit=1000")
            self.history.batches.update({row["name"].encode(): row for row in rows})
            self.survey = survey(wire)
        entry.durable = float("inf")
        self._server.stop()
        entry.end = _ORDERLY
        log = self._server.log.read_text(errors="replace")
        if "Traceback" in log:
            self.history.faults.append(log[log.index("Traceback") :][:3000])

    def _fetch_results(self, wire: Wire, number: int) -> None:
        """Ask for results that were sent in rounds before, and may have been kept."""
        handles = {
            run.handle: None
            for run in self.history.runs
            if run.result and FUNCTIONS[run.function].keeps_results
        }
        many = min(len(handles), _MOST_FETCHED)
        for handle in self._randomness.sample(list(handles), many):
            enquiry = Enquiry("result", handle, number, self.history.serial())
            fetch(wire, enquiry)
            enquiry.answered = self.history.serial()
            self.history.enquiries.append(enquiry)
