"""Policies of a real job server: from its file, for real clients and workers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from geartrain.protocol.constants import PacketType
from tests.support.servers import running_geartrain
from tests.support.waiting import wait_until
from tests.support.wire import Scene, Wire, scene

# Seconds something may be late while the machine does something else, and early
# because a clock is read in two processes.
LATE = 0.5
EARLY = 0.005

Row = dict[str, Any]


@contextmanager
def policies(tmp_path: Path, *lines: str) -> Iterator[Scene]:
    """Run a server whose configuration file has these lines for ``[functions.f]``."""
    with scene("--config", config(tmp_path, *lines), "--store", "memory:") as here:
        yield here


def config(tmp_path: Path, *lines: str) -> str:
    """Write a configuration file for the function ``f``; return its path."""
    path = tmp_path / "geartrain.toml"
    path.write_text("\n".join(["[functions.f]", *lines, ""]))
    return str(path)


def submit_background(client: Wire, workload: bytes = b"w") -> bytes:
    """Submit a background job of ``f``; return its handle."""
    client.send(PacketType.SUBMIT_JOB_BG, b"f", b"", workload)
    return client.expect(PacketType.JOB_CREATED)[0]


def wait_for_work(worker: Wire) -> None:
    """Sleep until woken."""
    worker.send(PacketType.PRE_SLEEP)
    worker.expect(PacketType.NOOP)


@contextmanager
def takes(seconds: float) -> Iterator[None]:
    """Fail unless the block takes so long."""
    start = time.monotonic()
    yield
    assert seconds - EARLY < time.monotonic() - start < seconds + LATE


def fail_and_wait(worker: Wire, handle: bytes) -> None:
    """Fail the job and sleep until woken for the next attempt."""
    worker.send(PacketType.WORK_FAIL, handle)
    wait_for_work(worker)


def rows(peer: Wire, line: bytes) -> list[Row]:
    """Return the rows that answer a text command."""
    return [json.loads(row) for row in peer.listing(line)]


def counters(peer: Wire) -> Row:
    """Return what has become of the jobs of ``f``, without what never happened."""
    (row,) = [each for each in rows(peer, b"counters") if each["function"] == "f"]
    return {name: count for name, count in row.items() if name != "function" and count}


def dead_letters(peer: Wire) -> list[Row]:
    """Return all dead letters."""
    return rows(peer, b"dead list")


def is_dead(peer: Wire) -> bool:
    """Tell whether there is a dead letter."""
    return dead_letters(peer) != []


# Attempts


def test_a_job_that_fails_is_tried_again_after_longer_and_longer_pauses(
    tmp_path: Path,
) -> None:
    with policies(
        tmp_path, "max_attempts = 4", "backoff_delay = 0.2", "backoff_jitter = 0"
    ) as here:
        client, worker = here.peer(), here.worker(b"f")
        handle = submit_background(client)
        for pause in (0.2, 0.4, 0.8):
            assert worker.grab() == (handle, b"w")
            with takes(pause):
                fail_and_wait(worker, handle)
        assert worker.grab() == (handle, b"w")
        worker.send(PacketType.WORK_COMPLETE, handle, b"")
        assert worker.echoes()
        assert counters(client) == {
            "submitted": 1,
            "failed": 3,
            "retried": 3,
            "completed": 1,
        }
        assert dead_letters(client) == []


def test_a_fixed_pause_stays_as_it_is_and_keeps_to_the_cap(tmp_path: Path) -> None:
    with policies(
        tmp_path,
        'backoff = "fixed"',
        "max_attempts = 4",
        "backoff_delay = 60",
        "backoff_cap = 0.3",
        "backoff_jitter = 0",
    ) as here:
        client, worker = here.peer(), here.worker(b"f")
        handle = submit_background(client)
        for _ in range(3):
            worker.grab()
            with takes(0.3):
                fail_and_wait(worker, handle)


def test_the_last_exception_is_in_the_dead_letter(tmp_path: Path) -> None:
    with policies(tmp_path, "max_attempts = 2", "backoff_delay = 0") as here:
        client, worker = here.peer(), here.worker(b"f")
        worker.send(PacketType.SET_CLIENT_ID, b"worker-7")
        before = time.time()
        handle = submit_background(client, b"\xff\0work")
        for error in (b"first", b"second: \xff"):
            assert worker.grab() == (handle, b"\xff\0work")
            worker.send(PacketType.WORK_EXCEPTION, handle, error)
        assert worker.echoes()

        (row,) = dead_letters(client)
        assert row["handle"] == handle.decode()
        assert (row["function"], row["state"]) == ("f", "dead")
        assert (row["attempts"], row["crashes"]) == (2, 0)
        assert (row["reason"], row["error"]) == ("exception", "second: \udcff")
        assert row["worker"] == "worker-7 127.0.0.1"
        assert before - 1 < row["submitted"] <= row["started"] <= row["died"]
        assert row["died"] < time.time() + 1
        (shown,) = rows(client, b"dead show " + handle)
        assert (shown["workload"], shown["encoding"]) == ("/wB3b3Jr", "base64")
        assert counters(client) == {
            "submitted": 1,
            "failed": 2,
            "retried": 1,
            "dead": 1,
        }
        assert b"f\t0\t0\t1" in client.listing(b"status")


def test_without_a_policy_a_background_job_that_fails_is_a_dead_letter(
    tmp_path: Path,
) -> None:
    with policies(tmp_path) as here:
        client, worker = here.peer(), here.worker(b"f")
        handle = submit_background(client)
        worker.grab()
        worker.send(PacketType.WORK_FAIL, handle)
        worker.send(PacketType.GRAB_JOB)
        worker.expect(PacketType.NO_JOB)
        (row,) = dead_letters(client)
        assert (row["handle"], row["reason"]) == (handle.decode(), "fail")


def test_a_function_may_do_without_dead_letters(tmp_path: Path) -> None:
    with policies(tmp_path, "dead_letter = false") as here:
        client, worker = here.peer(), here.worker(b"f")
        handle = submit_background(client)
        worker.grab()
        worker.send(PacketType.WORK_FAIL, handle)
        assert worker.echoes()
        assert dead_letters(client) == []
        assert counters(client) == {"submitted": 1, "failed": 1, "dead": 1}


def test_a_client_that_waits_hears_of_the_last_failure_only(tmp_path: Path) -> None:
    with policies(tmp_path, "max_attempts = 2", "backoff_delay = 0") as here:
        client, worker = here.peer(), here.worker(b"f")
        client.send(PacketType.OPTION_REQ, b"exceptions")
        client.expect(PacketType.OPTION_RES)
        handle = client.submit(b"f", b"w")
        worker.grab()
        worker.send(PacketType.WORK_EXCEPTION, handle, b"first")
        assert worker.grab() == (handle, b"w")
        client.expect_silence(0.1)
        worker.send(PacketType.WORK_EXCEPTION, handle, b"second")
        assert client.expect(PacketType.WORK_EXCEPTION, 2) == [handle, b"second"]
        assert dead_letters(client) == []


def test_a_client_that_waits_gets_the_result_of_a_later_attempt(tmp_path: Path) -> None:
    with policies(tmp_path, "max_attempts = 2", "backoff_delay = 0.2") as here:
        client, worker = here.peer(), here.worker(b"f")
        handle = client.submit(b"f", b"w")
        worker.grab()
        fail_and_wait(worker, handle)
        worker.grab()
        worker.send(PacketType.WORK_COMPLETE, handle, b"done")
        assert client.expect(PacketType.WORK_COMPLETE, 2) == [handle, b"done"]


# Crashes


def test_a_job_that_kills_its_workers_ends_as_a_dead_letter(tmp_path: Path) -> None:
    with policies(
        tmp_path, "max_crashes = 3", "backoff_delay = 0.3", "backoff_jitter = 0"
    ) as here:
        client = here.peer()
        handle = submit_background(client)
        first, second, third = (here.worker(b"f") for _ in range(3))
        assert first.grab() == (handle, b"w")
        # The first loss costs no time, the second what a first failure does.
        with takes(0):
            first.reset()
            wait_for_work(second)
        assert second.grab() == (handle, b"w")
        with takes(0.3):
            second.reset()
            wait_for_work(third)
        assert third.grab() == (handle, b"w")
        third.reset()
        wait_until(lambda: is_dead(client))
        (row,) = dead_letters(client)
        assert row["handle"] == handle.decode()
        assert (row["attempts"], row["crashes"], row["reason"]) == (0, 3, "crash")
        assert counters(client) == {
            "submitted": 1,
            "crashed": 3,
            "retried": 2,
            "dead": 1,
        }
        survivor = here.worker(b"f")
        survivor.send(PacketType.GRAB_JOB)
        survivor.expect(PacketType.NO_JOB)


def test_without_a_limit_a_job_outlives_any_number_of_workers(tmp_path: Path) -> None:
    with policies(tmp_path, "max_crashes = 0", "backoff_delay = 0") as here:
        client = here.peer()
        handle = submit_background(client)
        for _ in range(12):
            worker = here.worker(b"f")
            assert worker.grab() == (handle, b"w")
            worker.reset()
            wait_until(lambda: b"f\t1\t0\t0" in client.listing(b"status"))
        assert counters(client) == {"submitted": 1, "crashed": 12, "retried": 12}


# Time


def test_a_worker_that_takes_too_long_loses_the_job_and_its_result_is_refused(
    tmp_path: Path,
) -> None:
    with policies(
        tmp_path, "timeout = 0.4", "max_attempts = 2", "backoff_delay = 0"
    ) as here:
        client, slow, other = here.peer(), here.worker(b"f"), here.worker(b"f")
        handle = client.submit(b"f", b"w")
        with takes(0.4):
            slow.grab()
            wait_for_work(other)
        assert other.grab() == (handle, b"w")

        slow.send(PacketType.WORK_DATA, handle, b"late")
        slow.expect_error(b"JOB_NOT_FOUND")
        slow.send(PacketType.WORK_COMPLETE, handle, b"late")
        slow.expect_error(b"JOB_NOT_FOUND")
        client.expect_silence(0.1)

        other.send(PacketType.WORK_COMPLETE, handle, b"in time")
        assert client.expect(PacketType.WORK_COMPLETE, 2) == [handle, b"in time"]
        assert counters(client) == {
            "submitted": 1,
            "timed_out": 1,
            "retried": 1,
            "refused_results": 1,
            "completed": 1,
        }
        assert slow.echoes()


def test_a_job_that_always_takes_too_long_fails(tmp_path: Path) -> None:
    with policies(tmp_path, "timeout = 0.2") as here:
        waiting, client, worker = here.peer(), here.peer(), here.worker(b"f")
        handle = waiting.submit(b"f", b"w")
        kept = submit_background(client)
        for expected in (handle, kept):
            assert worker.grab()[0] == expected
            if expected == handle:
                assert waiting.expect(PacketType.WORK_FAIL) == [handle]
        wait_until(lambda: is_dead(client))
        (row,) = dead_letters(client)
        assert (row["handle"], row["reason"]) == (kept.decode(), "timeout")
        assert (row["attempts"], row["crashes"]) == (1, 0)


def test_a_job_done_in_time_is_its_workers(tmp_path: Path) -> None:
    with policies(tmp_path, "timeout = 0.5") as here:
        client, worker = here.peer(), here.worker(b"f")
        handle = client.submit(b"f", b"w")
        worker.grab()
        worker.send(PacketType.WORK_COMPLETE, handle, b"done")
        assert client.expect(PacketType.WORK_COMPLETE, 2) == [handle, b"done"]
        worker.expect_silence(0.7)
        assert counters(client) == {"submitted": 1, "completed": 1}


def test_a_job_that_waits_too_long_is_dropped_and_its_client_told(
    tmp_path: Path,
) -> None:
    with policies(tmp_path, "ttl = 0.4") as here:
        waiting, client = here.peer(), here.peer()
        with takes(0.4):
            handle = waiting.submit(b"f", b"w")
            submit_background(client)
            assert waiting.expect(PacketType.WORK_FAIL) == [handle]
        wait_until(lambda: counters(client) == {"submitted": 2, "expired": 2})
        assert dead_letters(client) == []
        worker = here.worker(b"f")
        worker.send(PacketType.GRAB_JOB)
        worker.expect(PacketType.NO_JOB)


def test_a_job_that_runs_does_not_wait(tmp_path: Path) -> None:
    with policies(tmp_path, "ttl = 0.3") as here:
        client, worker = here.peer(), here.worker(b"f")
        handle = client.submit(b"f", b"w")
        worker.grab()
        client.expect_silence(0.5)
        worker.send(PacketType.WORK_COMPLETE, handle, b"done")
        assert client.expect(PacketType.WORK_COMPLETE, 2) == [handle, b"done"]


def test_a_delay_holds_back_a_plain_submission(tmp_path: Path) -> None:
    with policies(tmp_path, "delay = 0.5", "ttl = 30") as here:
        client, worker = here.peer(), here.worker(b"f")
        with takes(0.5):
            handle = submit_background(client)
            worker.send(PacketType.GRAB_JOB)
            worker.expect(PacketType.NO_JOB)
            (row,) = rows(client, b"jobs")
            wait_for_work(worker)
        assert (row["handle"], row["state"]) == (handle.decode(), "scheduled")
        assert abs(row["due"] - row["submitted"] - 0.5) < 0.01
        assert worker.grab() == (handle, b"w")


def test_of_two_times_the_later_is_waited_for(tmp_path: Path) -> None:
    with policies(tmp_path, "delay = 0.6") as here:
        client, worker = here.peer(), here.worker(b"f")
        now = time.time()
        for epoch, workload in ((now + 0.1, b"early"), (now + 0.9, b"late")):
            when = b"%.3f" % epoch
            client.send(PacketType.SUBMIT_JOB_EPOCH, b"f", b"", when, workload)
            client.expect(PacketType.JOB_CREATED)
        for due, workload in ((0.6, b"early"), (0.9, b"late")):
            wait_for_work(worker)
            assert due - EARLY < time.time() - now < due + LATE
            handle, grabbed = worker.grab()
            assert grabbed == workload
            worker.send(PacketType.WORK_COMPLETE, handle, b"")


# Changes while it runs, and restarts


def test_a_policy_is_changed_while_the_server_runs(tmp_path: Path) -> None:
    with policies(tmp_path, "ttl = 60") as here:
        client, worker = here.peer(), here.worker(b"f")
        waiting = here.peer()
        handle = waiting.submit(b"f", b"w")

        assert client.command(b"policy f ttl=0.1 max_attempts=2") == b"OK\r\n"

        assert waiting.expect(PacketType.WORK_FAIL) == [handle]
        assert rows(client, b"show policies") == [
            {"pattern": "f", "source": "file", "ttl": 60},
            {"pattern": "f", "source": "runtime", "ttl": 0.1, "max_attempts": 2},
        ]
        assert client.command(b"policy f ttl=0 backoff_delay=0") == b"OK\r\n"
        handle = submit_background(client)
        for _ in range(2):
            assert worker.grab() == (handle, b"w")
            worker.send(PacketType.WORK_FAIL, handle)
        assert worker.echoes()
        (row,) = dead_letters(client)
        assert row["attempts"] == 2


def test_a_wrong_change_harms_nothing(tmp_path: Path) -> None:
    with policies(tmp_path, "ttl = 60") as here:
        client = here.peer()
        answer = client.command(b"policy f max_attempts=0")
        assert answer.startswith(b"ERR INVALID_ARGUMENTS max_attempts+cannot+be+'0':")
        assert rows(client, b"show policies") == [
            {"pattern": "f", "source": "file", "ttl": 60}
        ]


def test_attempts_are_counted_across_a_kill(tmp_path: Path) -> None:
    flags = [
        *("--config", config(tmp_path, "max_attempts = 2", "backoff_delay = 0.2")),
        *("--store", f"sqlite://{tmp_path}/jobs.db", "--durability", "os"),
    ]
    with running_geartrain(*flags) as server, Wire(server.connect()) as peer:
        handle = submit_background(peer)
        peer.register(b"f")
        assert peer.grab() == (handle, b"w")
        peer.send(PacketType.WORK_EXCEPTION, handle, b"first")
        wait_for_work(peer)
        server.process.kill()
        server.process.wait()
    with running_geartrain(*flags) as server, Wire(server.connect()) as peer:
        peer.register(b"f")
        wait_for_work(peer)
        assert peer.grab() == (handle, b"w")
        peer.send(PacketType.WORK_EXCEPTION, handle, b"second")
        wait_until(lambda: is_dead(peer))
        (row,) = dead_letters(peer)
        assert (row["attempts"], row["error"]) == (2, "second")
    with running_geartrain(*flags) as server, Wire(server.connect()) as peer:
        (row,) = dead_letters(peer)
        assert (row["handle"], row["attempts"]) == (handle.decode(), 2)
        assert row["error"] == "second"
