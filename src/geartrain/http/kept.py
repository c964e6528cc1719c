"""Connections of lists, kept for whoever comes back for the next slice.

The job server keeps a list of the jobs in memory for the connection that began it, and
a cursor of HTTP is good on any: so the cursor names the connection.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Final

from geartrain.http.links import TextLink
from geartrain.http.problems import ProblemError

__all__ = ["Kept"]

# Lists that are kept at once, and for how many seconds after they were last asked for.
_MOST_KEPT: Final = 64
_KEPT_FOR: Final = 60.0


class Kept:
    """The connections of lists that may be gone on with, by a random name."""

    def __init__(self) -> None:
        self._links: dict[str, tuple[TextLink, asyncio.TimerHandle]] = {}

    def keep(self, link: TextLink) -> str:
        """Keep a connection for a while; return its name."""
        name = secrets.token_urlsafe(12)
        while len(self._links) >= _MOST_KEPT:
            self._drop(next(iter(self._links)))
        timer = asyncio.get_running_loop().call_later(_KEPT_FOR, self._drop, name)
        self._links[name] = link, timer
        return name

    def take(self, name: str) -> TextLink:
        """Take a connection out.

        Raises:
            ProblemError: it is no longer kept.
        """
        link, timer = self._links.pop(name, (None, None))
        if timer is not None:
            timer.cancel()
        if link is None or link.is_lost:
            raise ProblemError(
                "expired-cursor",
                f"a list is kept for {_KEPT_FOR:g} seconds between two slices: begin"
                " again without the cursor",
            )
        return link

    def close(self) -> None:
        """End all."""
        for name in list(self._links):
            self._drop(name)

    def _drop(self, name: str) -> None:
        link, timer = self._links.pop(name)
        timer.cancel()
        link.close()
