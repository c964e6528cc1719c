"""Policies: what the job server does with the jobs of each function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from geartrain.engine.model.globs import is_pattern, matcher
from geartrain.engine.model.patterns import Patterns
from geartrain.engine.model.settings import (
    NONE,
    SETTINGS,
    Value,
    check_name,
    read_setting,
)

__all__ = [
    "AGAIN",
    "DROP",
    "DROP_OLDEST",
    "FOLLOWING",
    "IN_MEMORY",
    "JOIN",
    "REFUSE",
    "REPLACE",
    "PatternSettings",
    "Policies",
    "Policy",
]

# What a submission does whose function and unique a job has.
JOIN: Final = "join"
DROP: Final = "drop"
REPLACE: Final = "replace"
AGAIN: Final = "again"
# What is done with a new job where too many wait, or no worker can run it.
REFUSE: Final = "refuse"
DROP_OLDEST: Final = "drop_oldest"
# Those by which it never joins a job that runs: one more is to follow it.
FOLLOWING: Final = (REPLACE, AGAIN)

# Doubled that often, the shortest pause is longer than any cap.
IN_MEMORY: Final = 3600.0
"""Seconds for which memory is meant to tell what became of jobs. Where a policy's
``history`` is longer, the store keeps it.
"""

_MAX_DOUBLINGS: Final = 1000
_MASK: Final = 0xFFFFFFFF


class Policy:
    """What the job server does with the jobs of one function."""

    def __init__(self) -> None:  # noqa: PLR0915 - as many attributes
        self.max_attempts: int = 1
        """Maximum number of attempts."""
        self.max_crashes: int = 5
        """Fail a job after it lost its worker this many times (0: never)."""
        self.backoff: str = "exponential"
        """``"fixed"``, or ``"exponential"``: each pause is twice the last."""
        self.backoff_delay: float = 1.0
        """Seconds before the second attempt."""
        self.backoff_cap: float = 3600.0
        """Longest pause, in seconds."""
        self.backoff_jitter: float = 0.1
        """Random variation of each pause, as a fraction (0.1: ±10 %)."""
        self.timeout: float = 0.0
        """Seconds an attempt may run (0: no limit)."""
        self.ttl: float = 0.0
        """Seconds a job may wait (0: no limit)."""
        self.delay: float = 0.0
        """Seconds to delay every submission."""
        self.rate: str = NONE
        """How many jobs may start in which time, such as ``100/1m``."""
        self.burst: int = 0
        """How many may start at once after a pause (0: as many as the rate needs)."""
        self.concurrency: int = 0
        """How many may run at once (0: no limit)."""
        self.key_rate: str = NONE
        """``rate`` for the jobs of each flow key."""
        self.key_concurrency: int = 0
        """``concurrency`` for the jobs of each flow key (0: no limit)."""
        self.key_from: str = NONE
        """A JSON pointer to the flow key in workloads of submissions without one."""
        self.order: str = "priority"
        """``"priority"``, or ``"fifo"``: strictly as submitted, also over retries."""
        self.dead_letter: bool = True
        """Keep background jobs that failed as dead letters."""
        self.paused: bool = False
        """Give no waiting job to a worker."""
        self.draining: bool = False
        """Refuse new jobs."""
        self.options_in_names: bool = False
        """Read ``?name=value`` after the function's name as options of a submission."""
        self.alert_age: float = 300.0
        """Seconds a job may wait before that is a problem (0: never)."""
        self.alert_no_worker: float = 0.0
        """Seconds jobs may wait without a worker before that is a problem."""
        self.alert_dead: int = 1
        """Dead letters in five minutes that are a problem (0: none are)."""
        self.history: float = IN_MEMORY
        """Seconds to remember what became of a job (0: not at all)."""
        self.result_ttl: float = 0.0
        """Seconds to keep the results of background jobs (0: keep none)."""
        self.result_size: int = 1024 * 1024
        """Bytes of the largest result to keep."""
        self.cache_ttl: float = 0.0
        """Seconds for which a submission with the function and unique of a job that
        succeeded is answered with that job's result (0: never).
        """
        self.dedupe: str = JOIN
        """What a submission does whose function and unique a job has: ``"join"`` it,
        ``"drop"`` itself, ``"replace"`` its workload, or run ``"again"`` after it.
        """
        self.dedupe_window: float = 0.0
        """Seconds after the submission of a job that succeeded in which ``"drop"``
        takes no equal one.
        """
        self.dedupe_wait: float = 0.0
        """Seconds that ``"replace"`` delays a job at most, since it was first submitted
        (0: no limit).
        """
        self.max_waiting: int = 0
        """Maximum number of jobs that wait (0: no limit)."""
        self.when_full: str = REFUSE
        """What is done with a new job then: ``"refuse"`` it, or ``"drop_oldest"`` to
        take it.
        """
        self.when_no_worker: str = "wait"
        """What a job does that no worker can run: ``"wait"``, or ``"refuse"`` it."""
        self.no_worker_grace: float = 10.0
        """Seconds for which a worker that left is expected to come back."""
        self.keeps_ends = False
        """Something is to be known of how its jobs ended; it follows from the rest."""

    def pause(self, number: int, attempt: int) -> float:
        """Return the seconds to wait after a failed attempt, counted from 1.

        It depends on the policy, the job's number and the attempt alone.
        """
        pause = self.backoff_delay
        if self.backoff == "exponential":
            pause *= 2.0 ** min(attempt - 1, _MAX_DOUBLINGS)
        cap = self.backoff_cap
        pause = min(pause, cap) * (1.0 + self.backoff_jitter * _offset(number, attempt))
        # What is beyond the cap is mirrored at it: cut off there, half of the jobs
        # would come back in the same moment.
        return min(pause, 2.0 * cap - pause)

    def settings(self) -> dict[str, Value]:
        """Return every setting by its name."""
        return {name: getattr(self, name) for name in SETTINGS}


