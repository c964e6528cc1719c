"""What is asked for a screen: no more than is on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from geartrain.admin import Admin
from geartrain.errors import OptionError
from geartrain.top.page import Visit
from geartrain.top.pages import page_named
from geartrain.top.position import Position
from geartrain.top.sampler import Sample, Sampler, check
from geartrain.top.search import read_search
from geartrain.transport.address import parse_address
from geartrain.transport.connect import SocketConnector
from tests.support.access import SHOP, TOKENS
from tests.support.jobs_in_states import bury, submit, submit_many
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.servers import RunningServer, running_gearmand, running_geartrain
from tests.support.suspending import suspend
from tests.support.waiting import wait_until


def sampled(
    server: RunningServer,
    page: str,
    text: str = "",
    rows: int = 50,
    token: str | None = None,
) -> Sample:
    connector = SocketConnector(parse_address(server.address))
    wanted = Position(page_named(page), read_search(text)).wanted(rows)
    with Admin(server.address, token=token) as admin:
        return Sampler(connector).sample(admin, wanted)


class Listening(Admin):
    """Remembers what it has asked."""

    lines: list[str]

    def __init__(self, server: str) -> None:
        super().__init__(server)
        self.lines = []
        send = self._connection._send

        def remember(lines: list[str]) -> None:
            self.lines += lines
            send(lines)

        self._connection._send = remember  # type: ignore[method-assign,assignment]


def asked(server: RunningServer, page: str, text: str = "", rows: int = 5) -> list[str]:
    connector = SocketConnector(parse_address(server.address))
    wanted = Position(page_named(page), read_search(text)).wanted(rows)
    with Listening(server.address) as admin:
        Sampler(connector).sample(admin, wanted)
        return admin.lines


def test_only_rows_that_are_on_the_screen_are_asked_for(server: RunningServer) -> None:
    submit_many(server, b"mail", [b"1"] * 30)
    sample = sampled(server, "jobs", rows=5)
    assert len(sample.rows) == 5
    assert sample.has_more
    assert "jobs limit=6" in asked(server, "jobs")
    assert "statistics sort=waiting over=1 limit=6" in asked(server, "functions")


def test_what_the_server_can_search_by_it_is_asked_by(server: RunningServer) -> None:
    submit(server, b"mail")
    lines = asked(server, "jobs", "function=mail state=ready")
    assert "jobs function=mail state=ready limit=6" in lines
    lines = asked(server, "jobs", "function=mail* age>10m")
    assert "jobs function=mail* older=600.000 limit=6" in lines
    lines = asked(server, "history", "state=dead unique=u")
    assert "history state=dead unique=u limit=6" in lines
    lines = asked(server, "functions", "function=mail*")
    assert "statistics match=mail* sort=waiting over=1 limit=6" in lines
    lines = asked(server, "workers", "kind=worker")
    assert "show connections kind=worker sort=-running limit=6" in lines
    assert "jobs limit=1000" in asked(server, "jobs", "mail")


@pytest.mark.parametrize("column", sorted(page_named("functions").sorts))
@pytest.mark.parametrize("is_reverse", [False, True])
def test_the_server_sorts_by_what_it_is_asked_to(
    server: RunningServer, column: str, is_reverse: bool
) -> None:
    submit(server, b"mail")
    connector = SocketConnector(parse_address(server.address))
    position = Position(page_named("functions"), sort=column, is_reverse=is_reverse)
    with Admin(server.address) as admin:
        assert Sampler(connector).sample(admin, position.wanted(5)).rows


def test_rows_are_searched_here_by_what_the_server_cannot(
    server: RunningServer,
) -> None:
    submit_many(server, b"mail", [b"1", b"12345"])
    (row,) = sampled(server, "jobs", "size>3").rows
    assert row.size == 5


def test_failures_are_grouped_by_function_and_error(server: RunningServer) -> None:
    bury(server, b"mail", [b"1", b"2"], b"no route\nmore")
    bury(server, b"report", [b"3"], b"disk full")
    rows = sampled(server, "failures").rows
    found = {(row.function, row.error): row.dead for row in rows}
    assert found == {("mail", "no route"): 2, ("report", "disk full"): 1}


def test_jobs_that_failed_without_a_dead_letter_are_there(
    fresh: RunningServer,
) -> None:
    with Admin(fresh.address) as admin:
        admin.set_policy("preview", {"dead_letter": False})
    bury(fresh, b"preview", [b"1", b"2"], b"no picture")
    (group,) = sampled(fresh, "failures").rows
    assert (group.function, group.error) == ("preview", "no picture")
    assert (group.dead, group.failed) == (0, 2)


def test_a_group_of_a_long_error_leads_to_its_letters(server: RunningServer) -> None:
    bury(server, b"mail", [b"1"], b"no [route] to host " * 40)
    page = page_named("failures")
    (group,) = sampled(server, "failures").rows
    visit = page.leads_to(group)
    assert isinstance(visit, Visit)
    (row,) = sampled(server, visit.page, visit.search).rows
    assert row.function == "mail"


def test_minutes_and_problems_are_there(server: RunningServer) -> None:
    submit(server, b"unserved")
    sample = sampled(server, "functions")
    assert sample.problems
    assert sample.total is not None
    assert sample.total.minutes
    assert sample.load["waiting"] == 1
    assert sample.now > 1.7e9


def test_gearmand_is_asked_but_once_what_it_does_not_know() -> None:
    with running_gearmand() as gearmand:
        submit(gearmand, b"mail")
        connector = SocketConnector(parse_address(gearmand.address))
        sampler = Sampler(connector)
        wanted = Position(page_named("functions")).wanted(5)
        with Listening(gearmand.address) as admin:
            sample = sampler.sample(admin, wanted)
            (row,) = sample.rows
            assert (row["function"], row["waiting"], row["in"]) == ("mail", 1, None)
            assert (sample.problems, sample.total) == (None, None)
            assert sample.load == {"waiting": 1, "running": 0}
            admin.lines.clear()
            sampler.sample(admin, wanted)
            assert not [each for each in admin.lines if "problems" in each]
            assert not [each for each in admin.lines if "limit=0" in each]


@pytest.mark.parametrize("text", ["colour=red", "state>5", "age>soon"])
def test_a_wrong_search_is_told_before_anybody_is_asked(text: str) -> None:
    connector = SocketConnector(parse_address("127.0.0.1:1"))
    position = Position(page_named("jobs"), read_search(text))
    with pytest.raises(OptionError):
        check(connector, position.wanted(1))


def test_who_may_see_nothing_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "geartrain.toml").write_text(SHOP)
    with running_geartrain("--config", str(tmp_path / "geartrain.toml")) as server:
        for principal, expected in (("viewer", ""), ("worker", "may not see anything")):
            token = TOKENS[principal].decode()
            assert expected in sampled(server, "functions", token=token).refusal
            assert (sampled(server, "jobs", token=token).refusal == "") is (
                not expected
            )


def test_rows_of_all_on_one_store_name_their_job_server(
    database: PostgresqlServer,
) -> None:
    store = ("--store", database.url())
    with (
        running_geartrain(*store, "--node-name", "one") as one,
        running_geartrain(*store, "--node-name", "other") as other,
    ):
        assert "node" not in names_of(sampled(one, "jobs"))
        submit(one, b"own")
        submit(other, b"own")
        bury(other, b"buried", [b"w"])
        wait_until(lambda: len(sampled(one, "jobs").rows) == 2)
        for page, nodes in (("jobs", [None, "other"]), ("dead", ["other"])):
            sample = sampled(one, page)
            assert [row.node for row in sample.rows] == nodes
            assert "node" in names_of(sample)
        suspend(other.process)
        (note,) = sampled(one, "jobs").notes
        assert note.startswith("other (")
        assert note.endswith(" did not answer")


def names_of(sample: Sample) -> list[str]:
    return [column.name for column in sample.columns]
