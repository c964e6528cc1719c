"""The verdict: what became of every job, and whether that was allowed."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import combinations

from proof.torture import dead_letters, endings, limits
from proof.torture.functions import FUNCTIONS, filled
from proof.torture.history import History, Run, Stock
from proof.torture.lives import End, Life, lives
from proof.torture.survey import Survey
from proof.torture.totals import totals_of

__all__ = ["Fault", "Verdict", "judge"]

# Clocks and timers are read at slightly different moments, in seconds.
_EARLY = 0.005
_LATE = 1.0

# Commands that know each job that is there.
_ABOUT_JOBS = ("job", "result", "move", "priority", "cancel job")


@dataclass(frozen=True)
class Fault:
    """Something that may not happen to a job; the handle is empty for no one's."""

    handle: bytes
    text: str


@dataclass
class Verdict:
    """All faults, and how much was examined.

    Attributes:
        lives: all jobs by handle.
        totals: counts by what is counted.
    """

    lives: dict[bytes, Life] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    totals: Counter[str] = field(default_factory=Counter)


def judge(history: History, survey: Survey) -> Verdict:
    """Compare the history with what the last job server said."""
    verdict = Verdict()
    verdict.faults.extend(Fault(b"", text) for text in history.faults)
    verdict.faults.extend(_leftovers(survey))
    all_lives = verdict.lives = lives(history, survey)
    for life in all_lives.values():
        for check in _CHECKS:
            verdict.faults.extend(
                Fault(life.handle, text) for text in check(life, history)
            )
    for stock in history.stocks:
        verdict.faults.extend(_stock_faults(stock, all_lives))
    for account in history.accounts:
        for handle, text in endings.check_account(account, all_lives):
            verdict.faults.append(Fault(handle, text))
    verdict.faults.extend(_doubled(history, all_lives))
    verdict.faults.extend(_not_coalesced(all_lives))
    for handle, text in limits.check(history, all_lives):
        verdict.faults.append(Fault(handle, text))
    verdict.totals = totals_of(history, all_lives)
    return verdict


def _leftovers(survey: Survey) -> Iterator[Fault]:
    for handle, row in survey.jobs.items():
        yield Fault(handle, f"is left over: after all is done there is {row}")
    if survey.count != len(survey.jobs):
        yield Fault(b"", f"miscounted: status says {survey.count} jobs are left")
    for text in survey.contradictions:
        yield Fault(b"", f"contradiction: {text}")


def _stock_faults(stock: Stock, all_lives: dict[bytes, Life]) -> Iterator[Fault]:
    """Compare what was waiting, while nothing happened, with what must have been."""
    listed = {row["handle"].encode(): row for row in stock.rows}
    if not len(stock.rows) == len(listed) == stock.count:
        yield Fault(
            b"",
            f"miscounted: status says {stock.count} jobs, and jobs lists "
            f"{len(stock.rows)} rows of {len(listed)} jobs",
        )
    for life in all_lives.values():
        is_there = stock.ended < life.possible_end()
        if 0 < life.promised < stock.began and is_there and life.handle not in listed:
            yield Fault(life.handle, f"not listed: in round {stock.round}")
    twins: dict[tuple[str, str], bytes] = {}
    for handle, row in listed.items():
        is_revived = handle in all_lives and any(
            True for _ in all_lives[handle].asked_for("dead retry")
        )
        function = FUNCTIONS.get(row["function"].encode())
        follows = function is not None and function.follows
        if row["unique"] and not is_revived and not follows:
            twin = twins.setdefault((row["function"], row["unique"]), handle)
            if twin != handle:
                yield Fault(handle, f"not coalesced: {twin!r} has its unique, too")


def _has_one_identity(life: Life, history: History) -> Iterator[str]:
    """A handle means one job; all submitters who got it may share it."""
    if len(life.keys) > 1 and not life.function.follows:
        yield f"one handle for two jobs: it was given to {life.keys}"
    known = [
        history.submissions[key] for key in life.keys if key in history.submissions
    ]
    for each in life.submissions:
        for own in known:
            is_shared = each.unique and each.unique == own.unique
            if each is not own and not (is_shared and each.function == own.function):
                yield f"one handle for two jobs: {own.key!r} and {each.key!r}"


