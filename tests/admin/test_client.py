"""The client of the text protocol, with a real job server."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from geartrain.admin import Admin, JobRow
from geartrain.errors import AdminError, OptionError, RefusedError, UnknownJobError
from geartrain.protocol.constants import PacketType
from geartrain.texts import quoted
from tests.support.jobs_in_states import (
    bury,
    run_next,
    schedule,
    submit,
    submit_later,
    submit_many,
)
from tests.support.servers import RunningServer, running_geartrain
from tests.support.suspending import suspend
from tests.support.waiting import wait_until
from tests.support.wire import Wire

COVERS = ("admin/requests",)

ODD_NAMES = [
    b"two words",
    b"100%",
    b"%20",
    b"a=b&c+d",
    b"tab\there",
    "größe".encode(),
    b"caf\xe9",
    b"{}[]*?",
]


@pytest.fixture
def admin(server: RunningServer) -> Iterator[Admin]:
    with Admin(server.address) as connected:
        yield connected


@pytest.fixture
def fresh_admin(fresh: RunningServer) -> Iterator[Admin]:
    with Admin(fresh.address) as connected:
        yield connected


def text(name: bytes) -> str:
    return name.decode(errors="surrogateescape")


def test_jobs_of_every_state_are_told(server: RunningServer, admin: Admin) -> None:
    before = time.time() - 1
    high = PacketType.SUBMIT_JOB_HIGH_BG
    ready = submit(server, b"resize", b"picture", b"one", kind=high)
    later = submit_later(server, b"resize", 900)
    busy = submit(server, b"mail")
    with Wire(server.connect()) as worker:
        worker.send(PacketType.SET_CLIENT_ID, b"mailer")
        assert run_next(worker, b"mail")[0] == busy
        rows = {row.handle: row for row in admin.jobs()}
    after = time.time() + 1
    assert set(rows) == {ready, later, busy}
    row = rows[ready]
    assert (row.function, row.unique, row.state) == ("resize", "one", "ready")
    assert (row.priority, row.background, row.size) == ("high", True, 7)
    assert row.submitted is not None
    assert before < row.submitted < after
    assert (row.due, row.started, row.died, row.worker) == (None,) * 4
    assert (row.attempts, row.crashes, row.reason, row.error) == (0, 0, None, None)
    assert row.workload is None
    row = rows[later]
    assert row.state == "scheduled"
    assert row.due is not None
    assert before + 899 < row.due < after + 900
    row = rows[busy]
    assert row.state == "running"
    assert row.started is not None
    assert before < row.started < after
    assert row.worker is not None
    assert row.worker.startswith("mailer ")


def test_a_foreground_job_is_told(server: RunningServer, admin: Admin) -> None:
    with Wire(server.connect()) as client:
        handle = client.submit(b"f", b"work").decode()
        (row,) = admin.jobs()
        assert (row.handle, row.background, row.state) == (handle, False, "ready")


def test_a_job_that_waits_for_another_attempt_is_told(
    fresh: RunningServer, fresh_admin: Admin
) -> None:
    fresh_admin.set_policy("f", {"max_attempts": 2, "backoff_delay": 900})
    before = time.time()
    (handle,) = bury(fresh, b"f", [b"work"], b"not yet")
    (row,) = fresh_admin.jobs(state="scheduled")
    assert (row.handle, row.attempts, row.crashes) == (handle, 1, 0)
    assert (row.reason, row.error) == ("exception", "not yet")
    assert row.due is not None
    assert before + 800 < row.due < before + 1000
    assert list(fresh_admin.dead_list()) == []


def test_a_lost_worker_and_a_time_out_are_told(
    fresh: RunningServer, fresh_admin: Admin
) -> None:
    fresh_admin.set_policy("f", {"max_crashes": 1})
    fresh_admin.set_policy("g", {"timeout": timedelta(milliseconds=200)})
    crashed, late = submit(fresh, b"f"), submit(fresh, b"g")
    with Wire(fresh.connect()) as slow:
        run_next(slow, b"g")
        with Wire(fresh.connect()) as lost:
            run_next(lost, b"f")
        wait_until(lambda: len(list(fresh_admin.dead_list())) == 2)
    rows = {row.handle: row for row in fresh_admin.dead_list()}
    row = rows[crashed]
    assert (row.reason, row.attempts, row.crashes) == ("crash", 0, 1)
    row = rows[late]
    assert (row.reason, row.attempts, row.crashes) == ("timeout", 1, 0)


def test_jobs_are_filtered(server: RunningServer, admin: Admin) -> None:
    ready = submit(server, b"resize", unique=b"one")
    other = submit(server, b"mail", unique=b"one")
    later = submit_later(server, b"mail", 900, unique=b"two")
    with Wire(server.connect()) as worker:
        assert run_next(worker, b"resize")[0] == ready

        def found(rows: Iterable[JobRow]) -> set[str]:
            return {row.handle for row in rows}

        assert found(admin.jobs(function="mail")) == {other, later}
        assert found(admin.jobs(state="running")) == {ready}
        assert found(admin.jobs(state="ready")) == {other}
        assert found(admin.jobs(state="scheduled")) == {later}
        assert found(admin.jobs(unique="one")) == {ready, other}
        assert found(admin.jobs(unique="one", function="mail")) == {other}
        assert found(admin.jobs(function="mail", state="scheduled")) == {later}
        assert found(admin.jobs(state="ready", unique="two")) == set()
        assert found(admin.jobs(unique="none")) == set()
        assert found(admin.jobs(function="none")) == set()


def test_thousands_of_jobs_are_told_once_each(
    fresh: RunningServer, fresh_admin: Admin
) -> None:
    handles = submit_many(fresh, b"f", (b"%d" % n for n in range(3500)))
    later = [submit_later(fresh, b"f", 900), submit_later(fresh, b"g", 900)]
    rows = [row.handle for row in fresh_admin.jobs()]
    assert len(rows) == len(handles) + 2
    assert set(rows) == {*handles, *later}
    assert {row.handle for row in fresh_admin.jobs(state="scheduled")} == set(later)
    assert len(list(fresh_admin.jobs(limit=1500))) == 1500
    assert len(list(fresh_admin.jobs(limit=7))) == 7
    assert len(list(fresh_admin.jobs(function="f", limit=9000))) == 3501


def test_the_iterator_may_be_left_and_others_asked(
    fresh: RunningServer, fresh_admin: Admin
) -> None:
    submit_many(fresh, b"f", (b"%d" % n for n in range(1200)))
    rows = fresh_admin.jobs()
    next(rows)
    assert fresh_admin.command("version")[0].startswith("OK ")
    assert len(list(rows)) == 1199


def test_a_job_is_found_by_handle_and_unique(
    server: RunningServer, admin: Admin
) -> None:
    handle = submit(server, b"resize", b"gr\xc3\xb6\xc3\x9fe", b"one")
    for name in (handle, "one"):
        (row,) = admin.job(name)
        assert (row.handle, row.workload) == (handle, "größe".encode())
    other = submit(server, b"mail", bytes(range(256)), b"one")
    rows = {row.handle: row.workload for row in admin.job("one")}
    assert rows == {handle: "größe".encode(), other: bytes(range(256))}


def test_a_large_workload_is_told(server: RunningServer, admin: Admin) -> None:
    workload = bytes(range(256)) * 20_000
    handle = submit(server, b"f", workload)
    (row,) = admin.job(handle)
    assert row.size == len(workload)
    assert row.workload == workload


@pytest.mark.parametrize("name", ["", "H:nowhere:1", "no such", "\udcff", "%", ":"])
def test_an_unknown_job_is_an_error(admin: Admin, name: str) -> None:
    for ask in (
        admin.job,
        admin.cancel,
        admin.dead_show,
        admin.dead_retry,
        admin.dead_drop,
    ):
        with pytest.raises(UnknownJobError) as caught:
            ask(name)
        assert caught.value.name == name
        assert quoted(name) in str(caught.value)
    assert admin.command("version")[0].startswith("OK ")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_come_back_as_they_went(
    server: RunningServer, admin: Admin, name: bytes
) -> None:
    handle = submit(server, name, b"work", name)
    for rows in (
        list(admin.jobs(function=text(name))),
        list(admin.jobs(unique=text(name))),
        admin.job(text(name)),
    ):
        assert [(row.handle, row.function, row.unique) for row in rows] == [
            (handle, text(name), text(name))
        ]
    admin.cancel(handle)
    (dead,) = bury(server, name, [b"work"], b"because of \xff")
    (row,) = admin.dead_list(function=text(name))
    assert (row.handle, row.function) == (dead, text(name))
    assert row.error == "because of \udcff"
    admin.set_policy(text(name), {"max_attempts": 3})
    assert admin.policy(text(name))["max_attempts"] == 3


def test_handles_may_hold_a_percent_sign(tmp_path: Path) -> None:
    flags = ("--store", f"sqlite://{tmp_path}/q.db", "--handle-prefix", "a%20b")
    with running_geartrain(*flags) as server, Admin(server.address) as admin:
        first, second = bury(server, b"f", [b"1", b"2"])
        assert first == "a%20b:1"
        assert admin.dead_show(first).workload == b"1"
        admin.dead_drop(second)
        admin.dead_retry(first)
        assert admin.job(first)[0].workload == b"1"
        admin.cancel(first)
        assert list(admin.jobs()) == []


@pytest.mark.parametrize("name", ["function", "state", "unique"])
def test_an_empty_filter_is_not_everything(admin: Admin, name: str) -> None:
    filters: dict[str, Any] = {name: ""}
    with pytest.raises(OptionError, match=f"the {name} is empty: name one, or leave"):
        admin.jobs(**filters)
    with pytest.raises(OptionError, match="the function is empty"):
        admin.dead_list(function="")


def test_a_waiting_a_delayed_and_a_recurring_job_are_cancelled(
    server: RunningServer, admin: Admin
) -> None:
    handles = [
        submit(server, b"f"),
        submit_later(server, b"f", 900),
        schedule(server, b"f"),
    ]
    for handle in handles:
        admin.cancel(handle)
        with pytest.raises(UnknownJobError):
            admin.cancel(handle)
    assert list(admin.jobs()) == []
    assert admin.command("show schedules") == []


def test_a_running_job_is_cancelled(fresh: RunningServer, fresh_admin: Admin) -> None:
    with Wire(fresh.connect()) as client, Wire(fresh.connect()) as worker:
        waiting = client.submit(b"f", b"work")
        handle, _ = run_next(worker, b"f")
        assert waiting.decode() == handle
        fresh_admin.cancel(handle)
        assert client.expect(PacketType.WORK_FAIL) == [waiting]
        worker.send(PacketType.WORK_COMPLETE, waiting, b"too late")
        worker.send(PacketType.ECHO_REQ, b"on")
        while worker.read().type is not PacketType.ECHO_RES:
            pass
        assert client.echoes()
        (row,) = fresh_admin.counters()
        assert row.counts["refused_results"] == 1
        assert row.counts["cancelled"] == 1
        assert row.counts["completed"] == 0


def test_a_running_job_is_released_retried_and_failed(
    fresh: RunningServer, fresh_admin: Admin
) -> None:
    submit(fresh, b"f")
    with Wire(fresh.connect()) as worker:
        handle, _ = run_next(worker, b"f")
        fresh_admin.release(handle)
        assert run_next(worker, b"f")[0] == handle
        fresh_admin.retry(handle, error="no 100 % luck\nyet: größer")
        (row,) = fresh_admin.job(handle)
        assert (row.attempts, row.reason) == (1, "retry")
        assert row.error == "no 100 % luck\nyet: größer"
        assert run_next(worker, b"f")[0] == handle
        fresh_admin.fail(handle, "timeout", "ran longer than 30 s")
        (row,) = fresh_admin.dead_list()
        assert (row.attempts, row.reason) == (2, "timeout")
        assert row.error == "ran longer than 30 s"


def test_a_retry_may_wait(fresh: RunningServer, fresh_admin: Admin) -> None:
    submit(fresh, b"f")
    with Wire(fresh.connect()) as worker:
        handle, _ = run_next(worker, b"f")
        fresh_admin.retry(handle, delay=900.5)
        (row,) = fresh_admin.job(handle)
        assert row.state == "scheduled"
        assert row.due is not None
        assert 890 < row.due - time.time() < 901


@pytest.mark.parametrize("length", [5999, 6000, 6001, 100_000])
def test_a_long_error_is_cut_between_characters(
    length: int, fresh: RunningServer, fresh_admin: Admin
) -> None:
    submit(fresh, b"f")
    with Wire(fresh.connect()) as worker:
        handle, _ = run_next(worker, b"f")
        fresh_admin.fail(handle, "crash", "x" * (length % 7) + "%" * length)
        (row,) = fresh_admin.job(handle)
        assert row.error is not None
        assert set(row.error.lstrip("x")) == {"%"}
        assert len(row.error) > 1900


@pytest.mark.parametrize("end", ["fail", "retry"])
def test_half_a_character_in_an_error_keeps_no_attempt_from_its_end(
    end: str, fresh: RunningServer, fresh_admin: Admin
) -> None:
    submit(fresh, b"f")
    with Wire(fresh.connect()) as worker:
        handle, _ = run_next(worker, b"f")
        if end == "retry":
            fresh_admin.retry(handle, 900, "\ud800 is half, \udcff a byte")
        else:
            fresh_admin.fail(handle, "crash", "\ud800 is half, \udcff a byte")
        (row,) = fresh_admin.job(handle)
        assert row.error == "? is half, \udcff a byte"


def test_what_does_not_run_is_neither_released_nor_retried_nor_failed(
    fresh: RunningServer, fresh_admin: Admin
) -> None:
    handle = submit(fresh, b"f")
    for name in (handle, "H:nobody:1", ""):
        with pytest.raises(UnknownJobError, match="running job"):
            fresh_admin.release(name)
        with pytest.raises(UnknownJobError, match="running job"):
            fresh_admin.retry(name, 5, "error")
        with pytest.raises(UnknownJobError, match="running job"):
            fresh_admin.fail(name, "crash")
    with Wire(fresh.connect()) as worker:
        handle, _ = run_next(worker, b"f")
        with pytest.raises(RefusedError, match="reason is crash or timeout"):
            fresh_admin.fail(handle, "tired")
        with pytest.raises(RefusedError, match="delay is seconds"):
            fresh_admin.retry(handle, -1.0)


def test_a_dead_letter_is_told(server: RunningServer, admin: Admin) -> None:
    before = time.time() - 1
    (handle,) = bury(server, b"mail", [b"to: \xff"], b"no route")
    (row,) = admin.dead_list()
    assert (row.handle, row.function, row.state) == (handle, "mail", "dead")
    assert (row.attempts, row.crashes) == (1, 0)
    assert (row.reason, row.error) == ("exception", "no route")
    assert row.worker is not None
    assert row.worker.startswith("gravedigger ")
    assert row.died is not None
    assert before < row.died < time.time() + 1
    assert row.workload is None
    shown = admin.dead_show(handle)
    assert shown.workload == b"to: \xff"
    assert admin.job(handle) == [shown]
    assert list(admin.jobs()) == []


def test_a_dead_letter_is_retried_and_completes(
    server: RunningServer, admin: Admin
) -> None:
    (handle,) = bury(server, b"mail", [b"again"])
    admin.dead_retry(handle)
    assert list(admin.dead_list()) == []
    with Wire(server.connect()) as worker:
        assert run_next(worker, b"mail") == (handle, b"again")
        worker.send(PacketType.WORK_COMPLETE, handle.encode(), b"")
        assert worker.echoes()
    assert list(admin.jobs()) == []
    assert list(admin.dead_list()) == []
    with pytest.raises(UnknownJobError, match="there is no dead letter"):
        admin.dead_retry(handle)


def test_a_dead_letter_is_dropped(server: RunningServer, admin: Admin) -> None:
    first, second = bury(server, b"mail", [b"1", b"2"])
    admin.dead_drop(first)
    assert [row.handle for row in admin.dead_list()] == [second]
    with pytest.raises(UnknownJobError):
        admin.dead_show(first)


def test_dead_letters_outlive_the_job_server(tmp_path: Path) -> None:
    flags = ("--store", f"sqlite://{tmp_path}/q.db")
    with running_geartrain(*flags) as server:
        (handle,) = bury(server, b"mail", [b"kept"], b"no route")
    with running_geartrain(*flags) as server, Admin(server.address) as admin:
        row = admin.dead_show(handle)
        assert (row.workload, row.error) == (b"kept", "no route")


def test_thousands_of_dead_letters_are_listed_and_dropped(
    fresh: RunningServer, fresh_admin: Admin
) -> None:
    handles = bury(fresh, b"mail", (b"%d" % n for n in range(2300)))
    assert [row.handle for row in fresh_admin.dead_list()] == handles
    assert len(list(fresh_admin.dead_list(limit=1200))) == 1200
    every_other = [row.handle for row in fresh_admin.dead_list(function="mail")][::2]
    done = list(fresh_admin.dead_drop_each([*every_other, "H:no:1"]))
    assert done == [*((handle, True) for handle in every_other), ("H:no:1", False)]
    assert len(list(fresh_admin.dead_list())) == 1150
    # The list is followed while what it lists goes.
    done = list(
        fresh_admin.dead_retry_each(row.handle for row in fresh_admin.dead_list())
    )
    assert len(done) == 1150
    assert all(was_there for _, was_there in done)
    assert list(fresh_admin.dead_list()) == []
    assert len(list(fresh_admin.jobs())) == 1150


def test_policies_are_shown_and_changed(fresh_admin: Admin) -> None:
    assert fresh_admin.policies() == []
    plain = fresh_admin.policy("mail")
    assert plain["max_attempts"] == 1
    assert plain["backoff"] == "exponential"
    assert plain["dead_letter"] is True
    fresh_admin.set_policy("m*", {"max_attempts": 3, "dead_letter": False})
    fresh_admin.set_policy("mail", {"backoff": "fixed", "timeout": 2.5, "ttl": "60"})
    changed = fresh_admin.policy("mail")
    assert changed == {
        **plain,
        "max_attempts": 3,
        "dead_letter": False,
        "backoff": "fixed",
        "timeout": 2.5,
        "ttl": 60,
    }
    glob, exact = fresh_admin.policies()
    assert (glob.pattern, exact.pattern) == ("m*", "mail")
    assert glob.settings == {"max_attempts": 3, "dead_letter": False}
    assert exact.settings == {"backoff": "fixed", "timeout": 2.5, "ttl": 60}
    assert fresh_admin.policy("other") == plain


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"max_attempt": 3}, "did you mean 'max_attempts'"),
        ({"max_attempts": 0}, "max_attempts cannot be '0'"),
        ({"backoff": "two words"}, "backoff cannot be 'two words'"),
        ({"x=y": "1"}, "'x' is no setting"),
    ],
)
def test_wrong_settings_are_refused(
    admin: Admin, settings: dict[str, str | int], words: str
) -> None:
    with pytest.raises(RefusedError) as caught:
        admin.set_policy("refused", settings)
    assert words in str(caught.value)
    assert "refused" not in [row.pattern for row in admin.policies()]


def test_counters_count(fresh: RunningServer, fresh_admin: Admin) -> None:
    assert fresh_admin.counters() == []
    bury(fresh, b"mail", [b"1", b"2"])
    submit(fresh, b"mail")
    (row,) = fresh_admin.counters()
    assert row.function == "mail"
    assert (row.counts["submitted"], row.counts["dead"]) == (3, 2)


def test_any_command_can_be_sent(fresh: RunningServer, fresh_admin: Admin) -> None:
    handle = submit(fresh, b"ERR", unique=b"OK go")
    assert fresh_admin.command("status") == ["ERR\t1\t0\t0"]
    assert fresh_admin.command("show unique jobs") == ["OK go"]
    assert fresh_admin.command("getpid") == [f"OK {fresh.process.pid}"]
    assert fresh_admin.command("  Maxqueue  ERR 5 ") == ["OK"]
    row = fresh_admin.command("jobs limit=1")[0]
    assert f'"{handle}"' in row
    assert fresh_admin.command(f"cancel job {handle}") == ["OK"]
    with pytest.raises(RefusedError, match="does not know this command"):
        fresh_admin.command("frobnicate")
    with pytest.raises(RefusedError) as caught:
        fresh_admin.command("show nonsense")
    assert caught.value.code == "UNKNOWN_SHOW_ARGUMENTS"
    assert fresh_admin.command("status") == ["ERR\t0\t0\t0"]


@pytest.mark.parametrize("line", ["", "  ", "version\nversion", "\n"])
def test_what_is_no_command_is_not_sent(admin: Admin, line: str) -> None:
    with pytest.raises(OptionError, match="is not one line with a command"):
        admin.command(line)


def test_a_unix_socket_will_do(tmp_path: Path) -> None:
    path = f"unix:{tmp_path}/g.sock"
    with (
        running_geartrain("--listen", "127.0.0.1", "--listen", path),
        Admin(path) as it,
    ):
        assert it.command("version")[0].startswith("OK ")


def test_a_job_server_that_hangs_is_told(fresh: RunningServer) -> None:
    with Admin(fresh.address, timeout=0.3) as admin:
        suspend(fresh.process)
        try:
            with pytest.raises(AdminError, match="silent for 0"):
                admin.counters()
        finally:
            fresh.process.send_signal(signal.SIGCONT)


def test_a_job_server_that_dies_is_told(
    fresh: RunningServer, fresh_admin: Admin
) -> None:
    fresh.process.kill()
    with pytest.raises(AdminError, match="ended the connection"):
        fresh_admin.counters()


def test_functions_and_workers_are_told(server: RunningServer, admin: Admin) -> None:
    submit(server, b"told", kind=PacketType.SUBMIT_JOB_HIGH_BG)
    with Wire(server.connect()) as worker:
        worker.send(PacketType.SET_CLIENT_ID, b"ann")
        worker.register(b"told")
        (row,) = (row for row in admin.functions() if row.function == "told")
        assert (row.high, row.normal, row.low) == (1, 0, 0)
        assert (row.running, row.workers) == (0, 1)
        assert admin.function("told").high == row.high
        (serving,) = admin.workers()
        assert (serving.id, serving.functions) == ("ann", ("told",))
    assert "geartrain" in admin.version()
    with pytest.raises(RefusedError, match="UNKNOWN_FUNCTION"):
        admin.function("untold")


class Interrupted(Exception):  # noqa: N818 - as a signal handler raises
    pass


@pytest.mark.parametrize("ask", [Admin.counters, Admin.functions, Admin.version])
def test_an_interrupted_question_leaves_no_answer_to_the_next(
    ask: Callable[[Admin], object], fresh: RunningServer, fresh_admin: Admin
) -> None:
    def interrupt(*_: object) -> None:
        raise Interrupted

    fresh_admin.version()
    before = signal.signal(signal.SIGALRM, interrupt)
    suspend(fresh.process)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(Interrupted):
            ask(fresh_admin)
    finally:
        signal.signal(signal.SIGALRM, before)
        fresh.process.send_signal(signal.SIGCONT)
    with pytest.raises(AdminError, match="ended the connection"):
        fresh_admin.version()
