"""Lanes that many restarts have left behind, and what is in them."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import inf

import psycopg
import pytest

from geartrain.engine.batches import Batch
from geartrain.engine.inventory import LANES
from geartrain.engine.model.health import Health
from geartrain.engine.queries import ListJobs
from geartrain.engine.results import FindResult, ResultRecord
from geartrain.errors import StoreError
from geartrain.stores.postgresql import leases, ownership
from geartrain.stores.postgresql import store as store_module
from geartrain.stores.postgresql.emptying import MANY
from geartrain.stores.postgresql.session import (
    DatabaseSession,
    SessionLostError,
    Unanswered,
)
from geartrain.stores.postgresql.store import PostgresqlStore
from tests.support.kept_endings import ending, kept_serials
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.store_records import (
    batch,
    burials,
    dead_numbers,
    delayed,
    due_page,
    found_by_key,
    keyed,
    numbers,
    page,
    record,
)

Opened = Callable[..., PostgresqlStore]

# What the lanes have between them.
JOBS = 300
READY = list(range(1, JOBS + 1))
DUE = list(range(1001, 1001 + JOBS))
DEAD = list(range(2001, 2001 + JOBS))
RESULTS = list(range(3001, 3001 + JOBS))

HELD = "SELECT count(*) FROM geartrain.lane WHERE node IS NOT NULL AND id > 0"
# What the tally says of each lane that is not what is there.
WRONG = """
    SELECT lane, function, ready, delayed, dead FROM (
        SELECT lane, function, sum(ready) AS ready, sum(delayed) AS delayed,
            sum(dead) AS dead FROM geartrain.tally GROUP BY 1, 2) AS said
        WHERE (ready, delayed, dead) <> (0, 0, 0)
    EXCEPT SELECT lane, function, count(*) FILTER (WHERE due = 0 AND NOT is_dead),
        count(*) FILTER (WHERE due > 0 AND NOT is_dead), count(*) FILTER (WHERE is_dead)
        FROM geartrain.job GROUP BY 1, 2
