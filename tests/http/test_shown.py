"""Which functions Prometheus sees, and that the rest never falls."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from geartrain.http.exposition import Value
from geartrain.http.families import FUNCTION_FAMILIES
from geartrain.http.shown import REST, Rest, choose, label_of

SERIES = [
    f"{name}{{{labels}}}"
    for each in FUNCTION_FAMILIES
    for name, labels in each.series()
]
SUBMITTED = SERIES.index(
    'gearman_jobs_submitted_total{priority="normal",kind="background"}'
)
WAITING = SERIES.index('gearman_jobs{state="waiting"}')
OLDEST = SERIES.index("gearman_oldest_job_age_seconds{}")


def row(name: str) -> dict[str, Any]:
    return {"function": name}


def values(submitted: int, waiting: int = 0) -> list[Value]:
    found: list[Value] = [0] * len(SERIES)
    found[SUBMITTED], found[WAITING], found[OLDEST] = submitted, waiting, 5.0
    return found


def test_labels_are_text_and_no_two_are_the_same() -> None:
    raw = b"caf\xe9".decode("utf-8", "surrogateescape")
    assert label_of(raw) == r"caf\xe9"
    rows = [row(r"caf\xe9"), row(raw), row(REST), row("x")]
    assert list(choose(rows)) == [r"caf\xe9", "x"]


def test_long_names_do_not_make_an_answer_longer_than_a_megabyte() -> None:
    chosen = choose([*(row(f"{n}" + '"' * 400) for n in range(60)), row("short")])
    size = sum((len(label) * 2 + 70) * len(SERIES) for label in chosen)
    assert size < 1_000_000
    assert len(chosen) > 5
    assert "short" in chosen


def test_the_rest_is_what_is_not_shown() -> None:
    rest = Rest().take({"a": values(5, 1)}, values(12, 4), 3)
    assert (rest[SUBMITTED], rest[WAITING], rest[OLDEST]) == (7, 3, None)


def test_a_function_that_comes_to_be_shown_leaves_its_past_in_the_rest() -> None:
    rest = Rest()
    assert rest.take({"a": values(5)}, values(12), 2)[SUBMITTED] == 7
    shown = {"a": values(5), "b": values(9)}
    assert rest.take(shown, values(14), 2)[SUBMITTED] == 9
    assert rest.take({"b": values(10)}, values(16), 2)[SUBMITTED] == 10


def test_a_new_function_of_few_is_not_counted_twice() -> None:
    rest = Rest()
    rest.take({"a": values(5)}, values(5), 1)
    shown = {"a": values(5), "b": values(9)}
    assert rest.take(shown, values(14), 2)[SUBMITTED] == 0


def test_a_forgotten_function_is_no_event_of_the_rest() -> None:
    rest = Rest()
    rest.take({"a": values(5)}, values(5), 1)
    assert rest.take({}, values(5), 0)[SUBMITTED] == 0


SCRAPES = st.lists(
    st.tuples(
        st.tuples(*[st.integers(0, 5)] * 4),
        st.sets(st.sampled_from("abcd"), max_size=2),
    ),
    min_size=2,
    max_size=8,
)


@given(SCRAPES)
def test_no_event_is_lost_or_counted_twice_whoever_is_shown(
    scrapes: list[tuple[tuple[int, ...], set[str]]],
) -> None:
    """What Prometheus adds up, by the rises of each series, is what there was."""
    totals = dict.fromkeys("abcd", 0)
    rest, before, risen = Rest(), dict[str, int](), 0
    wholes = []
    for events, chosen in scrapes:
        for name, count in zip(totals, events, strict=True):
            totals[name] += count
        shown = {name: values(totals[name]) for name in chosen}
        wholes.append(sum(totals.values()))
        left = rest.take(shown, values(wholes[-1]), len(totals))[SUBMITTED]
        assert left is not None
        now = {name: totals[name] for name in chosen} | {REST: int(left)}
        for name in now.keys() & before.keys():
            assert now[name] >= before[name]
            risen += now[name] - before[name]
        before = now
    assert risen == wholes[-1] - wholes[0]
