"""What an ``Admin`` does to many jobs, with a real job server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from geartrain.admin import Admin, requests
from geartrain.errors import OptionError, RefusedError, UnknownJobError
from tests.support.jobs_in_states import bury, submit, submit_later, submit_many
from tests.support.servers import RunningServer


@pytest.fixture
def admin(fresh: RunningServer) -> Iterator[Admin]:
    with Admin(fresh.address) as connected:
        yield connected


def test_functions_are_steered(admin: Admin, fresh: RunningServer) -> None:
    submit(fresh, b"two words")
    admin.pause("two *")
    admin.drain("two words")
    (row,) = admin.functions()
    assert (row.paused, row.draining) == (True, True)
    admin.resume("*")
    (row,) = admin.functions()
    assert (row.paused, row.draining) == (False, False)


def test_jobs_are_steered(admin: Admin, fresh: RunningServer) -> None:
    handle = submit_later(fresh, b"mail", 900, b"u")
    submit_many(fresh, b"mail", [b"w"] * 5)
    assert admin.run_all(function="mail", count=True) == 1
    admin.run(handle)
    admin.prioritize(handle, "high")
    assert admin.prioritize_all("low", function="mail") == 6
    admin.move(handle, "two words")
    assert admin.move_all("two words", function="mail") == 5
    assert admin.purge("two words", state="scheduled") == 0
    assert admin.purge("two words", count=True) == 6
    assert admin.cancel_all(unique="u") == 1
    assert admin.purge("two words") == 5
    assert list(admin.jobs()) == []


def test_how_many_were_so_far_is_told(
    admin: Admin, fresh: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit_many(fresh, b"mail", [b"w"] * 4500)
    monkeypatch.setattr(requests, "_SWEPT", 1)
    counts: list[int] = []
    admin.report_counts(counts.append)
    assert admin.cancel_all(function="mail", error="no", count=True) == 0
    # They are counted 2,000 at a time, and changed 400 at a time.
    assert counts == [0, 0]
    counts.clear()
    assert admin.cancel_all(function="mail", error="no") == 0
    assert counts == [0] * 11
    assert admin.purge("mail") == 4500


def test_dead_letters_are_steered(admin: Admin, fresh: RunningServer) -> None:
    bury(fresh, b"mail", [b"1", b"2"])
    bury(fresh, b"mail", [b"3"], b"no route")
    assert admin.move_dead("post", error="no route") == 1
    assert admin.dead_retry_all(function="mail", reason="fail", count=True) == 2
    assert admin.dead_retry_all(function="mail") == 2
    assert admin.dead_drop_all() == 1
    assert list(admin.dead_list()) == []


def test_what_was_done_is_told(admin: Admin, fresh: RunningServer) -> None:
    admin.pause("f")
    admin.drain("g")
    first, second = admin.actions()
    assert (first.command, second.command) == ("drain", "pause")
    assert (first.function, first.address, first.count) == ("g", "127.0.0.1", 1)
    assert [each.number for each in admin.actions(function="f")] == [1]
    assert [each.number for each in admin.actions(limit=1)] == [2]


def test_what_cannot_be_done_raises(admin: Admin, fresh: RunningServer) -> None:
    with pytest.raises(UnknownJobError):
        admin.run("H:no:1")
    with pytest.raises(UnknownJobError):
        admin.move("H:no:1", "f")
    with pytest.raises(UnknownJobError):
        admin.prioritize("H:no:1", "low")
    admin.drain("full")
    with pytest.raises(RefusedError, match="'full' is draining"):
        admin.move_all("full", function="f")
    with pytest.raises(RefusedError, match="name function=, state=, unique="):
        admin.cancel_all()
    with pytest.raises(OptionError, match="the function is empty"):
        admin.cancel_all(function="")
