"""What was submitted to a job server, and assertions on it."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from typing import Any

from geartrain.admin.client import Admin
from geartrain.errors import UnknownJobError
from geartrain.testing.recorder import Recorder
from geartrain.testing.records import SubmittedRecord, same_workload
from geartrain.transport.connect import Connector

__all__ = ["Submissions"]

# Any workload will do; None is a workload in JSON.
_ANY: Any = ...


class Submissions(ABC):
    """The part of a job server for tests that knows what was submitted to it."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    @abstractmethod
    def _connector(self) -> Connector:
        """Return a way to ask for jobs."""

    @abstractmethod
    def _look(self) -> tuple[list[SubmittedRecord], dict[str, str]]:
        """Return what was recorded, and the states of the jobs in memory."""

    def submitted(self, function: str | None = None) -> list[SubmittedRecord]:
        """Return the jobs that were submitted so far, in their order.

        They are all that the job server took, of ``function`` or of any, finished
        ones included. One that is still on its way to it is not among them: a client's
        call returns when its job is.
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
        states = {}
        with Admin(self._connector()) as admin:
            for handle in handles:
                try:
                    states[handle] = admin.job(handle)[0].state
                except UnknownJobError:
                    outcomes = self._recorder.outcomes
                    states[handle] = outcomes.get(handle, "cancelled")
        return states

    def forget_submitted(self) -> None:
        """Forget what was submitted so far; the jobs go on."""
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
        """Return the submitted jobs that are like this; fail if there are none.

        Args:
            function: the name of their function.
            workload: bytes, text, or what the workload is in JSON.
            unique: their unique; empty for none.
            priority: ``high``, ``normal`` or ``low``.
            background: whether somebody waits for them.
            count: how many there have to be; 0 for none, and None for any but none.

        Raises:
            AssertionError: there are others; the text lists what was submitted.
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