"""


@pytest.fixture(autouse=True)
def _always_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_LOOK_EVERY", 0.0)


def leave_behind(server: PostgresqlServer, opened: Opened, lanes: int) -> None:
    """Have a dead node leave jobs, results and endings in many lanes."""
    one = opened()
    kept = [keyed(n, b"k%d" % n, is_tentative=True) for n in READY]
    kept += [delayed(n, 50.0 + n, is_steady=True) for n in DUE]
    buried = burials(*DEAD).buried
    results = {n: ResultRecord(n, b"H:x:%d" % n, b"f") for n in RESULTS}
    for each in results.values():
        each.expires = 2000.0
    endings = [ending(serial) for serial in range(1, JOBS + 1)]
    dead = [record(n) for n in DEAD]
    one.commit(batch(*kept, *dead, results=results, endings=endings))
    one.commit(batch(buried=buried))
    server.ask(
        "INSERT INTO geartrain.lane(id, node) SELECT new.id, node FROM geartrain.lane"
        f" AS first, generate_series(2, {lanes}) AS new(id) WHERE first.id = 1"
    )
    for table, number in (
        ("job", "number"),
        ("result", "number"),
        ("ending", "serial"),
    ):
        server.ask(f"UPDATE geartrain.{table} SET lane = 1 + mod({number}, {lanes})")
    server.ask("DELETE FROM geartrain.tally")
    server.ask(
        "INSERT INTO geartrain.tally SELECT lane, 9, priority,"
        " count(*) FILTER (WHERE due = 0 AND NOT is_dead),"
        " count(*) FILTER (WHERE due > 0 AND NOT is_dead),"
        " count(*) FILTER (WHERE is_dead), function, queue_key"
        " FROM geartrain.job GROUP BY lane, priority, function, queue_key"
    )
    one.close()


def check(server: PostgresqlServer, store: PostgresqlStore) -> None:
    """See that everything is there, once, however it is asked for."""
    assert numbers(store) == READY + DUE
    assert dead_numbers(store) == DEAD
    assert [each.number for each in page(store)] == READY
    due = due_page(store, inf, is_steady=True)
    assert [each.number for each in due.records] == DUE
    assert found_by_key(store, b"k7") == 7
    for number in RESULTS[::50]:
        result = FindResult(1000.0, number)
        store.answer(result)
        assert result.record is not None
    assert server.ask("SELECT count(*) FROM geartrain.ending") == [(JOBS,)]
    assert server.ask(WRONG) == []


def held(server: PostgresqlServer) -> int:
    ((count,),) = server.ask(HELD)
    assert isinstance(count, int)
    return count


def test_what_is_left_in_many_lanes_is_moved_until_there_are_few(
    server: PostgresqlServer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_behind(server, opened, 300)
    heir = opened()
    # It was told of all when it was opened.
    assert heir.adopted == ()
    check(server, heir)
    before = held(server)
    assert before > 200
    other = opened()
    heir.probe(Health())
    check(server, heir)
    assert MANY < held(server) < before
    # It dies in the middle, and another goes on with all of it.
    other.probe(Health())
    monkeypatch.setattr(ownership, "monotonic", lambda: time.monotonic() + 11)
    monkeypatch.setattr(leases, "_MOST_BETWEEN", inf)
    server.ask("UPDATE geartrain.node SET process = 'elsewhere 1 1'")
    other.probe(Health())
    with pytest.raises(StoreError, match="taken over"):
        heir.probe(Health())
    check(server, other)
    for _ in range(300):
        if held(server) <= MANY:
            break
        other.probe(Health())
    assert MANY - 20 <= held(server) <= MANY
    check(server, other)
    other.commit(batch(record(9001), ended=[*READY, *DUE, *DEAD]))
    assert (numbers(other), dead_numbers(other)) == ([9001], [])
    assert server.ask(WRONG) == []


def test_lists_go_on_while_jobs_are_moved(
    server: PostgresqlServer, opened: Opened
) -> None:
    leave_behind(server, opened, 200)
    heir = opened()
    listed: list[int] = []
    query = ListJobs(b"", 50, None)
    while True:
        heir.list_jobs(query)
        listed += [each.number for each in query.records]
        if not query.following:
            break
        query = ListJobs(query.following, 50, None)
        heir.probe(Health())
    assert listed == READY + DUE


def test_few_lanes_are_left_as_they_are(
    server: PostgresqlServer, opened: Opened
) -> None:
    leave_behind(server, opened, MANY)
    heir = opened()
    heir.probe(Health())
    assert held(server) == MANY
    assert server.ask("SELECT count(DISTINCT lane) FROM geartrain.job") == [(MANY,)]


def test_a_newcomer_starts_once_lanes_are_free(
    server: PostgresqlServer, opened: Opened
) -> None:
    leave_behind(server, opened, LANES - 1)
    server.ask(
        "INSERT INTO geartrain.job(number, due, claim, size, lane, priority, is_dead,"
        " function, queue_key, head, workload) SELECT 100000 + id, 0, 0, 0, id, 1,"
        " true, 'lost', '', head, '' FROM geartrain.lane AS lane"
        f" JOIN geartrain.job AS job ON job.number = {DEAD[0]}"
    )
    heir = opened()
    (taken,) = server.ask("SELECT min(node), max(node) FROM geartrain.lane")
    assert taken[0] == taken[1]
    # Each lane has a dead letter, so the first that are free are those just emptied.
    assert held(server) == LANES - 1 - 20
    server.ask(f"UPDATE geartrain.lane SET node = {taken[0]}")
    with pytest.raises(StoreError, match=r"1023 lanes, .* start again in a minute"):
        PostgresqlStore(server.url(), "disk").open()
    heir.probe(Health())
    newcomer = opened()
    newcomer.commit(batch(record(9001)))
    assert numbers(newcomer) == [9001]
    assert len(dead_numbers(heir)) == JOBS + LANES - 1


def test_numbers_of_a_lane_that_was_emptied_go_on(
    server: PostgresqlServer, opened: Opened
) -> None:
    leave_behind(server, opened, 100)
    far = 2**60
    server.ask(f"UPDATE geartrain.lane SET reserved = {far}")
    opened()
    store = PostgresqlStore(server.url(), "disk")
    assert store.open().reserved > far
    store.close()


def first_and_all(store: PostgresqlStore) -> tuple[list[int], int]:
    """Return the serials that are listed first, and how many are listed."""
    serials = kept_serials(store)
    return serials[:3], len(serials)


def test_endings_keep_their_order_behind_those_of_another_lane(
    server: PostgresqlServer, opened: Opened
) -> None:
    leave_behind(server, opened, 100)
    heir = opened()
    assert first_and_all(heir) == ([300, 200, 100], JOBS)
    heir.commit(Batch(1))
    for _ in range(10):
        heir.probe(Health())
    assert first_and_all(heir) == ([300, 200, 100], JOBS)
    assert server.ask("SELECT count(*) FROM geartrain.ending") == [(JOBS,)]


def test_what_another_node_holds_is_moved_later(
    server: PostgresqlServer, opened: Opened
) -> None:
    leave_behind(server, opened, 100)
    with psycopg.connect(server.url()) as another:
        another.execute("SELECT 1 FROM geartrain.job FOR UPDATE")
        heir = opened()
        heir.probe(Health())
        assert server.ask("SELECT count(DISTINCT lane) FROM geartrain.job") == [(100,)]
    for _ in range(3):
        heir.probe(Health())
    assert held(server) < 100
    check(server, heir)


def test_a_lane_that_was_given_up_without_an_answer_is_asked_for_no_more(
    server: PostgresqlServer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_FREE_EVERY", 0.0)
    one, two = opened(), opened()
    one.commit(batch(record(1)))
    one.close()
    two.probe(Health())
    two.commit(Batch(1))
    assert numbers(two) == [1]
    send = DatabaseSession.send
    sent: list[str] = []

    def lose(self: DatabaseSession, text: str, *values: object) -> Unanswered:
        done = send(self, text, *values)
        if text == "COMMIT" and "SET node = NULL" in sent[-1]:
            self.connection.close()
            raise psycopg.OperationalError("no answer")
        sent.append(text)
        return done

    two._freed = inf
    two.commit(batch(ended=[1]))
    two._freed = 0.0
    with monkeypatch.context() as losing:
        losing.setattr(DatabaseSession, "send", lose)
        with pytest.raises(SessionLostError):
            two.probe(Health())
    third = opened()
    third.commit(batch(record(5)))
    assert (numbers(two), numbers(third)) == ([], [5])
    two.probe(Health())
    assert (numbers(two), numbers(third)) == ([], [5])
