"""Any batches and queries: every lasting store answers as the one in memory does."""

from __future__ import annotations

import tempfile
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geartrain.engine.batches import Batch
from geartrain.engine.records import Burial, Change, JobRecord, Move
from geartrain.errors import StoreError
from geartrain.stores.base import Store
from geartrain.stores.memory import MemoryStore
from tests.support.store_kinds import KINDS, LOCAL, REMOTE
from tests.support.store_records import (
    batch,
    counts,
    dead_values,
    due_page,
    entries_of,
    failures,
    found_by_key,
    listed,
    page,
    record,
    schedule,
    value,
    values,
)

KEYS = [b"", b"a", b"b", b"c"]
FUNCTIONS = [b"f", b"g"]
DUES = [0.0, 0.0, 1.5, 2.5, 2.5]

HIGHEST = 40

number = st.integers(1, HIGHEST)
due = st.sampled_from(DUES)


@st.composite
def records(draw: st.DrawFn) -> JobRecord:
    made = record(draw(number), draw(st.binary(max_size=20)))
    made.function = draw(st.sampled_from(FUNCTIONS))
    made.priority = draw(st.integers(0, 1))
    made.key = draw(st.sampled_from(KEYS))
    made.unique = draw(st.sampled_from([made.key, b"-"]))
    made.is_tentative = draw(st.booleans())
    made.due = draw(due)
    made.is_steady = draw(st.booleans())
    if draw(st.booleans()):
        made.failures = failures(draw(st.integers(0, 9)))
    return made


def make_batch(
    added: list[JobRecord], ended: list[int], reserved: int, **rest: object
) -> Batch:
    return batch(*added, ended=ended, reserved=reserved, **rest)


changes = st.builds(lambda n, d, a: Change(n, d, failures(a)), number, due, number)
burials = st.builds(lambda n, a: Burial(n, 99.5, failures(a)), number, number)
moves = st.builds(
    Move, number, st.sampled_from(FUNCTIONS), st.integers(0, 1), due, st.booleans()
)
batches = st.builds(
    make_batch,
    st.lists(records(), max_size=12),
    st.lists(number, max_size=12),
    st.sampled_from([0, 0, 0, 50, 500]),
    revived=st.lists(changes, max_size=5),
    changed=st.lists(changes, max_size=5),
    buried=st.lists(burials, max_size=5),
    moved=st.lists(moves, max_size=5).map(lambda all: {m.number: m for m in all}),
    schedules=st.lists(st.builds(schedule, number), max_size=2),
    unscheduled=st.lists(number, max_size=2),
    entries=st.dictionaries(
        st.tuples(st.sampled_from([b"a", b"b"]), st.sampled_from([b"", b"\0", b"c"])),
        st.none() | st.binary(max_size=3),
    ),
)


def drop_kept(made: Batch, model: MemoryStore) -> None:
    """Take out of a batch what a caller never adds: numbers that are kept."""
    kept = {kept_value[0] for kept_value in values(model) + dead_values(model)}
    kept -= made.ended.keys()
    added = {job.number: job for job in made.added if job.number not in kept}
    made.added = list(added.values())


def answers(store: Store) -> list[object]:
    """Return what a store says of all it keeps."""
    said: list[object] = [values(store), dead_values(store)]
    for function in FUNCTIONS:
        for priority in (0, 1):
            ready = page(store, 7, 5, function, priority)
            early = due_page(store, 2.0, (0.0, 0), 3, function, priority)
            said.append([value(job) for job in ready])
            for is_steady in (False, True):
                name = (3, function, priority)
                early = due_page(store, 2.0, (0.0, 0), *name, is_steady=is_steady)
                later = due_page(store, 2.5, (1.5, 20), *name, is_steady=is_steady)
                for each in (early, later):
                    said.append([value(job) for job in each.records])
                    said.append(each.next_due)
        for times in ((0.0, 2.0, 0.0, 1.0), (2.0, 9.0, 1.0, 2.0), (2.0, 9.0, 2.0, 9.0)):
            of_function = listed(store, function, 3, *times)
            said.append(sorted(job.number for job in of_function))
        said += [bool(found_by_key(store, key, function)) for key in KEYS[1:]]
    return said


steps_of_batches = st.lists(st.tuples(batches, st.booleans()), max_size=8)


@pytest.mark.parametrize("kind", LOCAL)
@given(steps=steps_of_batches)
@settings(max_examples=30)
def test_a_store_answers_as_the_model_does(
    kind: str, steps: list[tuple[Batch, bool]]
) -> None:
    check_answers(kind, steps)


@pytest.mark.parametrize("kind", REMOTE)
@given(steps=steps_of_batches)
@settings(max_examples=5)
def test_a_store_on_a_server_answers_as_the_model_does(
    kind: str, steps: list[tuple[Batch, bool]]
) -> None:
    check_answers(kind, steps)


def check_answers(kind: str, steps: list[tuple[Batch, bool]]) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(KINDS[kind](f"{folder}/store")) as store,
    ):
        model = MemoryStore()
        model.open()
        store.open()
        for made, is_reopened in steps:
            drop_kept(made, model)
            model.commit(made)
            twins = [job.twin for job in made.added]
            store.commit(made)
            assert [bool(job.twin) for job in made.added] == list(map(bool, twins))
            if is_reopened:
                store.close()
                model.close()
                inventory, expected = store.open(), model.open()
                # Of numbers that were never reserved, and are no longer kept, a store
                # may know.
                most = max(expected.reserved, HIGHEST)
                assert expected.reserved <= inventory.reserved <= most
                assert counts(inventory) == counts(expected)
                assert entries_of(inventory) == entries_of(expected)
            assert answers(store) == answers(model)


pairs_of_batches = st.tuples(*[st.lists(records(), max_size=9)] * 2)


@pytest.mark.parametrize("kind", LOCAL)
@given(pair=pairs_of_batches)
@settings(max_examples=30)
def test_a_number_given_twice_is_refused_and_nothing_is_written(
    kind: str, pair: tuple[list[JobRecord], ...]
) -> None:
    check_refusals(kind, pair)


@pytest.mark.parametrize("kind", REMOTE)
@given(pair=pairs_of_batches)
@settings(max_examples=5)
def test_a_number_given_twice_to_a_server_is_refused(
    kind: str, pair: tuple[list[JobRecord], ...]
) -> None:
    check_refusals(kind, pair)


def check_refusals(kind: str, pair: tuple[list[JobRecord], ...]) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(KINDS[kind](f"{folder}/store")) as store,
    ):
        model = MemoryStore()
        for each in (model, store):
            each.open()
        for jobs in pair:
            outcomes: list[bool] = []
            for each in (model, store):
                try:
                    each.commit(batch(*jobs))
                    outcomes.append(True)
                except StoreError:
                    outcomes.append(False)
            assert outcomes[0] == outcomes[1]
            assert answers(store) == answers(model)
