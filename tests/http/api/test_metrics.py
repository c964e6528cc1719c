"""``/metrics``: what a loaded server tells, and that tools of Prometheus read it."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from geartrain.http.families import (
    CLUSTER_FAMILIES,
    FUNCTION_FAMILIES,
    PEER_FAMILIES,
    SCHEDULE_FAMILIES,
    SERVER_FAMILIES,
    STORE_FAMILIES,
)
from geartrain.http.shown import MOST_SHOWN, REST
from geartrain.protocol.constants import PacketType as P
from tests.support.http_client import HttpServer, running_http
from tests.support.metrics import checked_metrics
from tests.support.raw_workers import fail, reverse, worker
from tests.support.wire import ProcessFigures, Wire

HOSTILE = [
    b'quo"te',
    b"back\\slash",
    b"new\nline",
    b"caf\xe9",
    "über".encode(),
    b"{}=,",
]
SHOWN = [r"quo\"te", r"back\\slash", r"new\nline", r"caf\\xe9", "über", "{}=,"]


def connect(server: HttpServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.jobs.port), 30)


def submit(server: HttpServer, names: list[bytes]) -> None:
    """Submit a background job to each function."""
    with Wire(connect(server)) as wire:
        for name in names:
            wire.send(P.SUBMIT_JOB_BG, name, b"", b"work")
        for _ in names:
            wire.expect(P.JOB_CREATED)


def wait_for(server: HttpServer, sample: str, value: float) -> None:
    """Return once a scrape has a value."""
    deadline = time.monotonic() + 20
    while checked_metrics(server).get(sample) != value:
        assert time.monotonic() < deadline, sample


def test_jobs_are_counted_and_timed(server: HttpServer) -> None:
    submit(server, [b"resize", b"resize", b"mail"])
    resize, mail = 'function="resize"', 'function="mail"'
    with worker(lambda: connect(server), "resize", reverse):
        done = f'gearman_jobs_finished_total{{{resize},outcome="succeeded"}}'
        wait_for(server, done, 2)
        samples = checked_metrics(server)
    assert samples[f'gearman_jobs{{{resize},state="waiting"}}'] == 0
    assert samples[f'gearman_jobs{{{mail},state="waiting"}}'] == 1
    normal = f'{resize},priority="normal"'
    assert samples[f'gearman_jobs_submitted_total{{{normal},kind="background"}}'] == 2
    assert samples[f'gearman_jobs_submitted_total{{{normal},kind="foreground"}}'] == 0
    assert samples[f"gearman_workers{{{resize}}}"] == 1
    assert samples[f"gearman_oldest_job_age_seconds{{{mail}}}"] > 0
    assert f"gearman_oldest_job_age_seconds{{{resize}}}" not in samples
    assert samples[f"gearman_job_run_seconds_count{{{resize}}}"] == 2
    assert samples[f'gearman_job_wait_seconds_bucket{{{resize},le="+Inf"}}'] == 2
    assert samples['gearman_connections{role="worker",tls="false"}'] == 1
    assert samples["gearman_loop_lag_seconds"] >= 0
    assert samples["process_resident_memory_bytes"] > 10_000_000
    assert abs(samples["process_start_time_seconds"] - time.time()) < 600
    with worker(lambda: connect(server), "mail", fail):
        wait_for(server, f'gearman_attempts_failed_total{{{mail},reason="fail"}}', 1)


def test_every_family_is_told_with_its_help(server: HttpServer) -> None:
    text = server.get("/metrics").body.decode()
    families = (
        *SERVER_FAMILIES,
        *STORE_FAMILIES,
        *FUNCTION_FAMILIES,
        *CLUSTER_FAMILIES,
        *PEER_FAMILIES,
    )
    for each in (*families, *SCHEDULE_FAMILIES):
        assert text.count(f"# HELP {each.name} {each.help}\n") == 1
        assert text.count(f"# TYPE {each.name} {each.kind}\n") == 1


def test_the_store_is_measured(tmp_path: Path) -> None:
    with running_http("--store", f"sqlite://{tmp_path / 'jobs.db'}") as server:
        submit(server, [b"f"] * 100)
        wait_for(server, 'gearman_store_state{state="ok"}', 1)
        samples = checked_metrics(server)
    assert samples["gearman_store_commit_seconds_count"] >= 1
    assert samples["gearman_store_commit_seconds_sum"] > 0
    assert samples["gearman_store_batch_size_sum"] >= 100
    assert samples['gearman_store_batch_size_bucket{le="1"}'] < 100
    assert samples["gearman_store_size_bytes"] > 1000
    assert samples["gearman_store_commits_refused_total"] == 0


def test_hostile_names_stay_apart_and_on_their_lines(server: HttpServer) -> None:
    submit(server, HOSTILE)
    samples = checked_metrics(server)
    for label in SHOWN:
        labels = f'function="{label}",priority="normal",kind="background"'
        assert samples[f"gearman_jobs_submitted_total{{{labels}}}"] == 1


@pytest.mark.timeout(120)
def test_ten_thousand_functions_are_answered_within_a_second_and_a_megabyte() -> None:
    with running_http() as server:
        names = [b'"%d\\\xff' % n + b"n" * (n % 500) for n in range(10_000)]
        submit(server, names)
        figures = ProcessFigures(server.jobs)
        before = figures.cpu_seconds()
        for _ in range(3):
            assert len(server.get("/metrics").body) < 1_000_000
        # Whatever else the machine does meanwhile.
        assert (figures.cpu_seconds() - before) / 3 < 1.0
        samples = checked_metrics(server)
    waiting = [
        value
        for name, value in samples.items()
        if name.startswith("gearman_jobs{") and 'state="waiting"' in name
    ]
    assert sum(waiting) == 10_000
    assert 20 < len(waiting) <= MOST_SHOWN + 1
    assert samples[f'gearman_jobs{{function="{REST}",state="waiting"}}'] > 9_000
    # The longest waits are told, whoever has them.
    ages = [name for name in samples if "oldest_job_age" in name]
    assert len(ages) == len(waiting) - 1


def test_schedules_are_measured(server: HttpServer) -> None:
    settings = b'{"function": "report", "every": 3600}'
    kind = {"Content-Type": "application/json"}
    assert server.ask("POST", "/v1/schedules/nightly", settings, kind).status < 300
    assert server.ask("POST", "/v1/schedules/nightly/run").status == 204
    nightly = 'schedule="nightly"'
    wait_for(
        server, f'gearman_schedule_times_total{{{nightly},outcome="submitted"}}', 1
    )
    samples = checked_metrics(server)
    assert samples[f"gearman_schedule_lost{{{nightly}}}"] == 0
    assert f"gearman_schedule_failed{{{nightly}}}" not in samples
    last = samples[f"gearman_schedule_last_timestamp_seconds{{{nightly}}}"]
    assert abs(last - time.time()) < 600
    assert samples[f"gearman_schedule_next_timestamp_seconds{{{nightly}}}"] > last
    with worker(lambda: connect(server), "report", fail):
        wait_for(server, f"gearman_schedule_failed{{{nightly}}}", 1)
