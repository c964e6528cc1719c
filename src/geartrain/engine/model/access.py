"""Access: who may do what, by function.

A peer has an ``Access``, or None where there are no rules. It is what all principals
that the peer is may do together, so peers that are the same share one, and with it the
answers that were found.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from geartrain.engine.model.globs import LONGEST, covers, matcher
from geartrain.engine.model.limits import NO_LIMITS, Limits
from geartrain.engine.model.principals import Identity, Principal, read_host

__all__ = [
    "ADMINISTER",
    "BUILT_IN",
    "OPERATE",
    "RIGHTS",
    "SEE",
    "SUBMIT",
    "WORK",
    "Access",
    "Rules",
]

SUBMIT: Final = 0
WORK: Final = 1
SEE: Final = 2
OPERATE: Final = 3
ADMINISTER: Final = 4

RIGHTS: Final = ("submit", "work", "see", "operate", "administer")
"""The names of the rights."""

# Who has the one on the left also has the others.
_INCLUDED: Final = {"operate": ("see",), "administer": ("see", "operate")}
_ALL: Final = b"*"

# Names whose answers are remembered for each right: a server has seldom more functions,
# and to find an answer again takes microseconds.
_MOST_KEPT: Final = 4096
# Sets of principals that peers are; people who log in do not count.
_MOST_SETS: Final = 1024


class Access:
    """What some principals may do together."""

    def __init__(self, principals: Sequence[Principal]) -> None:
        self.names = tuple(each.name for each in principals)
        """The principals; empty for a peer that none of them is."""
        self.limited = tuple(each.name for each in principals if any(each.limits))
        """Those that have limits."""
        globs: list[dict[bytes, None]] = [{} for _ in RIGHTS]
        for principal in principals:
            for right, given in principal.rights.items():
                for name in (right, *_INCLUDED.get(right, ())):
                    globs[RIGHTS.index(name)].update(dict.fromkeys(given))
        self._globs = [tuple(each) for each in globs]
        self._matchers = [_matcher_of(each) for each in self._globs]
        self._kept: list[dict[bytes, bool]] = [{} for _ in RIGHTS]

    def may(self, right: int, function: bytes) -> bool:
        """Tell whether a right holds for the function of this name."""
        kept = self._kept[right]
        known = kept.get(function)
        if known is None:
            if len(kept) >= _MOST_KEPT:
                kept.clear()
            known = self._finds(right, function)
            if len(function) <= LONGEST:
                kept[function] = known
        return known

    def _finds(self, right: int, function: bytes) -> bool:
        if _ALL in self._globs[right]:
            return True
        found = self._matchers[right]
        # Globs do not apply to longer names: to match one takes time by its length.
        if found is None or len(function) > LONGEST:
            return False
        return found.match(function) is not None

    def covers(self, right: int, pattern: bytes) -> bool:
        """Tell whether a right holds for all functions that a name or glob names."""
        return any(covers(each, pattern) for each in self._globs[right])

    def globs(self, right: int) -> tuple[bytes, ...]:
        """Return the globs of functions that a right holds for."""
        return self._globs[right]

    def has(self, right: int) -> bool:
        """Tell whether a right holds for any function."""
        return bool(self._globs[right])

    def has_all(self, right: int) -> bool:
        """Tell whether a right holds for every function, and so for the server."""
        return _ALL in self._globs[right]

    def knows_anything(self) -> bool:
        """Tell whether any right holds for any function."""
        return any(self._globs)

    def knows(self, function: bytes) -> bool:
        """Tell whether any right holds for a function: else it is not to be known."""
        return any(self.may(right, function) for right in range(len(RIGHTS)))


def _matcher_of(globs: Sequence[bytes]) -> re.Pattern[bytes] | None:
    """Return what matches all that any of these globs does; None for nothing."""
    if not globs:
        return None
    return re.compile(b"|".join(matcher(each).pattern for each in globs))


class Rules:
    """All principals, and which of them a peer is."""

    def __init__(self, principals: Sequence[Principal] = ()) -> None:
        self._principals = principals
        self._found: dict[tuple[bytes, ...], Access] = {}

    def is_empty(self) -> bool:
        """Tell whether there are no rules: everybody may do everything."""
        return not self._principals

    def knows_role(self, name: bytes) -> bool:
        """Tell whether a principal has this name, or is built in."""
        return name in BUILT_IN or any(each.name == name for each in self._principals)

    def limits(self, name: bytes) -> Limits:
        """Return what a principal may use; no limits for one that is unknown."""
        for each in self._principals:
            if each.name == name:
                return each.limits
        return NO_LIMITS

    def knows_token(self, digest: bytes) -> bool:
        """Tell whether a token is a principal's."""
        return any(digest in each.tokens for each in self._principals)

    def find(self, identity: Identity) -> Access | None:
        """Return what a peer may do; None for everything, because there are no rules.

        Somebody who has logged in has the rights of the role also where there are none.
        """
        if identity.is_over_all:
            return None
        role = identity.role
        if not (self._principals or role):
            return None
        host = read_host(identity.address)
        known = [each for each in self._principals if each.is_known(identity, host)]
        if role in BUILT_IN and all(each.name != role for each in known):
            known.append(BUILT_IN[role])
        key = tuple(each.name for each in known)
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= _MOST_SETS:
                self._found.clear()
            found = self._found[key] = Access(known)
        return found


def _everywhere(*rights: str) -> dict[str, tuple[bytes, ...]]:
    return dict.fromkeys(rights, (_ALL,))


BUILT_IN: Final = {
    b"view": Principal(b"view", _everywhere("see")),
    b"operate": Principal(b"operate", _everywhere("operate", "submit")),
    b"administer": Principal(b"administer", _everywhere("administer", "submit")),
}
"""The roles that people who log in may have without a rule."""
