"""Supervisors: parents of worker processes, and what they tell of these."""

from __future__ import annotations

from typing import Final

__all__ = ["STATES", "Supervision", "WorkerProcess"]

STATES: Final = ("starting", "working", "stopping", "waiting")
"""What a process does; ``waiting`` is a place where the next one is due later."""


class WorkerProcess:
    """A process of workers, or the place for one, as its supervisor last told."""

    def __init__(self) -> None:
        self.target = b""
        """What it runs."""
        self.process_id = 0
        """Its number in the system; 0 for none."""
        self.state = b""
        """One of ``STATES``."""
        self.since = 0.0
        """When it was started, by the steady clock; 0 if there is none."""
        self.memory = 0
        """Its resident bytes; 0 if they are not known."""
        self.restarts = 0
        """How often another took its place."""
        self.running = 0
        """How many jobs it runs."""
        self.succeeded = 0
        """How many of its jobs succeeded."""
        self.failed = 0
        """How many of its jobs failed."""
        self.ended = b""
        """How the last process here ended; empty if none has."""


class Supervision:
    """What a supervisor of worker processes has told."""

    def __init__(self) -> None:
        self.host = b""
        """The name of its machine."""
        self.process_id = 0
        """Its number in the system."""
        self.version = b""
        """What it is, such as ``geartrain-0.1.0``."""
        self.since = 0.0
        """When it was started, by the steady clock."""
        self.processes: dict[int, WorkerProcess] = {}
        """Its processes by their places, from 0."""
