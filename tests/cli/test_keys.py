"""``geartrain keys``, and what ``functions`` tells of limits."""

from __future__ import annotations

from tests.support.commands import ask, objects
from tests.support.keys_at_work import submit_accounts
from tests.support.servers import RunningServer
from tests.support.wire import Wire


def test_keys_are_shown_with_what_they_wait_for(fresh: RunningServer) -> None:
    with Wire(fresh.connect()) as wire:
        submit_accounts(fresh, wire)
        status, out, _ = ask(fresh, "keys", "sync", "--columns", "key,held,waits-for")
        assert status == 0
        assert [line.split(maxsplit=2) for line in out.splitlines()[1:]] == [
            ["account-7", "2", "a place of the key"],
            ["account-8", "0", "-"],
        ]
        (row,) = objects(fresh, "keys", "sync", "--match", "8")
        assert (row["key"], row["limit"]) == ("account-8", None)
        (row,) = objects(fresh, "functions")
        assert (row["held"], row["next"]) == (2, None)


def test_a_function_without_keys_says_so(fresh: RunningServer) -> None:
    with Wire(fresh.connect()) as wire:
        wire.register(b"sync")
        assert ask(fresh, "keys", "sync")[1].startswith("no job of the function has")


def test_the_jobs_of_a_key_are_listed_and_cancelled(fresh: RunningServer) -> None:
    with Wire(fresh.connect()) as wire:
        submit_accounts(fresh, wire)
        assert len(objects(fresh, "jobs", "--key", "account-7")) == 3
        status, out, _ = ask(fresh, "cancel", "--key", "account-7", "--yes")
        assert (status, out) == (0, "3 cancelled\n")
        assert len(objects(fresh, "jobs")) == 1
