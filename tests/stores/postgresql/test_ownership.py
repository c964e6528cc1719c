"""Several job servers that keep their jobs in one database."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from math import inf

import psycopg
import pytest

from geartrain.engine.endings import FURTHER, ListEndings
from geartrain.engine.inventory import LANES, Inventory
from geartrain.engine.model.health import Health
from geartrain.engine.model.shares import Share
from geartrain.engine.queries import FindJob
from geartrain.engine.results import FindResult, ResultRecord
from geartrain.errors import StoreError
from geartrain.stores.postgresql import holders, leases, ownership
from geartrain.stores.postgresql.ownership import LeaseLostError, Ownership
from geartrain.stores.postgresql.reading import _READY_PAGE
from geartrain.stores.postgresql.session import DatabaseSession
from geartrain.stores.postgresql.store import PostgresqlStore
from tests.support.kept_endings import ending, keeping, kept_serials
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.store_records import (
    batch,
    counts,
    delayed,
    entries_of,
    found_by_key,
    keyed,
    numbers,
    page,
    record,
    schedule,
)

COVERS = ("stores/postgresql/answers", "stores/postgresql/holders")

pytestmark = pytest.mark.usefixtures("always_looking")

Opened = Callable[..., PostgresqlStore]

PROGRESS = (b"shared-progress", b"nightly")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have who starts not wait long for others to renew their leases."""
    monkeypatch.setattr(holders, "_RENEWED_WITHIN", 0.01)


