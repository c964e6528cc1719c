"""Filters: which jobs a text command is about, by the same words everywhere.

``function=F`` is a name or a glob, ``state=S`` where the job is or how it ended,
``unique=U`` its unique, ``owner=O`` whom it counts for, ``key=K`` its flow key,
``batch=B`` the batch it belongs to, ``error=E`` a part of its last error in whatever
case, ``kind=K`` the kind of that, as lists of failures have it;
``older=S`` and ``newer=S`` are about jobs that were submitted more, or less, than so
many seconds ago.
"""

from __future__ import annotations

import re
from typing import Final

from geartrain.engine.commands.arguments import Arguments
from geartrain.engine.commands.failure_kinds import kind_of
from geartrain.engine.commands.rows import state_name, text, waiting_name
from geartrain.engine.endings import STATUSES, Ending
from geartrain.engine.model.access import SEE, Access
from geartrain.engine.model.globs import is_pattern, matcher
from geartrain.engine.model.jobs import FINISHED, PAGED, SUBMITTED, TENTATIVE, Job
from geartrain.engine.records import Failures, JobRecord, StoredJob, kept_text
from geartrain.engine.results import DEAD
from geartrain.engine.state.state import State
from geartrain.errors import OptionError

__all__ = [
    "ALL",
    "CONDITIONS",
    "ENDED",
    "ENDED_CONDITIONS",
    "LETTER_CONDITIONS",
    "OUTCOMES",
    "STATES",
    "WAITING",
    "Filter",
    "read_filter",
]

STATES: Final = (b"ready", b"running", b"scheduled")
"""Where a job is that has not ended."""

WAITING: Final = b"waiting"
"""All of these but ``running``."""

ENDED: Final = b"ended"
"""Any way to end."""

ALL: Final = b"all"
"""Any state, dead letters and jobs that have ended included."""

OUTCOMES: Final = (*STATUSES, ENDED)
"""How a job has ended; ``dead`` is a dead letter."""

ENDED_CONDITIONS: Final = (
    b"function",
    b"state",
    b"unique",
    b"owner",
    b"error",
    b"kind",
    b"older",
    b"newer",
)
"""The arguments of a filter of jobs that have ended."""

CONDITIONS: Final = (*ENDED_CONDITIONS, b"key", b"batch")
"""The arguments of a filter."""

LETTER_CONDITIONS: Final = (
    b"function",
    b"reason",
    b"unique",
    b"owner",
    b"error",
    b"kind",
    b"older",
    b"newer",
    b"key",
    b"batch",
)
"""The arguments of a filter of dead letters; ``reason`` is how the last attempt ended.
"""


