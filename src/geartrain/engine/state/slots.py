"""Slots: the statistics of all functions by minute and hour.

A minute is open from its first event until its time has passed; one without events is
never open. What is open when a minute ends is closed in steps: meanwhile an event
closes its own function's minute first. An open hour is closed with the first minute
that ends after it. All times are server times.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.model.counts import Counts
from geartrain.engine.model.open_counts import OpenCounts
from geartrain.engine.model.statistics import HOURS, MINUTES, Ring, SlotPage, Statistics

__all__ = ["MINUTE", "TimeSlots"]

MINUTE: Final = 60.0
"""Seconds."""


class TimeSlots:
    """The open minute of all functions, and the slots of what has ended."""

    def __init__(self) -> None:
        self.minute = 0
        """The number of the open minute; 0 for none."""
        self.until = 0.0
        """When it ends, by the steady clock; 0 if there is none.

        Not an alarm: with one always set, each turn takes a hundredth longer.
        """
        self.since = 0.0
        """When counting began, a server time; 0 while nothing has happened."""
        self.all = Statistics(b"")
        """What happened to the jobs of all functions."""
        self.unlisted = Statistics(b"", is_kept=False)
        """The totals of functions that have been forgotten."""
        self.forgotten: dict[bytes, Statistics] = {}
        """The statistics of such functions by name, as long as they have slots."""
        self.hour = 0
        """The hour before which no hour is open."""
        self.opened: list[Statistics] = []
        """Who has something in the open minute."""
        self.hourly: list[Statistics] = []
        """Who has something in an open hour."""
        self.minutes = Ring(False, b"minutes")
        """The minutes of all functions that have ended."""
        self.hours = Ring(True, b"hours")
        """The hours of all functions that have ended."""
        self.all_minutes = Ring(False, b"all-minutes")
        """The minutes of ``all``."""
        self.all_hours = Ring(True, b"all-hours")
        """The hours of ``all``."""

    def find(self, name: bytes, is_kept: bool) -> Statistics:
        """Return the statistics for a function that comes to be."""
        return self.forgotten.pop(name, None) or Statistics(name, is_kept)

    def known(self, name: bytes) -> Statistics:
        """Return the statistics of a function that has slots in the store."""
        found = self.forgotten.get(name)
        if found is None:
            found = self.forgotten[name] = Statistics(name)
        return found

    def resume(self) -> None:
        """Go on counting after slots were restored: open the hours that had not ended.

        The store has an hour when it has ended; until then it has the minutes.
        """
        restored = [self.all, *self.forgotten.values()]
        for statistics in restored:
            last = statistics.hours[-1].number if statistics.hours else 0
            for slot in statistics.minutes:
                if slot.number // 60 > last:
                    self._add_to_hour(statistics, slot.number // 60, slot.counts())
        first = self.all_minutes.pages
        if first:
            self.since = first[0].number * MINUTE

    def forget(self, statistics: Statistics) -> None:
        """Keep only the slots of a function that is forgotten."""
        self.close(statistics)
        self.unlisted.total.add(statistics.total)
        statistics.total = Counts()
        if not statistics.is_empty():
            self.forgotten[statistics.name] = statistics

    def open(self, statistics: Statistics) -> None:
        """Let events be counted in the open minute."""
        self.close(statistics)
        statistics.minute = self.minute
        statistics.open = OpenCounts()
        self.opened.append(statistics)

    def close(self, statistics: Statistics) -> None:
        """Let a minute of some statistics be a slot, if one is open."""
        if statistics.open is None:
            return
        counts = statistics.open.counts()
        minute = statistics.minute
        statistics.open = None
        statistics.minute = -1
        statistics.total.add(counts)
        if statistics.is_kept:
            ring = self.all_minutes if statistics is self.all else self.minutes
            ring.add(statistics, minute, counts.pack())
            self._add_to_hour(statistics, minute // 60, counts)

    def _add_to_hour(self, statistics: Statistics, hour: int, counts: Counts) -> None:
        if statistics.hour != hour or statistics.hourly is None:
            self.close_hour(statistics)
            statistics.hour = hour
            statistics.hourly = Counts()
            self.hourly.append(statistics)
        statistics.hourly.add(counts)

    def add_late(self, statistics: Statistics, hour: int, counts: Counts) -> None:
        """Add what another job server has counted in an hour that it had not ended."""
        if statistics.hour == hour and statistics.hourly is not None:
            statistics.hourly.add(counts)
        elif hour >= max(self.hour, statistics.hour):
            self._add_to_hour(statistics, hour, counts)
        else:
            ring = self.all_hours if statistics is self.all else self.hours
            page = SlotPage(hour, ring.serial + 1)
            page.members, page.packed = [statistics], [counts.pack()]
            page.size = len(page.packed[0]) + len(statistics.name)
            ring.take_in([page])

    def begin(self, server_time: float) -> None:
        """Open the minute of this time; ``until`` is the caller's."""
        self.minute = int(server_time // MINUTE)
        if not self.since:
            self.since = server_time

    def end_hour(self, hour: int) -> list[Statistics]:
        """Return who may have an hour open that ended before this one."""
        if hour <= self.hour:
            return []
        self.hour = hour
        hourly, self.hourly = self.hourly, []
        return hourly

    def close_hour(self, statistics: Statistics) -> None:
        """Let the open hour of some statistics be a slot, if there is one."""
        counts = statistics.hourly
        if counts is None:
            return
        hour = statistics.hour
        statistics.hourly = None
        statistics.hour = -1
        ring = self.all_hours if statistics is self.all else self.hours
        ring.add(statistics, hour, counts.pack())

    def rings(self) -> tuple[Ring, ...]:
        """Return all slots that have ended."""
        return (self.minutes, self.hours, self.all_minutes, self.all_hours)

    def unsaved(self) -> list[tuple[Ring, SlotPage]]:
        """Return the pages that the store does not have as they are."""
        found: list[tuple[Ring, SlotPage]] = []
        for ring in self.rings():
            # All are looked at: pages of other job servers may stand behind ours.
            found += [(ring, page) for page in ring.pages if not page.is_saved]
        return found

    def drop_oldest(self, server_time: float) -> tuple[Ring, SlotPage] | None:
        """Drop a page that is too old or too much; return None if there is none."""
        minute = int(server_time // MINUTE)
        for ring in self.rings():
            first = minute // 60 - HOURS if ring.is_hourly else minute - MINUTES
            if ring.is_over(first):
                page = ring.drop()
                for statistics in page.members:
                    self._leave(statistics)
                return ring, page
        return None

    def _leave(self, statistics: Statistics) -> None:
        name = statistics.name
        if statistics.is_empty() and self.forgotten.get(name) is statistics:
            del self.forgotten[name]
