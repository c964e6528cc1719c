"""Every metric there is, and where its values are in the rows of text commands.

``docs/metrics.md`` has them as a table, which a test compares. A metric of functions
has the label ``function`` beside its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from geartrain.engine.model.counts import FAILURES
from geartrain.http.exposition import (
    Family,
    Histogram,
    Row,
    Value,
    at,
    size_bounds,
    time_bounds,
)

__all__ = ["FUNCTION_FAMILIES", "SERVER_FAMILIES", "STORE_FAMILIES", "Families"]

Families = tuple[Family | Histogram, ...]

# Each bound is twice the last up to two minutes, then four times: 1.6 ms to 7.5 hours.
_TIMES: Final = time_bounds(*range(8, 42, 2), 44, 48, 52, 56)
_COMMITS: Final = time_bounds(*range(4, 36, 2))
_SIZES: Final = size_bounds(*range(1, 17))

_OUTCOMES: Final = ("succeeded", "failed", "dead", "cancelled", "expired", "abandoned")
_STATES: Final = ("waiting", "delayed", "running", "dead")


def _counter(name: str, text: str, field: str) -> Family:
    """Return a counter of one kind of event."""
    return Family(
        name=name, kind="counter", help=text, samples={"": at("total", field)}
    )


def _gauge(name: str, text: str, *path: str) -> Family:
    return Family(name=name, kind="gauge", help=text, samples={"": at(*path)})


def _by(
    label: str, paths: Mapping[str, tuple[str, ...]]
) -> dict[str, Callable[[Row], Value]]:
    """Return readers for the values of one label."""
    return {f'{label}="{value}"': at(*path) for value, path in paths.items()}


FUNCTION_FAMILIES: Final[Families] = (
    Family(
        name="gearman_jobs",
        kind="gauge",
        help="Jobs there are, by state; dead ones are dead letters.",
        samples=_by("state", {each: ("now", each) for each in _STATES}),
    ),
    _gauge(
        "gearman_oldest_job_age_seconds",
        "How long the job that waits longest has been ready.",
        "now",
        "oldest",
    ),
    _gauge("gearman_workers", "Workers that serve the function.", "now", "workers"),
    _counter(
        "gearman_jobs_submitted_total",
        "Jobs submitted, those that joined another not included.",
        "submitted",
    ),
    _counter(
        "gearman_jobs_joined_total",
        "Submissions that joined a job with the same unique.",
        "joined",
    ),
    _counter(
        "gearman_submissions_refused_total",
        "Submissions refused: too many jobs, no memory, or a store that refuses.",
        "refused",
    ),
    Family(
        name="gearman_jobs_finished_total",
        kind="counter",
        help="Jobs that ended, by outcome.",
        samples=_by("outcome", {each: ("total", each) for each in _OUTCOMES}),
    ),
    _counter(
        "gearman_attempts_started_total", "Attempts that a worker began.", "started"
    ),
    Family(
        name="gearman_attempts_failed_total",
        kind="counter",
        help="Attempts that failed, by reason; crash is a worker that left.",
        samples=_by("reason", {each: ("total", "failures", each) for each in FAILURES}),
    ),
    _counter(
        "gearman_attempts_retried_total",
        "Failed attempts that were followed by another.",
        "retried",
    ),
    _counter(
        "gearman_attempts_released_total",
        "Attempts that a worker handed back, which are no failures.",
        "released",
    ),
    _counter(
        "gearman_jobs_unkept_total",
        "Background jobs that failed and could not become dead letters.",
        "unkept",
    ),
    _counter(
        "gearman_dead_letters_revived_total",
        "Dead letters that became jobs again.",
        "revived",
    ),
    _counter("gearman_dead_letters_dropped_total", "Dead letters deleted.", "dropped"),
    _counter(
        "gearman_stale_completions_total",
        "Results refused because their job had been given to another worker.",
        "refused_results",
    ),
    Histogram(
        name="gearman_job_wait_seconds",
        help="How long jobs were ready before an attempt began.",
        path=("total", "waited"),
        bounds=_TIMES,
    ),
    Histogram(
        name="gearman_job_run_seconds",
        help="How long attempts ran, however they ended.",
        path=("total", "ran"),
        bounds=_TIMES,
    ),
)
"""From the rows of ``statistics``."""


def _flag(name: str, value: object) -> Callable[[Row], Value]:
    """Return what tells whether a row's member has a value, as 0 or 1."""
    return lambda row: int(row[name] == value)


SERVER_FAMILIES: Final[Families] = (
    Family(
        name="gearman_build_info",
        kind="gauge",
        help="1, with what runs: the version and the build of its core.",
        labels=("version", "build"),
        samples={"": lambda row: 1},
    ),
    _gauge("gearman_functions", "Functions that the job server knows.", "functions"),
    Family(
        name="gearman_connections",
        kind="gauge",
        help="Connections, by HTTP too; who serves a function is a worker.",
        samples={
            f'role="{role}",tls="{word}"': at("connections", member, role)
            for word, member in (("false", "plain"), ("true", "tls"))
            for role in ("client", "worker")
        },
    ),
    Family(
        name="gearman_stopping",
        kind="gauge",
        help="1 if it takes no new connections and ends.",
        samples={"": _flag("state", "stopping")},
    ),
    _gauge(
        "gearman_loop_lag_seconds",
        "How late the event loop was, at most, in the last minute.",
        "lag",
    ),
    _gauge(
        "gearman_memory_used_bytes",
        "Memory in use, as it is limited.",
        "memory",
        "used",
    ),
    _gauge(
        "gearman_memory_limit_bytes",
        "The limit of --max-memory; none without one.",
        "memory",
        "limit",
    ),
    _gauge(
        "gearman_memory_full",
        "1 if jobs are refused because memory is short.",
        "memory",
        "is_full",
    ),
    _gauge(
        "process_start_time_seconds", "When the server began, since 1970.", "started"
    ),
    Family(
        name="process_cpu_seconds_total",
        kind="counter",
        help="Processor time of the process, the system's included.",
        samples={"": at("cpu")},
    ),
    _gauge("process_resident_memory_bytes", "Memory of the process.", "resident"),
    _gauge("process_open_fds", "Descriptors that are open.", "descriptors"),
    _gauge("process_max_fds", "Descriptors there may be.", "most_descriptors"),
)
"""From the row of ``server``."""

STORE_FAMILIES: Final[Families] = (
    Family(
        name="gearman_store_state",
        kind="gauge",
        help="1 for the state that the store is in.",
        samples={
            f'state="{each}"': _flag("state", each)
            for each in ("ok", "refusing", "failing")
        },
    ),
    _gauge("gearman_store_size_bytes", "The store's file and its log.", "size"),
    _gauge("gearman_store_free_bytes", "How much these can still grow.", "free"),
    _gauge(
        "gearman_store_unsaved_jobs",
        "Jobs with an end that is not saved yet.",
        "unsaved",
    ),
    _gauge(
        "gearman_store_unkept_jobs",
        "Jobs acknowledged and not saved yet: --durability memory.",
        "unkept",
    ),
    Histogram(
        name="gearman_store_commit_seconds",
        help="How long commits took.",
        path=("commits",),
        bounds=_COMMITS,
    ),
    Histogram(
        name="gearman_store_batch_size",
        help="How many records commits wrote or deleted.",
        path=("records",),
        sum="count",
        bounds=_SIZES,
    ),
    Family(
        name="gearman_store_commits_refused_total",
        kind="counter",
        help="Commits that the store refused, in whole or in part.",
        samples={"": at("commits", "refused")},
    ),
)
"""From the row of ``store``."""
