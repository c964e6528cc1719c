"""A campaign: a cluster under load, and one trouble after another."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import suppress
from math import inf
from time import monotonic

import psycopg

from proof.cluster.actors import Actor, Caller, Submitter, Worker
from proof.cluster.history import History
from proof.cluster.sites import Site
from proof.cluster.troubles import AFTERMATH, Troubles
from tests.support.node_processes import Node
from tests.support.wire import Wire

__all__ = ["Campaign"]

_SUBMITTERS, _WORKERS = 3, 6
_SESSIONS = (
    "SELECT pid, state, now() - xact_start, wait_event_type, wait_event,"
    " pg_blocking_pids(pid), client_addr, left(query, 100) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid()"
)
# Seconds in which jobs get fewer once nothing is wrong any more.
_STUCK = 60.0


class Campaign:
    """A cluster, with clients and workers."""

    def __init__(
        self,
        site: Site,
        history: History,
        troubles: Troubles,
        seed: str,
        peace: float = 4.0,
    ) -> None:
        """Let things go wrong at a site, with at most ``peace`` seconds between."""
        self._site = site
        self._history = history
        self._troubles = troubles
        self._randomness = random.Random(f"{seed} order")
        self._peace = peace
        nodes = site.nodes
        self._actors: list[Actor] = [
            *(
                Submitter(f"s{each}", seed, history, nodes)
                for each in range(_SUBMITTERS)
            ),
            Caller("caller", seed, history, nodes),
            *(Worker(f"w{each}", seed, history, nodes) for each in range(_WORKERS)),
        ]

    def run(self, seconds: float) -> None:
        """Let things go wrong for some seconds, then have all jobs done.

        With 0 each trouble comes once.

        Raises:
            AssertionError: a process did not start, or what was left was not done.
        """
        try:
            self._site.open()
            for node in self._site.nodes:
                node.start()
            for actor in self._actors:
                actor.start()
            if seconds:
                self._let_go_wrong(monotonic() + seconds)
            else:
                for trouble in (*self._troubles.soft, *self._troubles.hard):
                    self._rest(self._peace)
                    trouble()
            self._drain()
        except (AssertionError, OSError) as error:
            said = "\n".join(
                f"{each.name}:\n{each.said()}" for each in self._site.nodes
            )
            raise AssertionError(f"{error!r}\n{said}") from error
        finally:
            for actor in self._actors:
                actor.leave()
            self._site.close()

    def _sessions(self) -> Iterator[str]:
        """Tell what the database is doing."""
        with suppress(psycopg.Error):
            for row in self._site.ask(_SESSIONS):
                yield " ".join(map(str, row))

    def _rest(self, most: float) -> None:
        time.sleep(self._randomness.uniform(most / 4, most))

    def _let_go_wrong(self, deadline: float) -> None:
        """Bring each trouble once, in any order, and go on until the time is over.

        Those that are no reason to run a job again come by themselves, so that what
        they do is not put down to others.
        """
        while monotonic() < deadline:
            for some in (self._troubles.soft, self._troubles.hard):
                for trouble in self._randomness.sample(some, len(some)):
                    self._rest(self._peace)
                    trouble()
                    if monotonic() >= deadline:
                        return
            time.sleep(AFTERMATH + self._peace)

    def _drain(self) -> None:
        self._site.heal()
        for actor in self._actors:
            if not isinstance(actor, Worker):
                actor.leave()
                actor.wait_gone()
        left = least = inf
        changed = monotonic()
        while left:
            assert monotonic() - changed < _STUCK, f"{left} jobs are not done"
            time.sleep(0.1)
            left = max(_count(node) for node in self._site.nodes)
            if left < least:
                least, changed = left, monotonic()


def _count(node: Node) -> float:
    """Return how many jobs a node says there are; infinity if it says nothing."""
    with suppress(OSError, AssertionError), Wire(node.connect(5.0)) as wire:
        rows = [line.split(b"\t") for line in wire.listing(b"local status")]
        return sum(int(row[1]) for row in rows)
    return inf
