"""Statistics: what happened to one function's jobs, since the start and by the minute.

Events are counted in the open minute. When that has ended, its counts are added to the
total and to the open hour, and kept packed as a *slot*; an hour likewise. Only a
minute in which something happened makes a slot. ``Ring`` has the slots of all
functions in one order of time, bounded in number and bytes: the oldest go first.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from geartrain.engine.model.counts import Counts, numbers_of, unpack
from geartrain.engine.model.open_counts import OpenCounts

__all__ = [
    "HOURS",
    "MINUTES",
    "Ring",
    "SlotPage",
    "Statistics",
    "TimeSlot",
    "page_of",
    "read_page",
]

MINUTES: Final = 60
"""How many minutes are kept, beside the open one."""
HOURS: Final = 72
"""How many hours are kept, beside the open one."""

# All slots of one length: 100,000 are those of 1,600 busy functions in an hour of
# minutes. One takes about 200 bytes.
_MOST_SLOTS: Final = 100_000
_MOST_BYTES: Final = 16 * 1024 * 1024

# Slots of one page, which is made, kept and dropped in one step.
_PAGE: Final = 256


class TimeSlot:
    """The counts of one function in a minute or hour that has ended."""

    def __init__(self, number: int, packed: bytes) -> None:
        self.number = number
        """Which minute or hour since 1970 it was, in server time."""
        self.packed = packed
        """What ``Counts.pack`` returned."""

    def counts(self) -> Counts:
        """Return what was counted."""
        return unpack(self.packed)


class Statistics:
    """What happened to the jobs of a function, or of all."""

    def __init__(self, name: bytes, is_kept: bool = True) -> None:
        self.name = name
        """The function's name."""
        self.is_kept = is_kept
        """It has slots: its function is not for the chunks of a single workload."""
        self.total = Counts()
        """What was counted since the start, but for the open minute."""
        self.minute = -1
        """The number of the open minute; -1 for none."""
        self.open: OpenCounts | None = None
        """What was counted in it; None if none is open."""
        self.hour = -1
        """The number of the open hour; -1 for none."""
        self.hourly: Counts | None = None
        """What was counted in it, but for the open minute."""
        self.minutes: list[TimeSlot] = []
        """The minutes that have ended, the oldest first."""
        self.hours: list[TimeSlot] = []
        """The hours that have ended, the oldest first."""

    def totals(self) -> Counts:
        """Return what was counted since the start."""
        counts = Counts()
        counts.add(self.total)
        if self.open is not None:
            counts.add(self.open.counts())
        return counts

    def is_empty(self) -> bool:
        """Tell whether it has no slots and nothing open."""
        is_open = self.open is not None or self.hourly is not None
        return not (is_open or self.minutes or self.hours)

    def since(self, first: int) -> Counts:
        """Return what was counted from this minute on."""
        counts = Counts()
        for slot in reversed(self.minutes):
            if slot.number < first:
                break
            counts.add(slot.counts())
        if self.open is not None and self.minute >= first:
            counts.add(self.open.counts())
        return counts

    def number_since(self, first: int, kind: int) -> int:
        """Return how many events of a kind were counted from this minute on."""
        number = 0
        for slot in reversed(self.minutes):
            if slot.number < first:
                break
            number += numbers_of(slot.packed)[kind]
        if self.open is not None and self.minute >= first:
            number += self.open.number(kind)
        return number

    def numbers_by_minute(self, first: int) -> list[tuple[int, list[int]]]:
        """Return the numbers of minutes from this one on; some may come in parts."""
        found = [
            (slot.number, numbers_of(slot.packed))
            for slot in self.minutes
            if slot.number >= first
        ]
        if self.open is not None and self.minute >= first:
            found.append((self.minute, self.open.numbers()))
        return found

    def by_minute(self, first: int) -> list[tuple[int, Counts]]:
        """Return the minutes from this one on in which something happened."""
        found = _counts(self.minutes, first)
        if self.open is not None and self.minute >= first:
            _append(found, self.minute, self.open.counts())
        return found

    def by_hour(self, first: int) -> list[tuple[int, Counts]]:
        """Return the hours from this one on in which something happened."""
        found = _counts(self.hours, first)
        if self.hourly is not None and self.hour >= first:
            _append(found, self.hour, self.hourly)
        if self.open is not None and self.minute // 60 >= first:
            _append(found, self.minute // 60, self.open.counts())
        return found


def _append(found: list[tuple[int, Counts]], number: int, counts: Counts) -> None:
    """Append what is open, adding it to what is there of the same minute or hour."""
    whole = Counts()
    if found and found[-1][0] == number:
        whole.add(found.pop()[1])
    whole.add(counts)
    found.append((number, whole))


def _counts(slots: list[TimeSlot], first: int) -> list[tuple[int, Counts]]:
    """Return the counts of slots by number; several of one number add up."""
    found: dict[int, Counts] = {}
    for slot in slots:
        if slot.number in found:
            found[slot.number].add(slot.counts())
        elif slot.number >= first:
            found[slot.number] = slot.counts()
    return list(found.items())


class SlotPage:
    """Slots of several functions of one minute or hour."""

    def __init__(self, number: int, serial: int) -> None:
        self.number = number
        """The minute or hour."""
        self.serial = serial
        """A number that no other page of its ring has."""
        self.members: list[Statistics] = []
        """Whose slots these are, in their order."""
        self.packed: list[bytes] = []
        """What was counted, in the same order."""
        self.is_saved = False
        """The store has it as it is."""
        self.size = 0
        """The bytes of the slots and names."""

    def is_full(self) -> bool:
        """Tell whether another page is begun."""
        return len(self.members) >= _PAGE

    def key(self) -> bytes:
        """Return what names it among the pages of its ring."""
        return b"%d.%d" % (self.number, self.serial)

    def value(self) -> bytes:
        """Return all of its slots with the names of their functions."""
        pieces = []
        for statistics, packed in zip(self.members, self.packed, strict=True):
            name = statistics.name
            pieces.append(b"%d %d " % (len(name), len(packed)) + name + packed)
        return b"".join(pieces)


def read_page(value: bytes) -> list[tuple[bytes, bytes]]:
    """Return the names and packed counts that ``SlotPage.value`` put together.

    Raises:
        ValueError: it is none.
    """
    found = []
    place = 0
    while place < len(value):
        first = value.index(b" ", place)
        second = value.index(b" ", first + 1)
        name_end = second + 1 + int(value[place:first])
        place = name_end + int(value[first + 1 : second])
        packed = value[name_end:place]
        unpack(packed)
        found.append((value[second + 1 : name_end], packed))
    return found


def page_of(key: bytes, slots: list[tuple[Statistics, bytes]]) -> SlotPage:
    """Return the page that a store has kept by this key.

    Raises:
        ValueError: the key is none of a page.
    """
    number, _, serial = key.partition(b".")
    page = SlotPage(int(number), int(serial))
    for statistics, packed in slots:
        page.members.append(statistics)
        page.packed.append(packed)
        page.size += len(packed) + len(statistics.name)
    page.is_saved = True
    return page


def _number_of(page: SlotPage) -> int:
    return page.number


class Ring:
    """The slots of one length of all functions, the oldest first."""

    def __init__(self, is_hourly: bool, kind: bytes = b"") -> None:
        self.kind = kind
        """What stores keep its pages as."""
        self.is_hourly = is_hourly
        """They are hours; else minutes."""
        self.pages: deque[SlotPage] = deque()
        """What there is, in pages."""
        self.serial = 0
        """The serial number of the last page."""
        self.count = 0
        """How many slots there are."""
        self.size = 0
        """The bytes of the slots and names."""

    def slots(self, statistics: Statistics) -> list[TimeSlot]:
        """Return a function's slots of this length."""
        return statistics.hours if self.is_hourly else statistics.minutes

    def add(self, statistics: Statistics, number: int, packed: bytes) -> None:
        """Add a slot of the latest minute or hour that there is."""
        page = self._page(number)
        page.members.append(statistics)
        page.packed.append(packed)
        page.is_saved = False
        self.slots(statistics).append(TimeSlot(number, packed))
        size = len(packed) + len(statistics.name)
        page.size += size
        self.size += size
        self.count += 1

    def _page(self, number: int) -> SlotPage:
        pages = self.pages
        if pages and pages[-1].number == number and not pages[-1].is_full():
            return pages[-1]
        self.serial += 1
        page = SlotPage(number, self.serial)
        pages.append(page)
        return page

    def restore(self, key: bytes, slots: list[tuple[Statistics, bytes]]) -> None:
        """Add a page that a store has kept, behind those added before.

        Raises:
            ValueError: the key is none of a page.
        """
        number, _, serial = key.partition(b".")
        page = SlotPage(int(number), int(serial))
        self.serial = max(self.serial, page.serial)
        self.pages.append(page)
        for statistics, packed in slots:
            self.add(statistics, page.number, packed)
        page.is_saved = True

    def take_in(self, pages: list[SlotPage]) -> None:
        """Add pages of another ring among ours, each at its time.

        One that has the key of one of ours gets another, and is yet to be saved.
        """
        keys = {page.key() for page in self.pages}
        self.serial = max([self.serial, *[page.serial for page in pages]])
        for page in pages:
            if page.key() in keys:
                self.serial += 1
                page.serial = self.serial
                page.is_saved = False
            self.count += len(page.members)
            self.size += page.size
        self._arrange(sorted([*self.pages, *pages], key=_number_of))

    def _arrange(self, pages: list[SlotPage]) -> None:
        """Have these pages in this order."""
        for page in pages:
            for statistics in page.members:
                self.slots(statistics).clear()
        for page in pages:
            for statistics, packed in zip(page.members, page.packed, strict=True):
                self.slots(statistics).append(TimeSlot(page.number, packed))
        self.pages = deque(pages)

    def is_over(self, first: int) -> bool:
        """Tell whether the oldest page is before ``first``, or there is too much."""
        if not self.pages:
            return False
        is_old = self.pages[0].number < first
        return is_old or self.count > _MOST_SLOTS or self.size > _MOST_BYTES

    def drop(self) -> SlotPage:
        """Drop the oldest page, and return it."""
        page = self.pages.popleft()
        for statistics in page.members:
            self.slots(statistics).pop(0)
        self.count -= len(page.members)
        self.size -= page.size
        return page
