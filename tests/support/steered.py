"""Worlds with jobs that operators steer, for tests of that."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.dialogue import World
from tests.support.stored_engine import submit

Make = Callable[[], World]


def numbered(first: int, last: int) -> str:
    """Return numbers as the workloads of jobs."""
    return " ".join(str(number) for number in range(first, last + 1))


def filled(make: Make, count: int = 12, function: bytes = b"f") -> World:
    """Return a world with so many waiting jobs, numbered from 1."""
    world = make()
    submit(world.client(), *numbered(1, count).split(), function=function)
    return world
