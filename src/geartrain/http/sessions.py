"""Sessions: people who have logged in, each known by the secret in a cookie.

They are in memory: after a restart people log in again. A session ends when it was not
used for an hour, twelve hours after it began, when its owner logs out, and when the
file of passwords no longer has its owner as it did.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from typing import Final, Protocol
from weakref import WeakSet

from geartrain.server.passwords import Account

__all__ = ["Closable", "Session", "Sessions"]

IDLE: Final = 3600.0
"""Seconds without a request, or an open page, after which a session ends."""

LONGEST: Final = 12 * 3600.0
"""Seconds after which a session ends whatever happens."""

# Sessions at once; and of one person, whose least used one ends first.
_MOST: Final = 1000
_MOST_EACH: Final = 20


class Closable(Protocol):
    """What goes on on behalf of somebody, such as a stream of events."""

    def close(self) -> None:
        """End it."""


class Session:
    """Somebody who is logged in.

    Attributes:
        account: who.
        began: when, by the clock of ``Sessions``.
        used: when there last was a request.
        open: what goes on on its behalf.
    """

    def __init__(self, account: Account, now: float) -> None:
        self.account = account
        self.began = self.used = now
        self.open: WeakSet[Closable] = WeakSet()

    def is_over(self, now: float) -> bool:
        """Tell whether it has ended by itself."""
        is_idle = now - self.used > IDLE and not self.open
        return is_idle or now - self.began > LONGEST

    def end(self) -> None:
        """End all that goes on on its behalf."""
        for each in list(self.open):
            each.close()


class Sessions:
    """All sessions, by the digests of their secrets."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` returns seconds."""
        self._clock = clock
        self._sessions: dict[bytes, Session] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def begin(self, account: Account) -> str:
        """Let somebody in; return the secret that proves it."""
        self.sweep()
        own = [key for key, each in self._sessions.items() if each.account == account]
        if len(own) >= _MOST_EACH:
            self._end_least_used(own)
        if len(self._sessions) >= _MOST:
            self._end_least_used(list(self._sessions))
        secret = secrets.token_urlsafe(32)
        self._sessions[_digest(secret)] = Session(account, self._clock())
        return secret

    def find(self, secret: str) -> Session | None:
        """Return the session of a secret, which is used now; None if there is none."""
        session = self._sessions.get(_digest(secret))
        if session is None:
            return None
        now = self._clock()
        if session.is_over(now):
            self.end(secret)
            return None
        session.used = now
        return session

    def end(self, secret: str) -> None:
        """End a session, if it is one."""
        session = self._sessions.pop(_digest(secret), None)
        if session is not None:
            session.end()

    def sweep(self) -> None:
        """End those that are over."""
        now = self._clock()
        for key, session in list(self._sessions.items()):
            if session.is_over(now):
                del self._sessions[key]
                session.end()

    def follow(self, accounts: Mapping[str, Account]) -> None:
        """End those of people who are not among these as they were."""
        for key, session in list(self._sessions.items()):
            if accounts.get(session.account.name) != session.account:
                del self._sessions[key]
                session.end()

    def _end_least_used(self, keys: list[bytes]) -> None:
        key = min(keys, key=lambda each: self._sessions[each].used)
        self._sessions.pop(key).end()


def _digest(secret: str) -> bytes:
    """Return what a secret is looked up by: how long that takes tells nothing of it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()
