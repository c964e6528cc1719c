"""The part that both job servers for tests share: what was submitted, a client."""

from __future__ import annotations

import dataclasses
import socket
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from geartrain.admin.client import Admin
from geartrain.errors import UnknownJobError
from geartrain.testing.recorder import Recorder
from geartrain.testing.records import SubmittedRecord, same_workload

if TYPE_CHECKING:
    from geartrain.client import Client

__all__ = ["BaseServer"]

# Any workload will do; None is a workload in JSON.
_ANY: Any = ...


class BaseServer(ABC):
    """A job server for tests, which knows what was submitted to it.

    It is a connector: clients and workers take it as the name of a job server.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    @abstractmethod
    def connect(self, timeout: float | None) -> socket.socket:
        """Return a new connection to it, whose reads give up after ``timeout``."""

    @abstractmethod
    def _look(self) -> tuple[list[SubmittedRecord], dict[str, str]]:
        """Return what was recorded, and the states of the jobs in memory."""

    def client(self, **options: Any) -> Client:
        """Return a ``Client`` of this job server, with its other options."""
        from geartrain.client import Client

        return Client(self, **options)

    def submitted(self, function: str | None = None) -> list[SubmittedRecord]:
        """Return the jobs submitted so far, in order, of ``function`` or of any.

        They are all that the job server has accepted, finished ones included. When a
        client's call to submit a job returns, its job is among them.
        """
        records, states = self._look()
        chosen = [each for each in records if function in (None, each.function)]
        unknown = {each.handle for each in chosen} - states.keys()
        states |= self._ended(unknown)
        return [dataclasses.replace(each, state=states[each.handle]) for each in chosen]

    def _ended(self, handles: set[str]) -> dict[str, str]:
        """Return the states of jobs that are not in memory."""
        if not handles:
            return {}
        with Admin(self) as admin:
            return {each: self._state_in_store(admin, each) for each in handles}

    def _state_in_store(self, admin: Admin, handle: str) -> str:
        """Return the state of a job that only the store has, or how it ended."""
        with suppress(UnknownJobError):
            for row in admin.job(handle):
                if row.ended is None:
                    return row.state
        return self._recorder.outcomes.get(handle, "cancelled")

    def forget_submitted(self) -> None:
        """Forget what was submitted so far; the jobs remain."""
        self._recorder.clear()

    def assert_submitted(
        self,
        function: str,
        *,
        workload: Any = _ANY,
        unique: str | None = None,
        priority: str | None = None,
        background: bool | None = None,
        count: int | None = None,
    ) -> list[SubmittedRecord]:
        """Return the submitted jobs that match; fail if there are none.

        Args:
            function: the name of their function.
            workload: bytes, text, or a value whose JSON the workload is.
            unique: their unique; empty for none.
            priority: ``high``, ``normal`` or ``low``.
            background: whether they are background jobs.
            count: how many have to match; None for at least one.

        Raises:
            AssertionError: another number matches; the text lists what was submitted.
        """
        wanted = {"unique": unique, "priority": priority, "background": background}
        wanted = {name: value for name, value in wanted.items() if value is not None}
        everything = self.submitted()
        found = [
            each
            for each in everything
            if each.function == function
            and (workload is _ANY or same_workload(each.workload, workload))
            and all(getattr(each, name) == wanted[name] for name in wanted)
        ]
        if len(found) == count or (count is None and found):
            return found
        if workload is not _ANY:
            wanted = {"workload": workload, **wanted}
        asked = "".join(f" {name}={value!r}" for name, value in wanted.items())
        times = "some" if count is None else str(count)
        listed = "\n".join(f"  {each}" for each in everything) or "  nothing"
        raise AssertionError(
            f"{len(found)} jobs {function}{asked} were submitted instead of {times};"
            f" submitted were:\n{listed}"
        )
