"""What all listings have in common: sorted, filtered, limited, empty, as JSON."""

from __future__ import annotations

import json

import pytest

from geartrain.admin import Admin
from geartrain.cli.listing import clock
from tests.support.commands import ask, objects
from tests.support.jobs_in_states import bury, submit, submit_many
from tests.support.servers import RunningServer, running_gearmand


def column(server: RunningServer, number: int, *words: str) -> list[str]:
    """Return a column of a table, without its title."""
    status, out, err = ask(server, *words)
    assert (status, err) == (0, ""), err
    return [line.split()[number] for line in out.splitlines()[1:] if line]


@pytest.mark.parametrize(
    ("command", "nothing"),
    [
        ("jobs", "no jobs wait or run"),
        ("dead list", "there are no dead letters"),
        ("history", "the job server remembers no job that has ended"),
        ("functions", "there are no functions yet"),
        ("workers", "no workers are connected"),
        ("counters", "nothing has been counted yet"),
        ("actions", "no operator has changed anything"),
        ("policy", "no settings were changed"),
        ("schedule list", "there are no schedules"),
    ],
)
def test_an_empty_server_is_told_in_one_way(
    fresh: RunningServer, command: str, nothing: str
) -> None:
    assert ask(fresh, *command.split()) == (0, f"{nothing}\n", "")


def test_rows_are_sorted_filtered_and_limited(fresh: RunningServer) -> None:
    submit_many(fresh, b"mail.send", [b"12345"] * 3)
    submit_many(fresh, b"mail.bounce", [b"1", b"123"])
    submit(fresh, b"resize")
    mail = column(fresh, 1, "jobs", "--function", "mail*")
    assert mail == ["mail.send"] * 3 + ["mail.bounce"] * 2
    sizes = ("jobs", "--columns", "size", "--sort", "size", "--limit", "4")
    assert column(fresh, 0, *sizes) == ["5", "5", "5", "4"]
    assert column(fresh, 0, *sizes, "--reverse") == ["1", "3", "4", "5"]
    assert column(fresh, 1, "jobs", "--filter", "size<4") == ["mail.bounce"] * 2
    assert column(
        fresh, 1, "jobs", "--filter", "size>3", "--filter", "function!=mail*"
    ) == ["resize"]
    assert column(fresh, 0, "functions", "--sort", "jobs", "--reverse") == [
        *("resize", "mail.bounce", "mail.send")
    ]
    assert ask(fresh, "jobs", "--filter", "size>99")[1] == "nothing is like that\n"


def test_columns_are_chosen(fresh: RunningServer) -> None:
    submit(fresh, b"mail", unique=b"order-1")
    _, out, _ = ask(fresh, "jobs", "--columns", "unique,function")
    assert [line.split() for line in out.splitlines()] == [
        ["UNIQUE", "FUNCTION"],
        ["order-1", "mail"],
    ]


def test_json_has_the_same_rows(fresh: RunningServer) -> None:
    submit_many(fresh, b"mail", [b"1", b"123"])
    rows = objects(fresh, "jobs", "--sort", "size", "--filter", "function=mail")
    assert [row["size"] for row in rows] == [3, 1]
    (row,) = objects(fresh, "status", "--filter", "normal=2")
    assert (row["function"], row["normal"]) == ("mail", 2)
    assert 0 <= row["oldest"] < 60


def test_a_total_is_the_last_row_and_left_out_of_a_part(fresh: RunningServer) -> None:
    for name in (b"a", b"b", b"c"):
        bury(fresh, name, [b"1"])
    assert column(fresh, 0, "statistics", "--limit", "2")[2:] == ["TOTAL"]
    assert column(fresh, 0, "statistics", "--function", "a") == ["a"]
    assert column(fresh, 0, "statistics", "--function", "[ab]") == ["a", "b"]
    status = column(fresh, 0, "status", "--columns", "function,died", "--sort", "died")
    assert status == ["FUNCTION", "a", "b", "c", "TOTAL"]
    assert "TOTAL" not in ask(fresh, "status", "--filter", "died=1")[1]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--sort", "sise"], "there is no column 'sise': name one of handle, function"),
        (["--columns", "handle,sise"], "there is no column 'sise'"),
        (["--filter", "sise=3"], "there is no column 'sise'"),
        (["--filter", "state>3"], "state is no number"),
        (["--function", ""], "the function is empty"),
        (["--limit", "0"], "0 is not in the range"),
    ],
)
def test_mistakes_are_told_before_anybody_is_asked(
    shared: RunningServer, flags: list[str], words: str
) -> None:
    nobody = ["--server", "127.0.0.1:1"]
    status, out, err = ask(shared, "jobs", *nobody, *flags)
    assert (status, out) == (2, "")
    assert words in err


def test_ages_are_by_the_job_servers_clock(fresh: RunningServer) -> None:
    with Admin(fresh.address) as admin:
        now, total = clock(admin)
        assert total is not None
        assert now == total.time


@pytest.mark.interop
def test_gearmand_has_no_clock() -> None:
    with running_gearmand() as server:
        submit(server, b"mail")
        with Admin(server.address) as admin:
            assert clock(admin)[1] is None
        assert column(server, 0, "functions") == ["mail"]
        (row,) = objects(server, "functions")
        assert row["oldest"] is None


def test_connections_are_workers_and_clients(fresh: RunningServer) -> None:
    (own,) = objects(fresh, "connections")
    assert (own["functions"], own["running"]) == ([], 0)
    assert json.dumps(own["connection"]).isdigit()
    assert objects(fresh, "workers") == []