class Filter:
    """Which jobs are meant; what is empty or 0 is any."""

    def __init__(
        self,
        function: bytes = b"",
        state: bytes = b"",
        unique: bytes = b"",
        error: bytes = b"",
    ) -> None:
        self.function = function
        """The name of their function."""
        self.state = state
        """One of ``STATES`` or ``OUTCOMES``, ``WAITING``, or ``ALL``."""
        self.unique = unique
        """Their unique."""
        self.error = error.lower()
        """A part of their last error, in lower case."""
        self.owner = b""
        """Whom they are counted for."""
        self.kind = ""
        """The kind of their last error."""
        self.reason = b""
        """How the last attempt of dead letters ended."""
        self.key = b""
        """Their flow key."""
        self.batch = b""
        """The batch that they belong to."""
        self.before = float("inf")
        """The server time before which they were submitted."""
        self.after = float("-inf")
        """The server time after which they were."""
        self.glob: re.Pattern[bytes] | None = None
        """What the names of their functions match, if not the one name."""
        self.access: Access | None = None
        """What the one who asks may see; None for all."""

        self.is_part = False
        """Others tell of the jobs that they have given to this job server."""

    def name(self) -> bytes | None:
        """Return the name of the only function that is meant; None for several."""
        return None if self.glob is not None or not self.function else self.function

    def takes(self, state: State, job: Job) -> bool:
        """Tell whether a job in memory is meant."""
        if job.state in (FINISHED, PAGED, SUBMITTED, TENTATIVE):
            return False
        if (self.is_part and job.is_forwarded) or (
            self.owner and job.owner != self.owner
        ):
            return False
        if not self._fits(job.function.name, job.unique, job.submitted, job.failures):
            return False
        if not self._belongs(job):
            return False
        if self.state in (b"", ALL):
            return True
        return self._is_in(state_name(state, job).encode())

    def takes_record(self, state: State, record: JobRecord) -> bool:
        """Tell whether a job is meant that only the store has."""
        if self.owner and record.owner != self.owner:
            return False
        if not self._belongs(record):
            return False
        return self._fits(
            record.function, record.unique, record.submitted, record.failures
        ) and (
            self.state in (b"", ALL)
            or self._is_in(waiting_name(state, record).encode())
        )

    def takes_letter(self, record: JobRecord) -> bool:
        """Tell whether a dead letter is meant, whatever the state."""
        failures = record.failures
        if self.owner and record.owner != self.owner:
            return False
        if self.reason and (failures is None or failures.reason != self.reason):
            return False
        return self._belongs(record) and self._fits(
            record.function, record.unique, record.submitted, record.failures
        )

    def takes_ending(self, ending: Ending, now: float) -> bool:
        """Tell whether a job is meant that has ended.

        Of these no owner, flow key or batch is kept.
        """
        if ending.until <= now or self.owner or self.key or self.batch:
            return False
        if self.state == ALL:
            # Its dead letter is listed.
            if ending.outcome == DEAD:
                return False
        elif self.state not in (b"", ENDED, ending.outcome):
            return False
        return self._fits(
            ending.function, ending.unique, ending.submitted, ending.failures
        )

    def _is_of(self, function: bytes) -> bool:
        if self.access is not None and not self.access.may(SEE, function):
            return False
        if not self.function or function == self.function:
            return True
        return self.glob is not None and self.glob.match(function) is not None

    def _is_in(self, name: bytes) -> bool:
        return self.state == name or (self.state == WAITING and name != b"running")

    def _belongs(self, job: StoredJob) -> bool:
        """Tell whether a job is of the flow key and the batch that are meant."""
        if self.key and job.flow_key != self.key:
            return False
        return not self.batch or kept_text(job.options, b"batch") == self.batch

    def _fits(
        self,
        function: bytes,
        unique: bytes,
        submitted: float,
        failures: Failures | None,
    ) -> bool:
        if not self._is_of(function):
            return False
        if self.unique and unique != self.unique:
            return False
        if not self.after < submitted < self.before:
            return False
        return not (self.error or self.kind) or (
            failures is not None and self._is_by(failures.error)
        )

    def _is_by(self, error: bytes) -> bool:
        """Tell whether this is the error that is meant."""
        if self.error not in error.lower():
            return False
        return not self.kind or kind_of(error) == self.kind


def read_filter(
    state: State, arguments: Arguments, states: tuple[bytes, ...] = STATES
) -> Filter:
    """Return which jobs are meant.

    Raises:
        OptionError: a value is wrong; the state is none of ``states``.
    """
    wanted = arguments.get(b"state")
    if wanted and wanted not in states:
        names = [text(each) for each in states]
        words = f"{', '.join(names[:-1])} or {names[-1]}"
        raise OptionError(f"state is {words}, not {text(wanted)!r}")
    found = Filter(
        arguments.get(b"function"),
        wanted,
        arguments.get(b"unique"),
        arguments.get(b"error"),
    )
    found.owner = arguments.get(b"owner")
    found.reason = arguments.get(b"reason")
    found.key = arguments.get(b"key")
    found.batch = arguments.get(b"batch")
    found.kind = text(arguments.get(b"kind"))
    if is_pattern(found.function):
        found.glob = matcher(arguments.pattern(b"function", state))
    older, newer = arguments.seconds(b"older"), arguments.seconds(b"newer")
    now = state.server_time()
    if older:
        found.before = now - older
    if newer:
        found.after = now - newer
    return found
