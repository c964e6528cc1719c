"""What a worker asks job servers by text commands, on separate connections."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Literal

from geartrain.errors import AdminError, RefusedError, UnknownJobError
from geartrain.worker.log import LOG

if TYPE_CHECKING:
    from geartrain.admin import Admin
    from geartrain.protocol.worker import Assignment
    from geartrain.transport.connect import Connector
    from geartrain.worker.jobs import BaseJob, Line

__all__ = [
    "Answer",
    "Fate",
    "about",
    "attempt",
    "cancel_all",
    "fate",
    "release",
    "release_ahead",
    "release_all",
    "retry",
]

# done: the job server has taken the job back; gone: the job no longer runs here;
# refused: the job server cannot do that, or cannot be reached.
Answer = Literal["done", "gone", "refused"]

# The state of a job whose attempt has ended. gone: the job no longer exists; unknown:
# the job server could not be asked.
Fate = Literal["gone", "waiting", "running", "dead", "unknown"]

_FATES: Final[dict[str, Fate]] = {"running": "running", "dead": "dead"}

# Seconds for a job server to answer.
_PATIENCE: Final = 10.0


def _admin(connector: Connector) -> Admin:
    from geartrain.admin import Admin

    return Admin(connector, _PATIENCE)


def about(job: BaseJob, question: Callable[[], Answer]) -> Answer:
    """Ask about a job, unless its handle may belong to another job by now."""
    if not job.is_still_ours():
        return "gone"
    try:
        return question()
    except Exception as error:
        # Out of descriptors, threads or memory: the job must not be lost for that.
        LOG.warning(
            "%s: %s cannot be asked",
            job,
            job.server,
            exc_info=error,
            extra={"action": "server_unasked"},
        )
        return "refused"


def attempt(connector: Connector, handle: str) -> int:
    """Return which attempt of a job is running, from 1; 1 if that is unknown."""
    try:
        with _admin(connector) as admin:
            for row in admin.job(handle):
                if row.handle == handle:
                    return row.attempts + row.crashes + 1
    except AdminError:
        pass
    return 1


def retry(connector: Connector, handle: str, delay: float, error: str) -> Answer:
    """End an attempt; the job is tried again after ``delay`` seconds."""
    try:
        with _admin(connector) as admin:
            admin.retry(handle, delay, error)
    except UnknownJobError:
        return "gone"
    except AdminError:
        return "refused"
    return "done"


def release(connector: Connector, handle: str) -> Answer:
    """Give a job back as if it had never been grabbed."""
    try:
        with _admin(connector) as admin:
            admin.release(handle)
    except UnknownJobError:
        return "gone"
    except AdminError:
        return "refused"
    return "done"


def release_ahead(line: Line, assignment: Assignment) -> Answer:
    """Give back a job whose handler was not called."""
    if not line.protocol.owns(assignment):
        return "gone"
    try:
        handle = assignment.handle.decode(errors="surrogateescape")
        return release(line.connector, handle)
    except Exception as error:
        LOG.warning(
            "%s cannot be asked",
            line.connector,
            exc_info=error,
            extra={"action": "server_unasked"},
        )
        return "refused"


def fate(connector: Connector, handle: str) -> Fate:
    """Return the state of a job whose attempt has ended.

    A job server that does not know the command, as gearmand, retries no job.
    """
    try:
        with _admin(connector) as admin:
            rows = [row for row in admin.job(handle) if row.handle == handle]
            rows = [row for row in rows if row.ended is None]
    except (UnknownJobError, RefusedError):
        return "gone"
    except AdminError:
        return "unknown"
    return _FATES.get(rows[0].state, "waiting") if rows else "gone"


def release_all(connector: Connector, handles: Iterable[str]) -> Answer:
    """Give jobs back as if they had never been grabbed."""
    return _each(connector, handles, lambda admin: admin.release)


def cancel_all(connector: Connector, function: str, handles: Iterable[str]) -> Answer:
    """Cancel jobs of a function.

    A handle that belongs to another function by now is left alone: a job server without
    a store counts handles from 1 after a restart.
    """

    def way(admin: Admin) -> Callable[[str], None]:
        def cancel(handle: str) -> None:
            for row in admin.job(handle):
                if row.function == function and row.ended is None:
                    admin.cancel(handle)

        return cancel

    return _each(connector, handles, way)


def _each(
    connector: Connector,
    handles: Iterable[str],
    way: Callable[[Admin], Callable[[str], None]],
) -> Answer:
    """Do something with each job that still exists."""
    try:
        with _admin(connector) as admin:
            act = way(admin)
            for handle in handles:
                with suppress(UnknownJobError):
                    act(handle)
    except AdminError:
        return "refused"
    return "done"
