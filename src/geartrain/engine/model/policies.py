"""Policies: what the job server does with the jobs of each function."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from typing import Final

from geartrain.engine.model.settings import SETTINGS, Value, read_setting
from geartrain.errors import OptionError

__all__ = ["Policies", "Policy"]

# Doubled that often, the shortest pause is longer than any cap.
_MAX_DOUBLINGS: Final = 1000
_MASK: Final = 0xFFFFFFFF

# Each new function is matched against all globs: at a quarter of a microsecond each,
# this many take a quarter of a millisecond.
_MOST_GLOBS: Final = 1_000
# Bytes of all globs together: to match the worst of them takes time by their length.
_MOST_GLOB_BYTES: Final = 32 * 1024
# Exact names cost memory only; few have this many functions.
_MOST_NAMES: Final = 20_000
# Bytes of a pattern, and of a name that globs are matched against.
_LONGEST: Final = 1_024


class Policy:
    """What the job server does with the jobs of one function."""

    def __init__(self) -> None:
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
        self.history: float = 3600.0
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


class Policies:
    """The policies of all functions: defaults, and what names and globs change.

    A pattern with one of ``*``, ``?`` and ``[`` is a glob, any other the exact name of
    a function. All that match a function apply, setting by setting: the globs in the
    order they were first given, then the exact name.
    """

    def __init__(self, defaults: Policy | None = None) -> None:
        """Start with ``defaults``, or a policy's own."""
        self._defaults: dict[str, Value] = (defaults or Policy()).settings()
        self.version = 0
        """A number that grows whenever a glob changes, which may concern any function;
        what changes for an exact name concerns that one alone.
        """
        self._globs: dict[bytes, dict[str, Value]] = {}
        self._glob_bytes = 0
        self._matchers: dict[bytes, re.Pattern[bytes]] = {}
        self._exact: dict[bytes, dict[str, Value]] = {}

    def find(self, function: bytes) -> Policy:
        """Return a function's policy, which later changes leave as it is.

        Globs do not apply to a name of more than 1,024 bytes.
        """
        settings = dict(self._defaults)
        if len(function) <= _LONGEST:
            for pattern, matcher in self._matchers.items():
                if matcher.match(function) is not None:
                    settings.update(self._globs[pattern])
        settings.update(self._exact.get(function, {}))
        policy = Policy()
        for name, value in settings.items():
            setattr(policy, name, value)
        return policy

    def glob_count(self) -> int:
        """Return the number of globs; ``find`` looks at each."""
        return len(self._globs)

    def change(self, pattern: bytes, settings: Mapping[str, Value]) -> bool:
        """Set some settings for a name or glob, all or none of them.

        A text is read as the value it stands for. Returns whether it is a glob, so that
        ``version`` has grown.

        Raises:
            OptionError: a setting or a value is wrong, the pattern is empty or longer
                than 1,024 bytes, or there are as many patterns as can be: 1,000 globs
                of 32 KiB together, and 20,000 exact names.
        """
        changes = {name: read_setting(name, value) for name, value in settings.items()}
        is_glob = _is_glob(pattern)
        entries = self._globs if is_glob else self._exact
        if pattern not in entries:
            self._check_room(pattern, is_glob)
            entries[pattern] = {}
            if is_glob:
                self._glob_bytes += len(pattern)
                self._matchers[pattern] = _matcher(pattern)
        entries[pattern].update(changes)
        if is_glob:
            self.version += 1
        return is_glob

    def _check_room(self, pattern: bytes, is_glob: bool) -> None:
        """Raise OptionError if there is no room for one more pattern, or for this."""
        if not pattern:
            raise OptionError("a policy needs the name of a function, or a glob")
        if len(pattern) > _LONGEST:
            raise OptionError(f"a pattern has at most {_LONGEST} bytes")
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

    def entries(self) -> list[tuple[bytes, dict[str, Value]]]:
        """Return each pattern with its settings, in the order in which they apply."""
        both = [*self._globs.items(), *self._exact.items()]
        return [(pattern, dict(settings)) for pattern, settings in both]


def _matcher(pattern: bytes) -> re.Pattern[bytes]:
    """Compile a glob; ``fnmatch`` itself forgets all but the latest few hundred."""
    translated = fnmatch.translate(pattern.decode("latin-1"))
    return re.compile(translated.encode("latin-1"))


def _is_glob(pattern: bytes) -> bool:
    return any(mark in pattern for mark in (b"*", b"?", b"["))