@pytest.fixture
def let_lease_pass(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what has the steady clock of all nodes go on by more than a lease."""

    def go_on() -> None:
        for module in (holders, ownership):
            monkeypatch.setattr(module, "monotonic", lambda: time.monotonic() + 11)
        monkeypatch.setattr(leases, "_MOST_BETWEEN", inf)

    return go_on


def set_leases(server: PostgresqlServer, difference: str) -> None:
    """Move the leases of nodes as if the database's clock were set the other way.

    Nobody can tell where the processes of these nodes are.
    """
    server.ask(
        "UPDATE geartrain.node SET process = 'elsewhere 1 1',"
        f" lease_until = lease_until + interval '{difference}'"
    )


def inherited(store: PostgresqlStore) -> list[Inventory]:
    """Return what a store has taken over by now."""
    store.probe(Health())
    taken, store.adopted = store.adopted, ()
    return [*taken]


def test_each_has_a_lane_and_sees_its_own_jobs(server: PostgresqlServer) -> None:
    stores = [PostgresqlStore(server.url(), "disk") for _ in range(3)]
    inventories = [store.open() for store in stores]
    assert [each.stride for each in inventories] == [LANES] * 3
    assert [each.reserved % LANES for each in inventories] == [1, 2, 3]
    now = (time.time() - 1_767_225_600) * 1_000_000
    for each in inventories:
        assert abs(each.reserved // LANES - now) < 60_000_000
    for number, store in enumerate(stores, 1):
        store.commit(batch(keyed(number, b"k%d" % number), record(number + 10)))
    for number, store in enumerate(stores, 1):
        assert numbers(store) == [number, number + 10]
        assert found_by_key(store, b"k%d" % number) == number
        assert found_by_key(store, b"k1") == (1 if number == 1 else 0)
        store.commit(batch(ended=[11]))
        store.close()
    assert [store.open().reserved > 0 for store in stores[:1]] == [True]
    stores[0].close()


def test_what_a_node_leaves_in_order_is_gone_on_with(opened: Opened) -> None:
    one, other = opened(), opened()
    one.commit(
        batch(
            record(1),
            delayed(2, 50.0, is_steady=True),
            schedules=[schedule(7)],
            entries={(b"owner", b"a"): b"1 2", (b"both", b"b"): b"one's"},
        )
    )
    other.commit(batch(record(3), entries={(b"both", b"b"): b"other's"}))
    assert inherited(other) == []
    one.close()
    (inventory,) = inherited(other)
    assert counts(inventory) == {(b"resize", 1): (1, 1, 0.0, 50.0, 0)}
    assert [each.number for each in inventory.schedules] == [7]
    assert (b"owner", b"a", b"1 2") in entries_of(inventory)
    assert [each.number for each in page(other)] == [1, 3]
    assert numbers(other) == [1, 2, 3]
    other.commit(batch(record(4), ended=[1]))
    assert inherited(other) == []
    other.close()
    rest = one.open()
    assert numbers(one) == [2, 3, 4]
    assert entries_of(rest) == [(b"both", b"b", b"other's"), (b"owner", b"a", b"1 2")]


@pytest.mark.parametrize("by_its_clock", ["-11 s", "-1 h", "1 h"])
def test_a_node_whose_lease_ended_is_taken_over_and_writes_no_more(
    server: PostgresqlServer,
    opened: Opened,
    let_lease_pass: Callable[[], None],
    by_its_clock: str,
) -> None:
    one, other = opened(), opened()
    one.commit(batch(record(1)))
    set_leases(server, by_its_clock)
    assert inherited(other) == []
    let_lease_pass()
    (inventory,) = inherited(other)
    assert counts(inventory) == {(b"resize", 1): (1, 0, 0.0, 0.0, 0)}
    with pytest.raises(LeaseLostError):
        one.commit(batch(record(2), ended=[1]))
    assert one.is_lost
    with pytest.raises(LeaseLostError):
        one.probe(Health())
    assert [each.number for each in page(other)] == [1]
    one.close()
    third = opened()
    assert numbers(third) == []
    assert numbers(other) == [1]


@pytest.mark.parametrize("difference", ["-1 h", "1 h"])
def test_a_clock_of_the_database_that_is_set_takes_nothing_from_anybody(
    server: PostgresqlServer, opened: Opened, difference: str
) -> None:
    one, other = opened(), opened()
    one.commit(batch(record(1)))
    # Each sees that the other has come.
    assert inherited(one) == inherited(other) == []
    set_leases(server, difference)
    assert inherited(other) == inherited(one) == []
    assert (one.is_leading, other.is_leading) == (True, False)
    assert [each.share for each in (one, other)] == [Share(2, 0), Share(2, 1)]
    one.commit(batch(record(2)))
    other.commit(batch(record(3)))
    assert (numbers(one), numbers(other)) == ([1, 2], [3])


def test_who_comes_after_all_have_died_starts_and_inherits_later(
    server: PostgresqlServer, opened: Opened, let_lease_pass: Callable[[], None]
) -> None:
    one, other = opened(), opened()
    one.commit(batch(record(1)))
    other.commit(batch(record(2)))
    set_leases(server, "-11 s")
    third = opened()
    third.commit(batch(record(3)))
    assert inherited(third) == []
    assert (numbers(third), third.is_leading) == ([3], False)
    let_lease_pass()
    assert len(inherited(third)) == 1
    assert (numbers(third), third.is_leading) == ([1, 2, 3], True)


@pytest.mark.parametrize("difference", ["-1 h", "-11 s", "1 h"])
def test_who_starts_takes_nothing_from_those_that_live(
    server: PostgresqlServer, opened: Opened, difference: str
) -> None:
    """The database's clock was set, or it was away for longer than a lease."""
    one, other = opened(), opened()
    one.commit(batch(record(1)))
    set_leases(server, difference)
    third = opened()
    assert inherited(third) == []
    assert (numbers(third), third.is_leading) == ([], False)
    one.commit(batch(record(2)))
    other.commit(batch(record(3)))
    assert (numbers(one), numbers(other)) == ([1, 2], [3])
    assert one.is_leading
    assert server.ask("SELECT count(*) FROM geartrain.node") == [(3,)]


def test_what_was_seen_in_an_earlier_life_is_forgotten(
    server: PostgresqlServer, opened: Opened, let_lease_pass: Callable[[], None]
) -> None:
    one, other = opened(), opened()
    one.commit(batch(record(1)))
    set_leases(server, "-11 s")
    assert inherited(other) == []
    other.close()
    let_lease_pass()
    other.open()
    assert other.adopted == ()
    one.commit(batch(record(2)))
    assert numbers(one) == [1, 2]


def test_a_lease_that_is_renewed_at_the_last_moment_lasts_whatever_the_clock(
    server: PostgresqlServer,
    opened: Opened,
    let_lease_pass: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = opened(), opened()
    one.commit(batch(record(1)))
    set_leases(server, "-1 h")
    assert inherited(other) == []
    let_lease_pass()
    inherit = Ownership.inherit

    def renewed(owner: Ownership, session: DatabaseSession) -> tuple[list[int], bool]:
        """Have the lease renewed after the look, by a clock that has been set."""
        set_leases(server, "1 s")
        return inherit(owner, session)

    monkeypatch.setattr(Ownership, "inherit", renewed)
    assert inherited(other) == []
    one.commit(batch(record(2)))
    assert numbers(one) == [1, 2]


def test_who_was_taken_over_writes_nothing_any_more(
    server: PostgresqlServer, opened: Opened, let_lease_pass: Callable[[], None]
) -> None:
    first = opened()
    first.commit(batch(record(1)))
    set_leases(server, "-11 s")
    second = opened()
    let_lease_pass()
    assert len(inherited(second)) == 1
    with pytest.raises(LeaseLostError, match="taken over by another job server"):
        first.commit(batch(record(2), ended=[1]))
    with pytest.raises(LeaseLostError):
        first.commit(batch(record(3)))
    assert numbers(second) == [1]
    second.commit(batch(record(4)))
    first.close()
    second.commit(batch(record(5)))
    assert numbers(second) == [1, 4, 5]


def test_a_lease_that_ended_and_that_nobody_took_goes_on(
    server: PostgresqlServer, opened: Opened
) -> None:
    store = opened()
    server.ask("UPDATE geartrain.node SET lease_until = now() - interval '1 s'")
    store.commit(batch(record(1)))
    assert numbers(store) == [1]


def test_the_server_of_another_machine_is_waited_for(
    server: PostgresqlServer, opened: Opened
) -> None:
    opened()
    server.ask("UPDATE geartrain.node SET process = 'elsewhere 1 1', name = 'x\n'")
    with pytest.raises(StoreError, match=r"in use by another job server: x\\n at .*"):
        opened("?shared=no")


@pytest.mark.parametrize("difference", ["-1 h", "1 h"])
def test_one_that_is_to_be_alone_refuses_a_server_whose_lease_is_renewed(
    server: PostgresqlServer, opened: Opened, difference: str
) -> None:
    """What the database's clock says of it tells nothing."""
    one = opened()
    one.commit(batch(record(1)))
    set_leases(server, difference)
    renewal = threading.Timer(0.5, set_leases, (server, "1 s"))
    renewal.start()
    try:
        with pytest.raises(StoreError, match="in use by another job server"):
            opened("?shared=no")
    finally:
        renewal.join()
    one.commit(batch(record(2)))
    assert numbers(one) == [1, 2]


@pytest.mark.parametrize("difference", ["-1 h", "1 h"])
def test_one_that_is_to_be_alone_waits_for_a_lease_that_nobody_renews(
    server: PostgresqlServer,
    opened: Opened,
    monkeypatch: pytest.MonkeyPatch,
    difference: str,
) -> None:
    one, other = opened(), opened()
    one.commit(batch(record(1)))
    other.commit(batch(record(2)))
    set_leases(server, difference)
    monkeypatch.setattr(ownership, "LEASE", 1.0)
    began = time.monotonic()
    alone = opened("?shared=no")
    assert 1.0 <= time.monotonic() - began < 5.0
    assert numbers(alone) == [1, 2]
    assert alone.is_leading


def test_who_finds_no_lane_waits_for_a_lease_that_nobody_renews(
    server: PostgresqlServer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one that is started again and again never lives long enough to inherit."""
    one, other = opened(), opened()
    one.commit(batch(record(1)))
    other.commit(batch(record(2)))
    monkeypatch.setattr(ownership, "LANES", 3)
    server.ask("UPDATE geartrain.node SET process = 'elsewhere 1 1'")
    with pytest.raises(StoreError, match="has 2 lanes, which all"):
        opened()
    set_leases(server, "-11 s")
    monkeypatch.setattr(ownership, "LEASE", 1.0)
    third = opened()
    assert numbers(third) == [1, 2]
    third.probe(Health())
    assert third.share == Share(1, 0)


def test_nodes_and_their_lanes_are_told(
    server: PostgresqlServer, opened: Opened
) -> None:
    one = PostgresqlStore(server.url(), "disk")
    one.node, one.identity = "n1", b"i1"
    one.open()
    other = opened()
    health = Health()
    other.probe(health)
    assert [(each.name == "n1", each.lanes) for each in health.nodes] == [
        (True, (1,)),
        (False, (2,)),
    ]
    assert [each.is_self for each in health.nodes] == [False, True]
    now = time.monotonic()
    assert all(0 < each.lease_until - now <= 10 for each in health.nodes)
    assert [each.is_leading for each in health.nodes] == [True, False]
    assert [each.identity for each in health.nodes] == [b"i1", b""]
    assert health.nodes[0].host.endswith(f", process {os.getpid()}")
    one.address = "*:7003"
    one.probe(Health())
    other.probe(health)
    assert [each.address for each in health.nodes] == ["127.0.0.1:7003", ""]
    other.address = "jobs2:7004"
    other.probe(health)
    assert health.nodes[1].address == "jobs2:7004"
    other.address = ""
    other.probe(health)
    assert health.nodes[1].address == ""
    assert abs(health.nodes[0].started - time.time()) < 60
    one.close()
    inherited(other)
    other.probe(health)
    assert [each.lanes for each in health.nodes] in ([(1, 2)], [(2,)])


def test_who_takes_over_from_the_one_that_led_leads(
    server: PostgresqlServer, opened: Opened
) -> None:
    one, *others = (opened() for _ in range(3))
    assert [each.is_leading for each in (one, *others)] == [True, False, False]
    one.commit(batch(entries={PROGRESS: b"1"}))
    one.commit(batch(entries={PROGRESS: b"2"}))
    one.close()
    # Not the one that has been there for longer.
    heirs = others[::-1]
    taken = [inherited(each) for each in heirs]
    assert [len(each) for each in taken] == [1, 0]
    assert [each.is_leading for each in heirs] == [True, False]
    assert entries_of(taken[0][0]) == [(*PROGRESS, b"2")]


def test_who_starts_leads_if_nobody_does(
    server: PostgresqlServer, opened: Opened
) -> None:
    one = opened()
    one.commit(batch(entries={PROGRESS: b"1", (b"mark", b"1"): b"m"}))
    one.close()
    inventory = one.open()
    assert one.is_leading
    assert entries_of(inventory) == [(b"mark", b"1", b"m"), (*PROGRESS, b"1")]
    other = opened()
    assert not other.is_leading
    # What both have left is one job server's then.
    one.close()
    other.close()
    third = opened()
    assert third.is_leading
    assert server.ask("SELECT count(DISTINCT node) FROM geartrain.lane") == [(1,)]


def test_who_starts_takes_all_lanes_of_one_that_has_ended(opened: Opened) -> None:
    """What is kept of jobs of all lanes goes with one of them."""
    one, other, third = opened(), opened(), opened()
    one.commit(batch(record(1)))
    other.commit(batch(record(2)))
    third.commit(batch(record(3)))
    one.close()
    assert len(inherited(other)) == 1
    other.commit(batch(entries={(b"batch", b"x"): b"of both"}))
    other.close()
    again = opened()
    assert numbers(again) == [1, 2]
    assert inherited(third) == inherited(again) == []
    again.close()
    (inventory,) = inherited(third)
    assert (b"batch", b"x", b"of both") in entries_of(inventory)
    assert numbers(third) == [1, 2, 3]


def test_one_that_is_to_be_alone_takes_all_lanes_of_one_that_died(
    server: PostgresqlServer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = opened(), opened()
    one.commit(batch(record(1)))
    other.commit(batch(record(2)))
    one.close()
    assert len(inherited(other)) == 1
    set_leases(server, "-11 s")
    monkeypatch.setattr(ownership, "LEASE", 0.5)
    alone = opened("?shared=no")
    assert numbers(alone) == [1, 2]
    assert alone.is_leading


@pytest.mark.parametrize("most", [1, 2, 100])
def test_what_became_of_jobs_is_listed_by_the_heir(opened: Opened, most: int) -> None:
    one, other, third = opened(), opened(), opened()
    for store, serials in ((one, (1, 2, 3)), (other, (1, 2)), (third, (7, 8))):
        store.commit(keeping(*map(ending, serials)))
    for store in (one, other):
        store.close()
    assert [each.last_ending for each in inherited(third)] == [3]
    listed = kept_serials(third, ListEndings(0.0, FURTHER - 1, most))
    assert listed == [8, 7, 3, 2, 1, 2, 1]
    query = ListEndings(0.0, FURTHER - 1, most)
    query.handle = ending(3).handle
    assert kept_serials(third, query) == [3]
    # One that goes on in a lane that is no more its own.
    third.close()
    query = ListEndings(0.0, 2 * FURTHER + 2, most)
    late = opened("?shared=no")
    assert kept_serials(late, query) == [1, 8, 7]


def test_one_inherits_at_a_time(server: PostgresqlServer, opened: Opened) -> None:
    one, other = opened(), opened()
    one.commit(batch(record(1)))
    one.close()
    with psycopg.connect(server.url()) as heir:
        heir.execute("SELECT 1 FROM geartrain.lane WHERE id = 0 FOR UPDATE")
        assert inherited(other) == []
    assert len(inherited(other)) == 1
    assert other.is_leading


def test_a_lease_is_renewed_by_commits_and_probes(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened()
    first = store.lease_until
    assert 5 < first - time.monotonic() <= 10
    store.commit(batch(record(1)))
    assert store.lease_until == first
    monkeypatch.setattr("geartrain.stores.postgresql.ownership.LEASE", 30.0)
    store.commit(batch(record(2)))
    second = store.lease_until
    assert second > first + 15
    monkeypatch.setattr("geartrain.stores.postgresql.ownership.LEASE", 90.0)
    store.probe(Health())
    assert store.lease_until > second + 50


def test_an_inherited_lane_that_is_empty_is_the_next_newcomers(
    server: PostgresqlServer, opened: Opened
) -> None:
    one, other = opened(), opened()
    one.commit(batch(record(1)))
    one.close()
    inherited(other)
    lanes = "SELECT id FROM geartrain.lane WHERE node IS NULL"
    assert server.ask(lanes) == []
    other.commit(batch(ended=[1]))
    other.probe(Health())
    assert server.ask(lanes) == [(1,)]
    assert inherited(other) == []
    third = opened()
    assert server.ask(lanes) == []
    third.commit(batch(record(5)))
    assert (numbers(other), numbers(third)) == ([], [5])


def test_a_job_is_found_in_any_lane_where_that_is_asked_for(opened: Opened) -> None:
    one, other = opened(), opened()
    one.commit(batch(record(LANES + 1)))
    for is_anywhere in (False, True):
        query = FindJob(LANES + 1, with_workload=False)
        query.is_anywhere = is_anywhere
        other.find_job(query)
        assert (query.record is not None) is is_anywhere


def test_what_all_have_in_common_is_kept_apart_though_nobody_shares_the_store(
    server: PostgresqlServer,
) -> None:
    alone = PostgresqlStore(server.url("?shared=no"), "disk")
    inventory = alone.open()
    assert (inventory.stride, inventory.has_common) == (1, True)
    alone.close()


def test_a_result_is_found_from_anywhere(opened: Opened) -> None:
    one, other = opened(), opened()
    kept = ResultRecord(5, b"H:x:5", b"f")
    kept.expires = 2000.0
    one.commit(batch(results={5: kept}))
    query = FindResult(1000.0, 5)
    other.answer(query)
    assert query.record is not None
    assert query.record.handle == b"H:x:5"


def test_counts_stay_right_over_takeovers(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geartrain.stores.postgresql.transaction._FOLD_AFTER", 3)
    number = 0
    before = opened()
    for _ in range(4):
        after = opened()
        for _ in range(9):
            number += 1
            before.commit(batch(record(number), ended=[number - 2]))
        before.close()
        inherited(after)
        assert numbers(after) == [number - 1, number]
        before = after
    before.close()
    again = opened("?shared=no")
    assert numbers(again) == [number - 1, number]
    again.close()
    assert counts(again.open()) == {(b"resize", 1): (2, 0, 0.0, 0.0, 0)}


def test_who_was_away_waits_for_its_part_of_all_limits_again(
    server: PostgresqlServer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = opened(), opened()
    for each in (one, two, one):
        each.probe(Health())
    assert (one.share, two.share) == (Share(2, 0), Share(2, 1))
    server.ask(
        "UPDATE geartrain.node SET lease_until = now()"
        " WHERE id = (SELECT min(id) FROM geartrain.node)"
    )
    monkeypatch.setattr(one._ownership, "until", 0.0)
    one.commit(batch(record(1)))
    assert one.share == Share(2, 0, is_known=False)
    two.probe(Health())
    one.probe(Health())
    assert not one.share.is_known
    server.ask("UPDATE geartrain.node SET lease_until = now() + interval '11 s'")
    one.probe(Health())
    assert one.share == Share(2, 0)


def test_a_page_walks_over_no_jobs_of_other_lanes(
    server: PostgresqlServer, opened: Opened
) -> None:
    stores = [opened(), opened()]
    stores[0].commit(batch(*[record(number) for number in range(1, 3001)]))
    stores[1].commit(batch(record(4000)))
    server.ask("ANALYZE geartrain.job")
    session = stores[1]._session
    assert session is not None
    # The plan for any values is what a statement that is used often gets.
    session.send("SET plan_cache_mode = force_generic_plan")
    text = _READY_PAGE.replace("%s", "{}").format(*[f"${n}" for n in range(1, 12)])
    kinds = "int8, int8, int8, int8, smallint[], bytea, int8, bytea, int8, int8, int8"
    session.send(f"PREPARE page({kinds}) AS {text}")
    values = "0, 0, 0, 0, '{1, 2}', 'resize', 1, '', 0, 1000, 1000"
    plan = str(session.ask(f"EXPLAIN EXECUTE page({values})"))
    assert "job_ready" in plan
    assert "job_pkey" not in plan