def _is_intact(life: Life, history: History) -> Iterator[str]:
    """A worker gets what was submitted, not before it is due."""
    for run in life.runs:
        own = history.submissions.get(run.key)
        if own is None:
            yield f"out of nowhere: nobody submitted {run.key!r}"
            continue
        size = len(filled(own.key, own.size))
        expected = (own.function.name, own.unique, own.reducer, size)
        is_moved = run.function == own.function.twin
        function = own.function.name if is_moved else run.function
        got = (function, run.unique, run.reducer, run.size)
        if got != expected:
            yield f"changed: submitted as {expected}, run as {got}"
        due = max(own.due, own.sent_at + own.function.setting("delay", 0.0))
        if run.started_at < due - _EARLY:
            yield f"too early: run {due - run.started_at:.3f} seconds before it was due"
        ttl = own.function.setting("ttl", 0.0)
        if (
            ttl
            and own.acknowledged
            and run.asked_at > own.acknowledged_at + ttl + _LATE
        ):
            yield f"too late: run after more than {ttl} seconds of waiting"


def _is_run_by_one(life: Life, history: History) -> Iterator[str]:
    """No two workers of one job server have the job at the same time."""
    for first, second in combinations(life.runs, 2):
        is_held = not first.sent or second.started < first.sent
        if first.round == second.round and is_held and not life.function.is_slow:
            yield f"two workers at once: {first.worker} and {second.worker}"


def _ends_once(life: Life, history: History) -> Iterator[str]:
    """What has ended stays ended."""
    ends = life.ends()
    for end in ends:
        for run in life.runs:
            if end.forbids(run.round, run.asked):
                yield f"run after its end: {end.kind} in round {end.round}"
    for first, second in combinations(sorted(ends, key=_known), 2):
        is_same_life = first.round == second.round
        if is_same_life or first.is_durable:
            yield f"ended twice: {first.kind} and {second.kind}"
    if life.dead is not None:
        for end in ends:
            if end.is_durable:
                yield f"ended twice: {end.kind} and dead"


def _known(end: End) -> int:
    return end.known


def _keeps_to_its_attempts(life: Life, history: History) -> Iterator[str]:
    """A job is not run again once it failed as often as its policy allows."""
    failures = [
        run
        for run in life.runs
        if (run.outcome in ("fail", "exception") and run.is_accepted)
        or (life.function.is_slow and run.is_refused)
    ]
    revivals = list(life.asked_for("dead retry"))
    for run in life.runs:
        count = sum(
            failure.settled < run.asked
            and (failure.round == run.round or _lasts(life, failure))
            for failure in failures
        )
        lives_before = 1 + sum(each.sent < run.started for each in revivals)
        if count >= life.function.max_attempts * lives_before:
            yield f"attempts forgotten: run again after {count} failures"


def _is_revived(life: Life, history: History) -> Iterator[str]:
    """A dead letter that was brought back is run before it is dead again."""
    revivals = [each for each in life.asked_for("dead retry") if each.answered]
    ends: list[float] = [each.answered for each in revivals[1:]]
    if life.dead is not None:
        ends.append(float("inf"))
    for revival, end in zip(revivals, ends, strict=False):
        if not any(revival.sent < run.started < end for run in life.runs):
            yield "revival forgotten: brought back, not run, and dead again"


def _keeps_pauses(life: Life, history: History) -> Iterator[str]:
    """No job is given to a worker while its function is paused."""
    for run in life.runs:
        for pause in history.pauses:
            is_on = 0 < pause.answered < run.asked and run.started < pause.resumed
            if is_on and pause.function == run.function:
                yield f"run while paused: by {run.worker} in round {run.round}"


