"""Statistics and history, asked of a real job server."""

from __future__ import annotations

import pytest

from geartrain.admin import Admin
from geartrain.errors import OptionError, RefusedError, UnknownJobError
from geartrain.protocol.constants import PacketType
from tests.support.jobs_in_states import bury, run_next, submit, submit_many
from tests.support.servers import RunningServer
from tests.support.wire import Wire


def test_one_function_and_all(fresh: RunningServer) -> None:
    bury(fresh, b"two words", [b"1", b"2"])
    submit(fresh, b"mail")
    with Wire(fresh.connect()) as worker:
        handle, _ = run_next(worker, b"mail")
        worker.send(PacketType.WORK_COMPLETE, handle.encode(), b"done")
        assert worker.echoes()
    with Admin(fresh.address) as admin:
        row = admin.statistics("two words", over=60, buckets=True)
        everything = admin.statistics()
    assert row.function == "two words"
    assert row.now["dead"] == 2
    assert row.total.counts["dead"] == row.total.failures["fail"] == 2
    assert row.recent.ran.count == sum(row.recent.ran.buckets or ()) == 2
    assert row.rate("started") == pytest.approx(2 / row.seconds)
    assert everything.function is None
    assert everything.functions == 2
    assert everything.total.counts["succeeded"] == 1
    assert everything.total.waited.buckets is None
    assert everything.total.waited.mean is not None


def test_functions_come_in_slices(fresh: RunningServer) -> None:
    for number in range(12):
        submit_many(fresh, b"f%02d" % number, [b"w"] * (number + 1))
    with Admin(fresh.address) as admin:
        found = [row.function for row in admin.statistics_by_function()]
        first = [row.function for row in admin.statistics_by_function(limit=3)]
        by_name = list(admin.statistics_by_function(sort="function", limit=2))
    assert found == [f"f{number:02}" for number in range(11, -1, -1)]
    assert first == found[:3]
    assert [row.now["waiting"] for row in by_name] == [1, 2]


def test_by_the_minute(fresh: RunningServer) -> None:
    submit(fresh, b"mail")
    with Admin(fresh.address) as admin:
        minutes = admin.statistics_by_time("minute", "mail")
        hours = admin.statistics_by_time("hour", buckets=True)
    assert sum(row.measures.counts["submitted"] for row in minutes) == 1
    assert {row.seconds for row in hours} == {3600.0}
    assert hours[-1].measures.waited.buckets == ()
    assert hours[-1].measures.waited.mean is None


def test_what_is_unknown_is_refused(server: RunningServer) -> None:
    with Admin(server.address) as admin:
        for name in ("never seen", ""):
            with pytest.raises(RefusedError, match="UNKNOWN_FUNCTION"):
                admin.statistics(name)
        with pytest.raises(RefusedError, match="by is minute or hour"):
            admin.statistics_by_time("day")
        with pytest.raises(RefusedError, match="sort is one of"):
            list(admin.statistics_by_function(sort="size"))


def test_what_became_of_jobs(fresh: RunningServer) -> None:
    bury(fresh, b"resize", [b"1"])
    handle = submit(fresh, b"mail")
    with Wire(fresh.connect()) as worker:
        run_next(worker, b"mail")
        worker.send(PacketType.WORK_COMPLETE, handle.encode(), b"done")
        assert worker.echoes()
    with Admin(fresh.address) as admin:
        last, first = admin.history()
        (row,) = admin.job(handle)
        assert [each.handle for each in admin.history(state="dead")] == [first.handle]
        assert list(admin.history(limit=1)) == [last]
        with pytest.raises(UnknownJobError):
            admin.job("H:none:1")
        with pytest.raises(OptionError, match="the error is empty"):
            admin.history(error="")
        with pytest.raises(RefusedError, match="state is succeeded, failed"):
            list(admin.history(state="done"))
    assert row == last
    assert (row.status, row.result_size, row.workload) == ("succeeded", 4, None)
    (attempt,) = row.story
    assert attempt.outcome == "succeeded"
    assert row.ended == attempt.ended
    assert (first.status, first.story[0].outcome) == ("dead", "fail")


def test_the_start_of_the_server_is_marked(fresh: RunningServer) -> None:
    with Admin(fresh.address) as admin:
        (start,) = admin.marks()
        assert list(admin.marks(function="f", limit=5)) == [start]
    assert (start.mark, start.function, start.seconds) == ("started", None, None)
    assert start.version


def test_kinds_of_failures_are_told(fresh: RunningServer) -> None:
    bury(fresh, b"mail", [b"1", b"2"], b"no route")
    with Admin(fresh.address) as admin:
        (row,) = admin.failures()
        assert (row.function, row.error, row.count) == ("mail", "no route", 2)
        assert admin.failures(function="other") == []


def test_dead_letters_are_grouped_by_what_went_wrong(fresh: RunningServer) -> None:
    handles = bury(fresh, b"mail", [b"1"], b"no route to 10.0.0.7\nat 3")
    handles += bury(fresh, b"mail", [b"2"], b"no route to 10.0.0.8\nat 3")
    bury(fresh, b"report", [b"3"])
    with Admin(fresh.address) as admin:
        first, second = admin.dead_groups()
        assert (first.function, first.reason) == ("mail", "exception")
        assert (first.kind, first.count) == ("no route to #", 2)
        assert first.error == "no route to 10.0.0.8"
        found = admin.dead_list(kind=first.kind, order="newest")
        assert [row.handle for row in found] == handles[::-1]
        assert first.handle in handles
        assert first.first <= first.last
        assert (second.function, second.error) == ("report", None)
        assert admin.dead_groups(function="report") == [second]
        assert admin.dead_groups(limit=1) == [first]