def _offset(number: int, attempt: int) -> float:
    """Return a number from -1 to 1 that looks like chance."""
    return _mixed(_mixed(number) ^ attempt) / (_MASK / 2) - 1.0


def _mixed(bits: int) -> int:
    """Return 32 bits, each of which depends on all of the lowest 32 given.

    This is the last step of MurmurHash3.
    """
    bits &= _MASK
    bits = ((bits ^ bits >> 16) * 0x85EBCA6B) & _MASK
    bits = ((bits ^ bits >> 13) * 0xC2B2AE35) & _MASK
    return bits ^ bits >> 16


class PatternSettings:
    """Settings that one source gives for a pattern."""

    def __init__(
        self, pattern: bytes, is_changed: bool, settings: dict[str, Value]
    ) -> None:
        self.pattern = pattern
        """The name of a function, or a glob."""
        self.is_changed = is_changed
        """An operator has given them at run time; else they are the file's."""
        self.settings = settings
        """The values by their names."""


class Policies:
    """The policies of all functions: defaults, and what names and globs change.

    A pattern with one of ``*``, ``?`` and ``[`` is a glob, any other the exact name of
    a function. All that match a function apply, setting by setting: the globs in the
    order they were first given, then the exact name; for each of these the file's
    settings, then those that were changed at run time.
    """

    def __init__(self, defaults: Policy | None = None) -> None:
        """Start with ``defaults``, or a policy's own."""
        self._defaults: dict[str, Value] = (defaults or Policy()).settings()
        self.version = 0
        """A number that grows whenever a glob changes, which may concern any function;
        what changes for an exact name concerns that one alone.
        """
        self.reads_names: bool = bool(self._defaults["options_in_names"])
        """Some function has, or had, ``options_in_names``: else no name is looked at.
        """
        self._patterns = Patterns()
        self._given: dict[bytes, dict[str, Value]] = {}
        self._changed: dict[bytes, dict[str, Value]] = {}
        self._orders: dict[bytes, int] = {}
        self._last: dict[bytes, None] = {}
        self._last_order = 0

    def find(self, function: bytes) -> Policy:
        """Return a function's policy, which later changes leave as it is.

        Globs do not apply to a name of more than 1,024 bytes.
        """
        settings = dict(self._defaults)
        for pattern in self._patterns.matching(function):
            settings.update(self._given.get(pattern, {}))
            settings.update(self._changed.get(pattern, {}))
        policy = Policy()
        for name, value in settings.items():
            setattr(policy, name, value)
        policy.keeps_ends = (
            policy.result_ttl > 0 or policy.cache_ttl > 0 or policy.dedupe_window > 0
        )
        return policy

    def glob_count(self) -> int:
        """Return the number of globs; ``find`` looks at each."""
        return self._patterns.glob_count()

    def give(self, pattern: bytes, settings: Mapping[str, Value]) -> bool:
        """Set some settings for a name or glob, all or none of them, as the file says.

        A text is read as the value it stands for. Returns whether it is a glob, so that
        ``version`` has grown.

        Raises:
            OptionError: a setting or a value is wrong, the pattern is empty or longer
                than 1,024 bytes, or there are as many patterns as can be: 1,000 globs
                of 32 KiB together, and 20,000 exact names.
        """
        return self._set(pattern, settings, self._given)

    def change(self, pattern: bytes, settings: Mapping[str, Value]) -> bool:
        """Set some settings at run time, beside what the file says; as ``give``.

        An empty text takes back what was changed, so that the file's value holds again.
        """
        kept = {name: value for name, value in settings.items() if value != ""}
        back = [check_name(name) for name, value in settings.items() if value == ""]
        is_glob = self._set(pattern, kept, self._changed)
        changed = self._changed[pattern]
        for name in back:
            changed.pop(name, None)
        if changed:
            self._last_order += 1
            self._orders.setdefault(pattern, self._last_order)
        else:
            del self._changed[pattern]
            self._orders.pop(pattern, None)
            self._last.pop(pattern, None)
            if pattern not in self._given:
                self._patterns.remove(pattern)
        return is_glob

    def _set(
        self,
        pattern: bytes,
        settings: Mapping[str, Value],
        layer: dict[bytes, dict[str, Value]],
    ) -> bool:
        changes = {name: read_setting(name, value) for name, value in settings.items()}
        is_glob = is_pattern(pattern)
        self._patterns.add(pattern)
        layer.setdefault(pattern, {}).update(changes)
        if changes.get("options_in_names"):
            self.reads_names = True
        if is_glob:
            self.version += 1
        return is_glob

    def restore(
        self,
        pattern: bytes,
        settings: Mapping[str, Value],
        order: int,
        *,
        is_last: bool = False,
    ) -> None:
        """Set what was changed elsewhere, in the ``order`` of these changes.

        That is in an earlier life, or at a job server that shares the store. What was
        changed here for the pattern counts no more. ``arrange`` comes after the last.

        Raises:
            OptionError: as ``give``.
        """
        if not settings and pattern not in self._changed:
            return
        self.change(pattern, {**dict.fromkeys(self.changed(pattern), ""), **settings})
        if pattern not in self._changed:
            return
        self._orders[pattern] = order
        self._last_order = max(self._last_order, order)
        if is_last:
            self._last[pattern] = None

    def arrange(self) -> None:
        """Let globs that were changed apply in the order of these changes.

        Those of the file stay where it has them, unless ``put_last`` was said.
        """
        late = [
            (order, glob)
            for glob, order in self._orders.items()
            if is_pattern(glob) and (glob not in self._given or glob in self._last)
        ]
        if self._patterns.put_last([glob for _, glob in sorted(late)]):
            self.version += 1

    def put_last(self, pattern: bytes) -> None:
        """Let a glob that was changed at run time apply after all others."""
        if is_pattern(pattern) and pattern in self._changed:
            self._patterns.put_last([pattern])
            self._last[pattern] = None
            self._last_order += 1
            self._orders[pattern] = self._last_order

    def is_last(self, pattern: bytes) -> bool:
        """Tell whether ``put_last`` was said of a pattern."""
        return pattern in self._last

    def within(self, pattern: bytes) -> list[bytes]:
        """Return a pattern and all that were changed and name parts of what it does.

        A glob is taken to name what its own text would be a name of.
        """
        if not is_pattern(pattern):
            return [pattern] if pattern in self._changed else []
        found = matcher(pattern)
        return [each for each in self._changed if found.match(each) is not None]

    def is_never(self, settings: Mapping[str, Value]) -> bool:
        """Tell whether nothing sets any of these settings otherwise."""
        for layer in (self._given, self._changed):
            for given in layer.values():
                for name, value in settings.items():
                    if given.get(name, value) != value:
                        return False
        return all(self._defaults[name] == value for name, value in settings.items())

    def order(self, pattern: bytes) -> int:
        """Return the place of a pattern among those that were changed at run time."""
        return self._orders.get(pattern, 0)

    def changed(self, pattern: bytes) -> dict[str, Value]:
        """Return what was changed at run time for a pattern."""
        return dict(self._changed.get(pattern, {}))

    def entries(self, function: bytes = b"") -> list[PatternSettings]:
        """Return all that is given, or what applies to a function, in its order."""
        found: list[PatternSettings] = []
        patterns = self._patterns.matching(function) if function else []
        for pattern in patterns if function else self._patterns.all():
            for layer in (self._given, self._changed):
                if pattern in layer:
                    settings = dict(layer[pattern])
                    found.append(
                        PatternSettings(pattern, layer is self._changed, settings)
                    )
        return found
