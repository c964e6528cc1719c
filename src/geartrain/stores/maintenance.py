"""Look after the file of a SQLite store that no job server uses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import BinaryIO

from geartrain.errors import StoreError

__all__ = ["Report", "check", "compact", "export", "import_lines"]


@dataclass
class Report:
    """What a store keeps that can be read, and what is wrong with it.

    Attributes:
        jobs: how many jobs there are.
        dead: how many dead letters.
        schedules: how many recurring jobs.
        problems: a sentence for each thing that is wrong, saying what is lost.
    """

    jobs: int = 0
    dead: int = 0
    schedules: int = 0
    problems: list[str] = field(default_factory=list)


def check(path: str) -> Report:
    """Look for damage."""
    raise StoreError(f"the store {path} cannot be looked after")


def compact(path: str) -> tuple[int, int]:
    """Give free space back."""
    raise StoreError(f"the store {path} cannot be looked after")


def export(path: str, out: BinaryIO) -> tuple[int, int]:
    """Write everything as JSON."""
    raise StoreError(f"the store {path} cannot be looked after")


def import_lines(path: str, lines: Iterable[bytes]) -> int:
    """Read what export wrote."""
    raise StoreError(f"the store {path} cannot be looked after")
