"""The limits and orders that jobs start by, against what workers saw.

Clients and workers see the job server's acts only between two moments of their own:
a job was given to a worker after the grab was sent and before the job arrived. Only
what cannot have been otherwise is a fault.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

from geartrain.engine.model.rates import read_rate
from proof.torture.functions import FUNCTIONS, RATE, Function
from proof.torture.history import History, Run
from proof.torture.lives import Life

__all__ = ["check"]

# Clocks of two processes are read at slightly different moments, in seconds.
_SLACK: Final = 0.005

_Fault = tuple[bytes, str]


def check(history: History, all_lives: dict[bytes, Life]) -> Iterator[_Fault]:
    """Find jobs that started in spite of a limit, or before others, by handle."""
    for runs in _by_round(history.runs):
        for name, some in _grouped(runs, lambda run: run.function).items():
            yield from _of_function(FUNCTIONS[name], some, history, all_lives)
    yield from _out_of_order(history, all_lives)
    yield from _before_their_sources(history, all_lives)
    yield from _not_followed(history, all_lives)
    yield from _miscounted(history)
    for name, firings in history.firings.items():
        yield from _misfired(FUNCTIONS[name], firings, all_lives)


def _by_round(runs: Iterable[Run]) -> Iterable[list[Run]]:
    found: dict[int, list[Run]] = defaultdict(list)
    for run in sorted(runs, key=lambda each: each.started):
        found[run.round].append(run)
    return found.values()


def _grouped(runs: list[Run], key: object) -> dict[bytes, list[Run]]:
    assert callable(key)
    found: dict[bytes, list[Run]] = defaultdict(list)
    for run in runs:
        found[key(run)].append(run)
    return found


def _of_function(
    function: Function,
    runs: list[Run],
    history: History,
    all_lives: dict[bytes, Life],
) -> Iterator[_Fault]:
    """Check the limits of a function in one life of the job server."""
    if "rate" in function.policy:
        yield from _too_fast(runs)
    if function.places:
        yield from _too_many(runs, function.places, all_lives)
    if function.key_places:
        by_key = _grouped(runs, lambda run: _flow_key(run, history))
        for key, some in by_key.items():
            if key:
                yield from _too_many(some, function.key_places, all_lives)


def _flow_key(run: Run, history: History) -> bytes:
    own = history.submissions.get(run.key)
    return b"" if own is None else own.flow_key


def _too_many(
    runs: list[Run], places: int, all_lives: dict[bytes, Life]
) -> Iterator[_Fault]:
    """Find jobs that were begun while as many as may had certainly not ended."""
    at_work: list[Run] = []
    for run in runs:
        at_work = [each for each in at_work if _end(each, all_lives) > run.started]
        if len(at_work) >= places:
            others = ", ".join(each.handle.decode() for each in at_work)
            yield run.handle, f"too many at once: {others} ran in round {run.round}"
        at_work.append(run)


def _end(run: Run, all_lives: dict[bytes, Life]) -> float:
    """Return the serial up to which a run certainly had its place."""
    ends = [float("inf")]
    if run.sent:
        ends.append(run.sent)
    life = all_lives[run.handle]
    ends += [
        each.sent
        for each in life.asked_for("cancel job")
        if each.round == run.round and (not each.answered or each.answered > run.asked)
    ]
    return min(ends)


def _too_fast(runs: list[Run]) -> Iterator[_Fault]:
    """Find more jobs that started within a time than the rate allows in it."""
    rate = read_rate(RATE)
    assert rate is not None
    for first, begin in enumerate(runs):
        count = 0
        for run in runs[first:]:
            if run.asked_at < begin.asked_at:
                continue
            count += 1
            seconds = run.started_at - begin.asked_at + _SLACK
            if count > seconds / rate.interval + rate.burst + 1:
                yield run.handle, f"too fast: {count} jobs in {seconds:.3f} seconds"
                return


def _number(handle: bytes) -> int:
    return int(handle.rpartition(b":")[2])


def _out_of_order(history: History, all_lives: dict[bytes, Life]) -> Iterator[_Fault]:
    """Find jobs that passed others, submitted before them, of a key in strict order."""
    by_key: dict[tuple[bytes, bytes], list[Life]] = defaultdict(list)
    for life in all_lives.values():
        if life.function.is_fifo and life.submissions:
            by_key[life.function.name, life.submissions[0].flow_key].append(life)
    for group in by_key.values():
        group.sort(key=lambda life: _number(life.handle))
        for place, later in enumerate(group):
            for earlier in group[:place]:
                if _is_passed(earlier, later):
                    yield later.handle, f"out of order: it passed {earlier.handle!r}"


def _is_passed(earlier: Life, later: Life) -> bool:
    """Tell whether a job ran while one that goes before it certainly waited."""
    if not earlier.promised or any(True for _ in earlier.asked_for("dead retry")):
        return False
    gaps = list(_gaps(earlier))
    return any(
        begin < run.asked and run.started < end
        for run in later.runs
        for begin, end in gaps
    )


def _gaps(life: Life) -> Iterator[tuple[float, float]]:
    """Return the spans of serials in which a job certainly waited, or ran."""
    cancelled = min(
        (each.sent for each in life.asked_for("cancel job")), default=float("inf")
    )
    first = life.runs[0].asked if life.runs else float("inf")
    if life.runs or cancelled < float("inf"):
        yield life.promised, min(first, cancelled)
    for run, following in pairwise(life.runs):
        if run.round == following.round:
            if run.outcome != "complete":
                yield run.started, min(following.asked, cancelled)
        else:
            # What a kill undid waits from the next start on, whatever it had come to.
            began = life.rounds[run.round + 1].began
            yield began, min(following.asked, cancelled)


def _before_their_sources(
    history: History, all_lives: dict[bytes, Life]
) -> Iterator[_Fault]:
    """Find jobs that were run before the job that they wait for had ended."""
    for submission in history.submissions.values():
        life = all_lives.get(submission.handle)
        source = all_lives.get(submission.source)
        if not submission.source or life is None or source is None or not life.runs:
            continue
        ends = [run.sent for run in source.runs if run.sent]
        ends += [each.sent for each in source.asked_for("cancel job")]
        if not ends or life.runs[0].started < min(ends):
            text = f"before its turn: it waits for {source.handle!r}"
            yield life.handle, text


def _not_followed(history: History, all_lives: dict[bytes, Life]) -> Iterator[_Fault]:
    """Find submissions that are to have a run after them, and have none."""
    for submission in history.submissions.values():
        life = all_lives.get(submission.handle)
        is_meant = submission.function.follows and submission.acknowledged
        if not is_meant or life is None:
            continue
        if any(True for _ in life.asked_for("cancel job")) or life.dead is not None:
            continue
        if not any(run.started > submission.sent for run in life.runs):
            yield life.handle, f"not run again: {submission.key!r} came after its run"


def _misfired(
    function: Function, firings: dict[float, set[bytes]], all_lives: dict[bytes, Life]
) -> Iterator[_Fault]:
    """Find times of a schedule with two jobs that were done, and times without any.

    A job that a kill undid has another one in its place, with another handle.
    """
    known = {handle for handles in firings.values() for handle in handles}
    ran = {life.handle for life in all_lives.values() if _is_of(life, function)}
    unseen = sorted(map(_number, ran - known))
    before, last = 0.0, 0
    for time, handles in _merged(firings, function.every / 2):
        done = [each for each in sorted(handles) if _is_done(all_lives.get(each))]
        if len(done) > 1:
            yield done[1], f"fired twice: {done[0]!r} is of the same time"
        numbers = sorted(map(_number, handles))
        # Nobody looked at those times that have a job in between.
        is_seen = not any(last < number < numbers[0] for number in unseen)
        if before and is_seen and time - before > function.every * 1.5:
            yield max(handles), f"left out: no job for {time - before:g} s before it"
        before, last = time, numbers[-1]


def _merged(
    firings: dict[float, set[bytes]], least: float
) -> Iterator[tuple[float, set[bytes]]]:
    """Give the times in order, those that are nearer than ``least`` as one.

    After a restart the calendar's time of a server time differs a little.
    """
    last, handles = 0.0, set[bytes]()
    for time in sorted(firings):
        if handles and time - last >= least:
            yield last, handles
            handles = set()
        last = time
        handles = handles | firings[time]
    if handles:
        yield last, handles


def _is_of(life: Life, function: Function) -> bool:
    return bool(life.runs) and life.runs[0].function == function.name


def _is_done(life: Life | None) -> bool:
    if life is None:
        return False
    runs = (run for run in life.runs if run.outcome == "complete")
    return any(life.is_durable(run) for run in runs)


def _miscounted(history: History) -> Iterator[_Fault]:
    """Find batches that do not have all of their jobs, or have not ended."""
    counts: dict[bytes, int] = defaultdict(int)
    for submission in history.submissions.values():
        if submission.batch and submission.acknowledged:
            counts[submission.batch] += 1
    for name, row in history.batches.items():
        if row["left"] or row["total"] < counts[name]:
            text = f"miscounted: {counts[name]} jobs are in the batch {row}"
            yield b"", text