def _pauses(life: Life, history: History) -> Iterator[str]:
    """A failed job is not run again before its pause is over."""
    pause = life.function.setting("backoff_delay", 0.0)
    for failed, run in zip(life.runs, life.runs[1:], strict=False):
        if failed.outcome not in ("fail", "exception") or not failed.is_accepted:
            continue
        is_revived = any(
            failed.sent < each.sent < run.started
            for each in life.asked_for("dead retry")
        )
        early = failed.sent_at + pause - run.started_at
        is_known = failed.round == run.round or _lasts(life, failed)
        if is_known and not is_revived and early > _EARLY:
            yield f"too early: run again {early:.3f} seconds before its pause was over"


def _lasts(life: Life, run: Run) -> bool:
    return run.settled < life.rounds[run.round].durable


def _is_refused_with_reason(life: Life, history: History) -> Iterator[str]:
    """A result is taken from the worker that has the job, and from no other."""
    for run in life.runs:
        is_cancelled = any(
            each.round == run.round and each.sent < run.settled
            for each in life.asked_for("cancel job")
        )
        if life.function.is_slow:
            if run.outcome == "complete" and run.is_accepted:
                yield f"late result taken: in round {run.round}"
        elif run.is_refused and not is_cancelled:
            yield f"refused: a result of round {run.round} without a reason"


def _is_known(life: Life, history: History) -> Iterator[str]:
    """The job server knows a job that was acknowledged and cannot have ended."""
    end = life.possible_end()
    for each in life.enquiries:
        is_denied = not each.is_known or each.state in endings.ENDED
        is_about_jobs = each.command in _ABOUT_JOBS and is_denied
        if is_about_jobs and 0 < life.promised < each.sent <= each.answered < end:
            yield f"denied: the job server said it knows no such job in {each}"


def _has_not_vanished(life: Life, history: History) -> Iterator[str]:
    """A job that was acknowledged has an end."""
    if not life.promised or life.dead is not None:
        return
    if any(run.outcome == "complete" and not run.is_refused for run in life.runs):
        return
    if any(True for _ in life.asked_for("cancel job", "dead drop")):
        return
    if life.function.setting("ttl", 0.0):
        return
    yield "missing: it was acknowledged, and is nowhere"


_Check = Callable[[Life, History], Iterator[str]]
_CHECKS: list[_Check] = [
    _has_one_identity,
    _is_intact,
    _is_run_by_one,
    _ends_once,
    _keeps_to_its_attempts,
    _is_revived,
    _pauses,
    _keeps_pauses,
    _is_refused_with_reason,
    _is_known,
    _has_not_vanished,
    dead_letters.check,
    endings.check,
]


def _doubled(history: History, all_lives: dict[bytes, Life]) -> Iterator[Fault]:
    """A submission becomes one job."""
    handles: dict[bytes, set[bytes]] = defaultdict(set)
    for life in all_lives.values():
        for key in life.keys:
            handles[key].add(life.handle)
    for key, found in handles.items():
        own = history.submissions.get(key)
        if own is not None and own.function.every:
            # A schedule submits it again and again.
            continue
        if own is not None and own.acknowledged:
            found.add(own.handle)
        if len(found) > 1:
            yield Fault(min(found), f"one submission, two jobs: {key!r} is {found}")


def _not_coalesced(all_lives: dict[bytes, Life]) -> Iterator[Fault]:
    """A submission joins the job of its function and unique that is there."""
    groups: dict[tuple[bytes, bytes], list[Life]] = defaultdict(list)
    for life in all_lives.values():
        for submission in life.submissions:
            if submission.unique:
                group = groups[submission.function.name, submission.unique]
                if life not in group[-1:]:
                    group.append(life)
    for group in groups.values():
        for life in group:
            if life.promised and not life.function.follows:
                yield from _strangers(life, group)


def _strangers(life: Life, group: list[Life]) -> Iterator[Fault]:
    """Find submissions that should have joined a job and got another one."""
    promised, end = life.promised, life.possible_end()
    for other in group:
        # Once it is brought back, a dead letter has the same right to be joined.
        revived = min(
            (each.sent for each in other.asked_for("dead retry")), default=math.inf
        )
        for each in other.submissions:
            is_there = promised < each.sent and each.acknowledged < end
            if other is not life and is_there and each.acknowledged < revived:
                text = f"not coalesced: {each.key!r} became {other.handle!r}"
                yield Fault(life.handle, text)
