"""Logins: people who have logged in, each known by the secret in a cookie.

They are in memory: after a restart people log in again. A login ends when it was not
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

__all__ = ["Endable", "Login", "Logins"]

IDLE: Final = 3600.0
"""Seconds without a request, or an open page, after which a login ends."""

LONGEST: Final = 12 * 3600.0
"""Seconds after which a login ends whatever happens."""

# Logins at once; and of one person, whose least used one ends first.
_MOST: Final = 1000
_MOST_EACH: Final = 20


class Endable(Protocol):
    """What goes on on behalf of somebody, such as a stream of events."""

    def close(self) -> None:
        """End it."""


class Login:
    """Somebody who is logged in.

    Attributes:
        account: who.
        began: when, by the clock of ``Logins``.
        used: when there last was a request, or an open page.
        open: what goes on on its behalf.
    """

    def __init__(self, account: Account, now: float) -> None:
        self.account = account
        self.began = self.used = now
        self.open: WeakSet[Endable] = WeakSet()

    def is_over(self, now: float) -> bool:
        """Tell whether it has ended by itself; an open page is use."""
        if self.open:
            self.used = now
        is_idle = now - self.used > IDLE
        return is_idle or now - self.began > LONGEST

    def end(self) -> None:
        """End all that goes on on its behalf."""
        for each in list(self.open):
            each.close()


class Logins:
    """All logins, by the digests of their secrets."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` returns seconds."""
        self._clock = clock
        self._logins: dict[bytes, Login] = {}

    def __len__(self) -> int:
        return len(self._logins)

    def begin(self, account: Account) -> str:
        """Let somebody in; return the secret that proves it."""
        self.sweep()
        own = [key for key, each in self._logins.items() if each.account == account]
        if len(own) >= _MOST_EACH:
            self._end_least_used(own)
        if len(self._logins) >= _MOST:
            self._end_least_used(list(self._logins))
        secret = secrets.token_urlsafe(32)
        self._logins[_digest(secret)] = Login(account, self._clock())
        return secret

    def find(self, secret: str) -> Login | None:
        """Return the login of a secret, which is used now; None if there is none."""
        login = self._logins.get(_digest(secret))
        if login is None:
            return None
        now = self._clock()
        if login.is_over(now):
            self.end(secret)
            return None
        login.used = now
        return login

    def end(self, secret: str) -> None:
        """End a login, if it is one."""
        login = self._logins.pop(_digest(secret), None)
        if login is not None:
            login.end()

    def sweep(self) -> None:
        """End those that are over."""
        now = self._clock()
        for key, login in list(self._logins.items()):
            if login.is_over(now):
                del self._logins[key]
                login.end()

    def follow(self, accounts: Mapping[str, Account]) -> None:
        """End those of people who are not among these as they were."""
        for key, login in list(self._logins.items()):
            if accounts.get(login.account.name) != login.account:
                del self._logins[key]
                login.end()

    def _end_least_used(self, keys: list[bytes]) -> None:
        key = min(keys, key=lambda each: self._logins[each].used)
        self._logins.pop(key).end()


def _digest(secret: str) -> bytes:
    """Return what a secret is looked up by: how long that takes tells nothing of it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()
