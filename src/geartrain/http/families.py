"""Every metric there is, and where its values are in the rows of text commands.

``docs/metrics.md`` has them as a table, which a test compares. A metric of functions
has the label ``function`` beside its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from geartrain.engine.model.counts import FAILURES
from geartrain.engine.model.health import ALIVE, EXPIRED, LEADING, UNKNOWN
from geartrain.engine.model.links import AWAY, CONNECTED, CONNECTING
from geartrain.engine.model.schedules import TIMES
from geartrain.http.exposition import (
    Family,
    Histogram,
    Row,
    Value,
    at,
    size_bounds,
    time_bounds,
)

__all__ = [
    "CLUSTER_FAMILIES",
    "FUNCTION_FAMILIES",
    "PEER_FAMILIES",
    "SCHEDULE_FAMILIES",
    "SERVER_FAMILIES",
    "STORE_FAMILIES",
    "Families",
]

Families = tuple[Family | Histogram, ...]

# Each bound is twice the last up to two minutes, then four times: 1.6 ms to 7.5 hours.
_TIMES: Final = time_bounds(*range(8, 42, 2), 44, 48, 52, 56)
_COMMITS: Final = time_bounds(*range(4, 36, 2))
_SIZES: Final = size_bounds(*range(1, 17))

_OUTCOMES: Final = (
    *("succeeded", "failed", "dead", "cancelled", "expired", "abandoned", "displaced"),
)
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
        "gearman_jobs_held",
        "Waiting jobs that wait for a rate or a place.",
        "now",
        "held",
    ),
    _gauge("gearman_flow_keys", "Flow keys that have jobs.", "now", "flow_keys"),
    _gauge(
        "gearman_oldest_job_age_seconds",
        "How long the job that waits longest has been ready.",
        "now",
        "oldest",
    ),
    _gauge("gearman_workers", "Workers that serve the function.", "now", "workers"),
    Family(
        name="gearman_jobs_submitted_total",
        kind="counter",
        help="Jobs submitted, those that joined another not included.",
        samples={
            f'priority="{priority}",kind="{kind}"': at(
                "total", "submitted_by", priority, kind
            )
            for priority in ("high", "normal", "low")
            for kind in ("foreground", "background")
        },
    ),
    _counter(
        "gearman_jobs_joined_total",
        "Submissions that joined a job with the same unique.",
        "joined",
    ),
    _counter(
        "gearman_submissions_replaced_total",
        "Submissions whose workload replaced that of a waiting job.",
        "replaced",
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


def _if_there(*path: str) -> Callable[[Row], Value]:
    """Return what reads a number that is 0 where the row does not have it."""
    *first, last = path

    def read(row: Row) -> Value:
        found: Any = row
        for name in first:
            found = found[name]
        return int(found.get(last, 0))

    return read


def _by_role(member: str) -> dict[str, Callable[[Row], Value]]:
    """Return readers for a peer's counts as helped one and as helper, if it is one."""

    def reader(role: str) -> Callable[[Row], Value]:
        return lambda row: row[role][member] if role in row else None

    return {f'role="{role}"': reader(role) for role in ("helped", "helper")}


SCHEDULE_FAMILIES: Final[Families] = (
    Family(
        name="gearman_schedule_times_total",
        kind="counter",
        help="Times of a schedule that came, by what became of them.",
        samples=_by("outcome", {each: ("counts", each) for each in TIMES}),
    ),
    _gauge(
        "gearman_schedule_failed",
        "1 if the last of its jobs that has ended did not succeed.",
        "failed",
    ),
    Family(
        name="gearman_schedule_lost",
        kind="gauge",
        help="1 if the calendar cannot say when it is due next.",
        samples={"": _flag("state", "lost")},
    ),
    Family(
        name="gearman_schedule_last_timestamp_seconds",
        kind="gauge",
        help="The last time that came, in seconds since 1970.",
        samples={"": lambda row: None if row["last"] is None else row["last"]["due"]},
    ),
    _gauge(
        "gearman_schedule_next_timestamp_seconds",
        "The next time, in seconds since 1970; none for a paused or ended one.",
        "next",
    ),
)
"""From the rows of ``schedule list``."""

CLUSTER_FAMILIES: Final[Families] = (
    Family(
        name="gearman_nodes",
        kind="gauge",
        help="Job servers that share the store, this one included, by state.",
        samples={
            f'state="{each}"': _if_there("nodes", each)
            for each in (LEADING, ALIVE, EXPIRED, UNKNOWN)
        },
    ),
    _gauge(
        "gearman_lease_seconds",
        "For how long kept jobs are the job server's own unless its lease is renewed;"
        " none for a store that is not shared.",
        "lease",
    ),
    _gauge(
        "gearman_lanes",
        "Sets of jobs that are the job server's own, its first and those taken over.",
        "lanes",
    ),
    Family(
        name="gearman_peers",
        kind="gauge",
        help="Other job servers that are helped, or help, by the state of the link.",
        samples={
            f'role="{role}",state="{state}"': _if_there(role, state)
            for role in ("helped", "helper")
            for state in (CONNECTED, CONNECTING, AWAY)
            if (role, state) != ("helper", CONNECTING)
        },
    ),
)
"""From the rows of ``cluster``, as ``peers.measured`` counts them."""

PEER_FAMILIES: Final[Families] = (
    Family(
        name="gearman_peer_jobs_total",
        kind="counter",
        help="Jobs that a peer was given (role helper) or gave (role helped).",
        samples=_by_role("jobs"),
    ),
    Family(
        name="gearman_peer_jobs_returned_total",
        kind="counter",
        help="Jobs of a peer that it got back, as no worker began them in time.",
        samples={"": _by_role("returned")['role="helped"']},
    ),
    Family(
        name="gearman_peer_attempts_failed_total",
        kind="counter",
        help="Attempts of a peer that failed, or went to others.",
        samples={"": _by_role("failed")['role="helper"']},
    ),
)
"""From the rows of ``cluster`` of each peer, with the label ``peer``."""

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
