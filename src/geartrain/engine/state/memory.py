"""The bytes that a job server holds, and what it refuses when they are too many.

Jobs are counted where they enter and leave memory, incomplete packets at the end of
each read. The driver adds what lies in its transports, and says once a turn how
much there may be. Beyond three quarters of that no job is taken; beyond all of it the
newest packets under way are given up, except results, which free memory.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from geartrain.engine.model.jobs import Job
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.schedules import Schedule
from geartrain.engine.queries import FULL_PAGE
from geartrain.engine.records import Failures, JobRecord, StoredJob
from geartrain.engine.window.windows import Window
from geartrain.protocol.room import RESULTS, Room

__all__ = ["Memory", "cost", "record_cost", "schedule_cost"]

# What a job, a function and a connection take beside their workloads and names.
_JOB: Final = 1000
_FUNCTION: Final = 2500
_PEER: Final = 8000

# For so much of the limit one page of the store's jobs is asked for at a time, within
# bounds: each has a job, however large that is.
_PAGE: Final = 256 * 1024 * 1024
_LEAST_PAGES: Final = 2
_MOST_PAGES: Final = 16

# What the process takes beside what is counted, where the system does not tell.
_ASSUMED: Final = 50_000_000

# Incomplete packets up to this size are not worth giving up.
_SMALL: Final = 512


class Memory:
    """What is held, and how much may be."""

    def __init__(self) -> None:
        self.limit = 0
        """The most bytes; 0 is without limit."""
        self.base = 0
        """What the process takes beside what is counted, as the driver last saw."""
        self.jobs = 0
        """The bytes of jobs, schedules and dead letters in memory."""
        self.packets = 0
        """The bytes of incomplete packets."""
        self.unread = 0
        """The bytes that peers have not read, as the driver last saw."""
        self.room = Room()
        """What the parsers know of it."""
        self.pages = 0
        """How many pages of the store's jobs were asked for and have not come, by their
        weights.
        """
        self.windows: OrderedDict[Window, None] = OrderedDict()
        """Those that wait for their turn to ask for a page."""
        self.reads: dict[Peer, int] = {}
        """The bytes of workloads that are read for peers (``reads``)."""
        self.under_way: dict[Peer, float] = {}
        """The peers with an incomplete packet, the newest last, and when more of it
        came.
        """
        self.written: dict[Peer, None] = {}
        """The peers that were written to since the driver last looked."""

    def used(self, peers: int, functions: int) -> int:
        """Return the bytes in use, what was not counted included."""
        return self.base + self.counted(peers, functions)

    def counted(self, peers: int, functions: int) -> int:
        """Return the bytes that were counted; peers and functions by estimate."""
        counted = self.jobs + self.packets + self.unread
        return counted + peers * _PEER + functions * _FUNCTION

    def workloads(self, jobs: int) -> int:
        """Return about how many bytes of workloads and names so many jobs have."""
        return self.jobs - jobs * _JOB

    def limit_to(self, limit: int) -> None:
        """Set the maximum number of bytes (0: no limit)."""
        self.limit = limit

    def measure(self, process: int, unread: int, peers: int, functions: int) -> None:
        """Compare what was counted with the size of the process, 0 if not known."""
        self.unread = unread
        counted = self.counted(peers, functions)
        self.base = process - counted if process else _ASSUMED

    def take_written(self) -> list[Peer]:
        """Return the peers that were written to since this was last called."""
        taken = list(self.written)
        self.written.clear()
        return taken

    def left(self) -> int:
        """Return how many bytes were left when that was last weighed."""
        return self.room.left

    def forget_unread(self, size: int) -> None:
        """Subtract bytes that peers had not read and never will."""
        self.unread -= size

    def refuse_jobs(self) -> None:
        """Take no more jobs, but new peers, until ``take_jobs_again``."""
        self.room.is_full = True
        self.room.is_over = False

    def turn_peers_away(self) -> None:
        """Take neither jobs nor new peers: memory is over its limit."""
        self.room.is_full = self.room.is_over = True

    def take_jobs_again(self) -> int:
        """Take jobs and peers again; return how many were refused since the last."""
        room = self.room
        room.is_full = room.is_over = False
        refused, room.refused = room.refused, 0
        return refused

    def note(self, peer: Peer, now: float) -> None:
        """Count what a peer's parser holds now."""
        size = peer.parser.held()
        if size == peer.buffered:
            return
        self.packets += size - peer.buffered
        peer.buffered = size
        if size > _SMALL:
            self.under_way[peer] = now
        else:
            self.under_way.pop(peer, None)

    def weigh(self, peers: int, functions: int) -> int:
        """Say how much room is left; return the bytes in use beyond what is wanted.

        0 is none: jobs are taken. Once they have been refused they are again when a
        good part is free, so that this does not change with each job.
        """
        if self.limit == 0:
            return 0
        used = self.used(peers, functions)
        room = self.room
        room.left = self.limit - used
        wanted = self.limit - self.limit // 4
        if room.is_full:
            wanted -= wanted // 8
        return max(0, used - wanted)

    def is_tight(self) -> bool:
        """Tell whether what waits is left to the store where it can be.

        From a quarter of the limit on, so that jobs which only wait leave room for
        others, even if each of the next pages is as large as a packet may be.
        """
        return self.limit > 0 and self.room.left < self.limit - self.limit // 4

    def may_page(self) -> bool:
        """Tell whether one more page may be asked for; it has a job at least."""
        if self.room.is_full:
            return False
        most = min(max(self.limit // _PAGE, _LEAST_PAGES), _MOST_PAGES)
        return self.limit == 0 or self.pages < most * FULL_PAGE

    def newest_under_way(self, size: int, until: float) -> list[Peer]:
        """Return the peers with the newest packets under way, ``size`` bytes together.

        Those that send results are left out, those whose packets are whole and only
        wait for the store, and those that sent more of them after ``until``.
        """
        found: list[Peer] = []
        for peer in reversed(self.under_way):
            if size <= 0:
                break
            kind = peer.parser.under_way()
            is_going_on = self.under_way[peer] > until
            if is_going_on or peer.is_asking or kind == 0 or kind in RESULTS:
                continue
            size -= peer.buffered
            found.append(peer)
        return found

    def results_under_way(self) -> list[Peer]:
        """Return the peers whose results are on their way, the oldest first."""
        return [peer for peer in self.under_way if peer.parser.under_way() in RESULTS]

    def forget(self, peer: Peer) -> None:
        """Count a peer that left no more."""
        self.packets -= peer.buffered
        self.jobs -= self.reads.pop(peer, 0)
        peer.buffered = 0
        self.under_way.pop(peer, None)
        self.written.pop(peer, None)


def cost(job: Job) -> int:
    """Return the bytes that a job takes, as long as its failures stay as they are."""
    return _JOB + _said(job) + _told(job.failures)


def record_cost(record: JobRecord) -> int:
    """Return the bytes that the job of a record that a store has read took."""
    return _JOB + _said(record) + _told(record.failures)


def _said(job: StoredJob) -> int:
    """Return the bytes of what its submission said."""
    return job.size + len(job.headers) + len(job.flow_key) + len(job.options)


def _told(failures: Failures | None) -> int:
    """Return the bytes of what was said of failures."""
    return 0 if failures is None else len(failures.error) + len(failures.story)


def schedule_cost(schedule: Schedule) -> int:
    """Return the bytes that a schedule takes."""
    size = sum(map(len, schedule.fields)) + sum(map(len, schedule.more))
    return _JOB + len(schedule.workload) + len(schedule.headers) + size
