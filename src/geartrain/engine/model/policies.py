"""Policies: what the job server does with the jobs of each function."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from geartrain.engine.model.globs import LONGEST, is_pattern, matcher
from geartrain.engine.model.settings import SETTINGS, Value, check_name, read_setting
from geartrain.errors import OptionError

__all__ = ["IN_MEMORY", "PatternSettings", "Policies", "Policy"]

# Doubled that often, the shortest pause is longer than any cap.
IN_MEMORY: Final = 3600.0
"""Seconds for which memory is meant to tell what became of jobs. Where a policy's
``history`` is longer, the store keeps it.
"""

_MAX_DOUBLINGS: Final = 1000
_MASK: Final = 0xFFFFFFFF

# Each new function is matched against all globs: at a quarter of a microsecond each,
# this many take a quarter of a millisecond.
_MOST_GLOBS: Final = 1_000
# Bytes of all globs together: to match the worst of them takes time by their length.
_MOST_GLOB_BYTES: Final = 32 * 1024
# Exact names cost memory only; few have this many functions.
_MOST_NAMES: Final = 20_000


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
        self.dead_letter: bool = True
        """Keep background jobs that failed as dead letters."""
        self.paused: bool = False
        """Give no waiting job to a worker."""
        self.draining: bool = False
        """Refuse new jobs."""
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
        self._globs: dict[bytes, re.Pattern[bytes]] = {}
        self._glob_bytes = 0
        self._exact: dict[bytes, None] = {}
        self._given: dict[bytes, dict[str, Value]] = {}
        self._changed: dict[bytes, dict[str, Value]] = {}
        self._orders: dict[bytes, int] = {}
        self._last_order = 0

    def find(self, function: bytes) -> Policy:
        """Return a function's policy, which later changes leave as it is.

        Globs do not apply to a name of more than 1,024 bytes.
        """
        settings = dict(self._defaults)
        for pattern in self._matching(function):
            settings.update(self._given.get(pattern, {}))
            settings.update(self._changed.get(pattern, {}))
        policy = Policy()
        for name, value in settings.items():
            setattr(policy, name, value)
        return policy

    def _matching(self, function: bytes) -> list[bytes]:
        """Return the patterns that match a function, in the order they apply."""
        found: list[bytes] = []
        if len(function) <= LONGEST:
            for pattern, glob in self._globs.items():
                if glob.match(function) is not None:
                    found.append(pattern)
        if function in self._exact:
            found.append(function)
        return found

    def glob_count(self) -> int:
        """Return the number of globs; ``find`` looks at each."""
        return len(self._globs)

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
            if pattern not in self._given:
                self._forget(pattern)
        return is_glob

    def _set(
        self,
        pattern: bytes,
        settings: Mapping[str, Value],
        layer: dict[bytes, dict[str, Value]],
    ) -> bool:
        changes = {name: read_setting(name, value) for name, value in settings.items()}
        is_glob = is_pattern(pattern)
        if pattern not in (self._globs if is_glob else self._exact):
            self._check_room(pattern, is_glob)
            if is_glob:
                self._glob_bytes += len(pattern)
                self._globs[pattern] = matcher(pattern)
            else:
                self._exact[pattern] = None
        layer.setdefault(pattern, {}).update(changes)
        if is_glob:
            self.version += 1
        return is_glob

    def _forget(self, pattern: bytes) -> None:
        """Forget a pattern without settings."""
        if self._globs.pop(pattern, None) is not None:
            self._glob_bytes -= len(pattern)
        self._exact.pop(pattern, None)

    def _check_room(self, pattern: bytes, is_glob: bool) -> None:
        """Raise OptionError if there is no room for one more pattern, or for this."""
        if not pattern:
            raise OptionError("a policy needs the name of a function, or a glob")
        if len(pattern) > LONGEST:
            raise OptionError(f"a pattern has at most {LONGEST} bytes")
        if not is_glob:
            if len(self._exact) >= _MOST_NAMES:
                raise OptionError(
                    f"there are policies for {_MOST_NAMES} names, which is the most:"
                    " use a glob"
                )
        elif len(self._globs) >= _MOST_GLOBS:
            raise OptionError(
                f"there are {_MOST_GLOBS} globs, which is the most: use fewer, wider"
                " ones, or exact names"
            )
        elif self._glob_bytes + len(pattern) > _MOST_GLOB_BYTES:
            raise OptionError(
                f"all globs together have at most {_MOST_GLOB_BYTES} bytes: use"
                " shorter ones, or exact names"
            )

    def restore(
        self, pattern: bytes, settings: Mapping[str, Value], order: int
    ) -> None:
        """Set what was changed in an earlier life, in the ``order`` of these changes.

        Raises:
            OptionError: as ``give``.
        """
        self.change(pattern, settings)
        self._orders[pattern] = order
        self._last_order = max(self._last_order, order)

    def put_last(self, pattern: bytes) -> None:
        """Let a glob that was changed at run time apply after all others."""
        glob = self._globs.pop(pattern, None)
        if glob is not None and pattern in self._changed:
            self._globs[pattern] = glob
            self._last_order += 1
            self._orders[pattern] = self._last_order

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
        patterns = self._matching(function) if function else []
        for pattern in patterns if function else [*self._globs, *self._exact]:
            for layer in (self._given, self._changed):
                if pattern in layer:
                    settings = dict(layer[pattern])
                    found.append(
                        PatternSettings(pattern, layer is self._changed, settings)
                    )
        return found
