"""Slices of the list of a store's jobs: by queue, due time and number."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from operator import attrgetter
from typing import Final, NamedTuple, TypeVar

from geartrain.engine.queries import ListJobs
from geartrain.errors import StoreError
from geartrain.stores.job_packing import STEADY, bits_of
from geartrain.stores.queues import Queue
from geartrain.texts import quoted

__all__ = ["LAST", "MOST_QUEUES", "SlicePlace", "due_ranges", "place_of", "queues_from"]

LAST: Final = 2**63 - 1
"""No number and no due time is higher."""

MOST_QUEUES: Final = 100
"""Maximum of queues looked at for one slice."""

_TOKEN: Final = re.compile(rb"(\d{1,18}) (\d{1,19}) (\d{1,19})")

_Queue = TypeVar("_Queue", bound=Queue)


class SlicePlace(NamedTuple):
    """Where in the list a slice ended: the queue, due time and number of its last."""

    queue: int
    due: int
    number: int

    def token(self) -> bytes:
        """Return it as ``ListJobs`` has it."""
        return b"%d %d %d" % self


def place_of(token: bytes) -> SlicePlace:
    """Return where a slice begins; an empty token is for the first one.

    Raises:
        StoreError: the token is not from a slice of this list.
    """
    if not token:
        return SlicePlace(0, 0, 0)
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise StoreError(f"{quoted(token)} is no place in a list: begin without one")
    return SlicePlace._make(map(int, found.groups()))


def queues_from(queues: Iterable[_Queue], least: int) -> list[_Queue]:
    """Return the queues with jobs from the one with this number on, in order."""
    found = [
        queue
        for queue in queues
        if queue.id >= least and queue.ready + queue.delayed > 0
    ]
    return sorted(found, key=attrgetter("id"))


def due_ranges(query: ListJobs) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return from and until which due times jobs are listed, by either clock."""
    until = STEADY if query.due_until == math.inf else bits_of(query.due_until)
    steady_until = LAST
    if query.steady_until != math.inf:
        steady_until = bits_of(query.steady_until, is_steady=True)
    steady_from = max(STEADY, bits_of(query.steady_from, is_steady=True))
    return (bits_of(query.due_from), until), (steady_from, steady_until)
