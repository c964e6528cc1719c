"""The names and globs that policies are given for, in the order in which they apply."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from geartrain.engine.model.globs import LONGEST, is_pattern, matcher
from geartrain.errors import OptionError

__all__ = ["Patterns"]

# Each new function is matched against all globs: at a quarter of a microsecond each,
# this many take a quarter of a millisecond.
_MOST_GLOBS: Final = 1_000
# Bytes of all globs together: to match the worst of them takes time by their length.
_MOST_GLOB_BYTES: Final = 32 * 1024
# Exact names cost memory only; few have this many functions.
_MOST_NAMES: Final = 20_000


class Patterns:
    """Globs, which have one of ``*``, ``?`` and ``[``, and exact names of functions."""

    def __init__(self) -> None:
        self._globs: dict[bytes, re.Pattern[bytes]] = {}
        self._glob_bytes = 0
        self._exact: dict[bytes, None] = {}

    def add(self, pattern: bytes) -> None:
        """Have a pattern apply, a new glob after all others.

        Raises:
            OptionError: it is empty or too long, or there are as many as can be.
        """
        is_glob = is_pattern(pattern)
        if pattern in (self._globs if is_glob else self._exact):
            return
        self._check_room(pattern, is_glob)
        if is_glob:
            self._glob_bytes += len(pattern)
            self._globs[pattern] = matcher(pattern)
        else:
            self._exact[pattern] = None

    def remove(self, pattern: bytes) -> None:
        """Forget a pattern."""
        if self._globs.pop(pattern, None) is not None:
            self._glob_bytes -= len(pattern)
        self._exact.pop(pattern, None)

    def all(self) -> list[bytes]:
        """Return all patterns, in the order in which they apply."""
        return [*self._globs, *self._exact]

    def matching(self, function: bytes) -> list[bytes]:
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
        """Return the number of globs; ``matching`` looks at each."""
        return len(self._globs)

    def put_last(self, globs: Sequence[bytes]) -> bool:
        """Let globs apply after all others, in this order; tell if that is new."""
        known = [each for each in globs if each in self._globs]
        if not known or [*self._globs][-len(known) :] == known:
            return False
        for each in known:
            self._globs[each] = self._globs.pop(each)
        return True

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
