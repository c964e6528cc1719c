"""What a query costs the server does not depend on how much is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from geartrain.engine.queries import DuePage, FindKey, ListDead, ListJobs, Page
from geartrain.stores.mysql.store import MysqlStore
from tests.support.store_kinds import KINDS
from tests.support.store_records import batch, burials, delayed, keyed

MANY = 3000
MOST = 20


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MysqlStore]:
    """Return a store with as many jobs of each kind, all due at the same time."""
    path: Path = tmp_path_factory.mktemp("plans") / "store"
    with closing(KINDS["mysql"](str(path))) as made:
        assert isinstance(made, MysqlStore)
        made.open()
        ready = [keyed(number, b"%d" % number) for number in range(1, MANY + 1)]
        late = [delayed(number, 5.0) for number in range(MANY + 1, 2 * MANY + 1)]
        buried = range(2 * MANY + 1, 3 * MANY + 1)
        dying = [keyed(number, b"%d" % (number % 7)) for number in buried]
        made.commit(batch(*ready, *late, *dying))
        made.commit(burials(*buried))
        yield made


def rows_read(store: MysqlStore, ask: Callable[[], None]) -> int:
    """Return how many rows the server looked at to answer."""
    assert store._session is not None
    connection = store._session.connection
    connection.run(("FLUSH STATUS",))
    ask()
    rows = connection.rows("SHOW SESSION STATUS LIKE 'Handler_read%'")
    return sum(int(count) for _, count in rows)


def test_a_page_costs_the_same_wherever_it_is(store: MysqlStore) -> None:
    for after in (0, MANY // 2, MANY - 100):
        query = Page(b"resize", 1, after, MOST)
        assert rows_read(store, partial(store.page, query)) < 5 * MOST
        assert len(query.records) == MOST


def test_so_does_one_of_jobs_due_at_the_same_time(store: MysqlStore) -> None:
    for after in ((0.0, 0), (5.0, MANY + 1000), (5.0, 2 * MANY - 100)):
        query = DuePage(b"resize", 1, after, 9.0, MOST)
        assert rows_read(store, partial(store.page_due, query)) < 5 * MOST
        assert len(query.records) == MOST


def test_so_does_a_slice_of_a_list(store: MysqlStore) -> None:
    after = b""
    for _ in range(3):
        query = ListJobs(after, MOST, None)
        assert rows_read(store, partial(store.list_jobs, query)) < 3 * MOST
        queue = query.following.split()[0]
        after = b"%b 0 %d" % (queue, MANY - 100)
    for function in (None, b"resize"):
        dead = ListDead(2 * MANY + 1500, MOST, function)
        assert rows_read(store, partial(store.list_dead, dead)) < 4 * MOST
        assert len(dead.records) == MOST


def test_a_key_is_found_beside_dead_letters_that_have_it(store: MysqlStore) -> None:
    query = FindKey(b"5", None)
    assert rows_read(store, partial(store.find_key, query)) < 10
    assert query.record is not None
    assert query.record.number == 5


def test_a_commit_reads_what_it_is_about(store: MysqlStore) -> None:
    made = batch(keyed(9 * MANY, b"5", is_tentative=True), ended=[9 * MANY - 1])
    assert rows_read(store, partial(store.commit, made)) < 30
    assert made.added[0].twin == 5
