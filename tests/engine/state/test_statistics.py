"""What has become of a function's jobs, counted."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geartrain.engine.model import counts
from tests.support.dialogue import H1, World, job_created
from tests.support.stored_engine import counted, drain, grab, rows, stored, submit


def test_every_counter_is_shown_for_every_function() -> None:
    world = World()
    admin = world.admin()
    assert rows(admin, "counters") == []
    assert admin.text("create function b\xff".encode("latin-1")) == b"OK\r\n"
    world.worker("a")
    shown = rows(admin, "counters")
    assert [row.pop("function") for row in shown] == ["b\udcff", "a"]
    assert shown == [dict.fromkeys(shown[0], 0)] * 2
    assert len(shown[0]) == 10


def test_those_that_join_a_job_are_not_counted() -> None:
    world = stored(1)
    client = world.client()
    submit(client, "w1", "w2")
    for _ in range(3):
        client.submit_job_bg(b"f", b"u", b"w3")
        submit(client, "between")
        client.submit_job(b"f", b"u", b"w3")
    assert counted(world) == {"submitted": 6}


def test_each_function_has_its_own() -> None:
    world = stored()
    submit(world.client(), "w", "w")
    submit(world.client(), "w", function=b"g")
    drain(world.worker("g"))
    assert counted(world, "f") == {"submitted": 2}
    assert counted(world, "g") == {"submitted": 1, "completed": 1}


def test_counters_begin_anew_with_the_job_server() -> None:
    before = stored()
    submit(before.client(), "w")
    world = before.restarted()
    assert counted(world) == {}
    drain(world.worker("f"))
    assert counted(world) == {"completed": 1}


def test_a_job_that_is_refused_as_too_many_is_not_counted() -> None:
    world = stored()
    client = world.client()
    assert client.text("maxqueue f 1") == b"OK\r\n"
    submit(client, "w", "w")
    assert counted(world) == {"submitted": 1}


def test_retries_crashes_and_ends_add_up() -> None:
    world = stored()
    world.policy(b"f", max_attempts=3, backoff_delay=0)
    client = world.client()
    client.submit_job(b"f", b"", b"w")
    worker = world.worker("f")
    grab(worker)
    worker.leave()
    worker = world.worker("f")
    for end in (worker.work_fail, worker.work_complete):
        job, _ = grab(worker)
        end(*([job] if end == worker.work_fail else [job, b"r"]))
    assert client.received[0] == job_created(H1)
    assert counted(world) == {
        "submitted": 1,
        "crashed": 1,
        "failed": 1,
        "retried": 2,
        "completed": 1,
    }


class NaiveStatistics:
    """What happened, as a list of all of it."""

    def __init__(self) -> None:
        self.events: list[tuple[float, int]] = []
        self.waits: list[tuple[float, float]] = []
        self.runs: list[tuple[float, float]] = []

    def by_minute(self, kind: int, now: float) -> dict[int, int]:
        """Return how often something happened, by the minutes that are kept."""
        found: Counter[int] = Counter()
        for time, what in self.events:
            minute = int(time // 60)
            if what == kind and minute >= int(now // 60) - 60:
                found[minute] += 1
        return dict(found)


steps = st.lists(
    st.tuples(
        st.sampled_from(["submit", "grab", "complete", "fail", "pass", "restart"]),
        st.sampled_from([b"f", b"g"]),
        st.floats(0.0, 900.0),
    ),
    max_size=60,
)


@settings(max_examples=60)
@given(steps)
def test_statistics_are_what_a_list_of_all_events_says(
    told: list[tuple[str, bytes, float]],
) -> None:
    world = stored()
    world.policy(b"*", dead_letter=False)
    models = {b"f": NaiveStatistics(), b"g": NaiveStatistics()}
    waiting: dict[bytes, list[float]] = {b"f": [], b"g": []}
    running: dict[bytes, list[tuple[bytes, float]]] = {b"f": [], b"g": []}
    client = world.client()
    workers = {name: world.worker(name.decode()) for name in models}
    for step, name, seconds in told:
        model, now = models[name], world.wall_time
        if step == "pass":
            world.advance(seconds)
        elif step == "submit":
            submit(client, "w", function=name)
            waiting[name].append(now)
            model.events.append((now, counts.SUBMITTED))
        elif step == "grab" and waiting[name]:
            job, _ = grab(workers[name])
            model.events.append((now, counts.STARTED))
            model.waits.append((now, now - waiting[name].pop(0)))
            running[name].append((job, now))
        elif step in ("complete", "fail") and running[name]:
            job, since = running[name].pop(0)
            model.runs.append((now, now - since))
            if step == "complete":
                workers[name].work_complete(job, b"")
                model.events.append((now, counts.SUCCEEDED))
            else:
                workers[name].work_fail(job)
                for kind in (counts.FAIL, counts.FAILED, counts.UNKEPT):
                    model.events.append((now, kind))
    world.advance(60)
    agree(world, models)
    if any(step == "restart" for step, _, _ in told):
        world.engine.keep_clock(world.now)
        world.commit_all()
        agree(world.restarted(), models, are_totals_kept=False)


def agree(
    world: World, models: dict[bytes, NaiveStatistics], *, are_totals_kept: bool = True
) -> None:
    """Compare what is counted with models of it."""
    now = world.wall_time
    slots = world.engine.state.slots
    first = int(now // 60) - 60
    everything: Counter[int] = Counter()
    for name, model in models.items():
        found = world.engine.state.functions.get(name)
        statistics = slots.known(name) if found is None else found.statistics
        minutes = dict(statistics.by_minute(first))
        for kind in range(len(counts.Counts().numbers)):
            shown = {
                minute: made.numbers[kind]
                for minute, made in minutes.items()
                if made.numbers[kind]
            }
            assert shown == model.by_minute(kind, now)
            everything.update(shown)
        hours = statistics.by_hour(0)
        assert sum(sum(made.waiting) for _, made in hours) == len(model.waits)
        assert sum(made.ran for _, made in hours) == pytest.approx(
            sum(seconds for _, seconds in model.runs), abs=1e-3
        )
        if are_totals_kept:
            totals = statistics.totals()
            assert sum(totals.numbers) == len(model.events)
            assert totals.waited == pytest.approx(
                sum(seconds for _, seconds in model.waits), abs=1e-3
            )
    both = {minute: sum(made.numbers) for minute, made in slots.all.by_minute(first)}
    assert {minute: count for minute, count in both.items() if count} == everything
