"""What an ``Admin`` can do to functions and to many jobs at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Unpack

from geartrain.admin.conditions import Conditions, LetterConditions, filters_of
from geartrain.admin.connection import word
from geartrain.admin.requests import Requests
from geartrain.admin.rows import ActionRow, action_row

__all__ = ["Control"]


class Control:
    """The methods of ``Admin`` that steer functions and jobs.

    Conditions are those of ``Admin.jobs``; at least one is needed, and a function ``*``
    is any. With ``count=True`` nothing is changed, and the methods that return how many
    jobs they changed return how many they would. What was changed is durable.
    """

    _requests: Requests

    def pause(self, pattern: str) -> None:
        """Give no more jobs of a function, or of all that a glob names, to workers.

        What runs goes on, and submissions are taken.
        """
        self._requests.line(f"pause {word(pattern)}")

    def drain(self, pattern: str) -> None:
        """Refuse new jobs of a function, or of all that a glob names."""
        self._requests.line(f"drain {word(pattern)}")

    def resume(self, pattern: str) -> None:
        """End what ``pause`` and ``drain`` have begun."""
        self._requests.line(f"resume {word(pattern)}")

    def report_counts(self, on_count: Callable[[int], None] | None) -> None:
        """Call this with the jobs so far while methods about many jobs are at work.

        It is called for each 20,000 jobs that the job server has looked at, and not
        where there are fewer. None ends it.
        """
        self._requests.on_count = on_count

    def purge(
        self, function: str, *, state: str | None = None, count: bool = False
    ) -> int:
        """Cancel the waiting jobs of a function, or those ``ready`` or ``scheduled``.

        Returns:
            How many these were.
        """
        filters = {"state": state}
        return self._requests.count(f"purge {word(function)}", filters, count)

    def cancel_all(
        self, *, count: bool = False, **conditions: Unpack[Conditions]
    ) -> int:
        """Cancel all jobs that meet some conditions; return how many."""
        return self._requests.count("cancel jobs", filters_of(conditions), count)

    def prioritize(self, handle: str, priority: str) -> None:
        """Give a waiting job the priority ``high``, ``normal`` or ``low``.

        Raises:
            UnknownJobError: no job or dead letter has this handle.
            RefusedError: it runs.
        """
        self._requests.change("priority", handle, "job", f" {word(priority)}")

    def prioritize_all(
        self, priority: str, *, count: bool = False, **conditions: Unpack[Conditions]
    ) -> int:
        """Give all waiting jobs that are meant another priority; return how many."""
        command = f"priority jobs {word(priority)}"
        return self._requests.count(command, filters_of(conditions), count)

    def move(self, handle: str, function: str) -> None:
        """Let a waiting job, or a dead letter, belong to another function.

        Raises:
            UnknownJobError: no job or dead letter has this handle.
            RefusedError: it runs, or the function is draining.
        """
        self._requests.change("move", handle, "job", f" {word(function)}")

    def move_all(
        self, to: str, *, count: bool = False, **conditions: Unpack[Conditions]
    ) -> int:
        """Let all waiting jobs that are meant be of another function; return how many.

        Raises:
            RefusedError: the function is draining.
        """
        command = f"move jobs {word(to)}"
        return self._requests.count(command, filters_of(conditions), count)

    def move_dead(
        self, to: str, *, count: bool = False, **conditions: Unpack[LetterConditions]
    ) -> int:
        """Let dead letters belong to another function; return how many."""
        command = f"move dead {word(to)}"
        return self._requests.count(command, filters_of(conditions), count)

    def run(self, handle: str) -> None:
        """Let a job that waits for a time wait no longer.

        Raises:
            UnknownJobError: no job has this handle.
        """
        self._requests.change("run", handle, "job")

    def run_all(self, *, count: bool = False, **conditions: Unpack[Conditions]) -> int:
        """Let all jobs that are meant and wait for a time run now; return how many."""
        filters = {**filters_of(conditions), "state": "scheduled"}
        return self._requests.count("run jobs", filters, count)

    def dead_retry_all(
        self, *, count: bool = False, **conditions: Unpack[LetterConditions]
    ) -> int:
        """Run the dead letters that are meant, or all, again; return how many."""
        return self._requests.count("dead retry all", filters_of(conditions), count)

    def dead_drop_all(
        self, *, count: bool = False, **conditions: Unpack[LetterConditions]
    ) -> int:
        """Delete the dead letters that are meant, or simply all; return how many."""
        return self._requests.count("dead drop all", filters_of(conditions), count)

    def actions(
        self, *, function: str | None = None, limit: int | None = None
    ) -> Iterator[ActionRow]:
        """Yield what operators did, the latest first, at most ``limit``.

        With ``function``, what was about it, by its name or by a glob.
        """
        filters = {"function": function}
        return self._requests.slices("actions", filters, limit, action_row)
