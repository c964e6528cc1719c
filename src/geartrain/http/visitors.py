"""Visitors: who a request is from, and what that one may do."""

from __future__ import annotations

import os
from typing import Final
from weakref import WeakSet

from starlette.requests import HTTPConnection
from starlette.types import Scope

from geartrain.engine.model.access import RIGHTS, Access
from geartrain.engine.model.globs import is_pattern
from geartrain.engine.model.principals import Identity
from geartrain.http.logins import Endable, Login

__all__ = ["SERVER", "Visitor", "admit", "visitor_of"]

_KEY: Final = "geartrain.visitor"


class Visitor:
    """Who a request is from.

    Attributes:
        identity: what is known of who that is; the engine decides by it.
        login: the login, if there is one.
    """

    def __init__(
        self,
        identity: Identity,
        access: Access | None,
        login: Login | None = None,
        open_streams: WeakSet[Endable] | None = None,
    ) -> None:
        """``open_streams`` takes what ends with what has let it in, if not a login."""
        self.identity = identity
        self.login = login
        self._access = access
        self._open = open_streams if login is None else login.open

    @property
    def address(self) -> str:
        """Return the numeric host that the request came from."""
        return self.identity.address

    @property
    def name(self) -> str:
        """Return who that is, for people; empty for somebody unknown."""
        if self.identity.login:
            return os.fsdecode(self.identity.login)
        return ",".join(self.principals)

    @property
    def key(self) -> tuple[str, ...]:
        """Return what is equal of all who see the same, and are named the same."""
        return ("limited" if self.is_limited else "", self.name, *self.principals)

    @property
    def principals(self) -> list[str]:
        """Return the principals that it is."""
        names = () if self._access is None else self._access.names
        return [os.fsdecode(each) for each in names]

    @property
    def is_limited(self) -> bool:
        """Tell whether rules say what it may do."""
        return self._access is not None

    def rights(self) -> dict[str, list[str]]:
        """Return the globs of functions that it has each right on."""
        found = {}
        for number, right in enumerate(RIGHTS):
            globs = (b"*",) if self._access is None else self._access.globs(number)
            found[right] = [os.fsdecode(each) for each in globs]
        return found

    def may(self, right: str, function: str = "") -> bool:
        """Tell whether it has a right on a function, or on any where none is named.

        A glob is all functions that it names.
        """
        access, number, name = self._access, RIGHTS.index(right), os.fsencode(function)
        if access is None:
            return True
        if not name:
            return access.has(number)
        return (
            access.covers(number, name)
            if is_pattern(name)
            else access.may(number, name)
        )

    def is_allowed_anything(self) -> bool:
        """Tell whether it has any right at all."""
        return any(self.may(right) for right in RIGHTS)

    def keep(self, stream: Endable) -> None:
        """Have something that goes on end with the login or token that it is for."""
        if self._open is not None:
            self._open.add(stream)


def _server() -> Visitor:
    identity = Identity("127.0.0.1")
    identity.is_over_all = True
    return Visitor(identity, None)


SERVER: Final = _server()
"""The server itself, which may ask itself anything."""


def admit(scope: Scope, visitor: Visitor) -> None:
    """Let a request go on as a visitor's."""
    scope[_KEY] = visitor


def visitor_of(request: HTTPConnection) -> Visitor:
    """Return who a request is from, which ``admit`` has said."""
    found: Visitor = request.scope[_KEY]
    return found
