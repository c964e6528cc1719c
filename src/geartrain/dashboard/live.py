"""Pages that are kept up to date while somebody looks at them.

A ``LiveView`` is a page with its query as one principal sees it. It is made anew at
most once a second, however many look at it, and only what changed is sent to each. When
nobody looks any more it ends: a job server whose pages nobody has open does nothing for
them.

A page is a stream of server-sent events at its own address, to whoever accepts
``text/event-stream``: ``build`` first, by which a page learns that the server was
replaced by another version and loads itself anew; ``regions`` with what changed;
``problem`` where the job server refuses.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from typing import Final

from geartrain.http.problems import ProblemError

__all__ = ["Views", "Watcher"]

_log = logging.getLogger("geartrain.http")

Refresh = Callable[[], Awaitable[dict[str, str]]]

# Seconds between two refreshes of a view.
_INTERVAL: Final = 1.0
# How many times as long as a refresh took nothing is refreshed after it, so that all
# open pages together take at most a fortieth of the event loop; and seconds that this
# is at most for other views, and for the same. Who looks at a page that is slow to make
# must not have everybody's pages grow old.
_PAUSE: Final = 40.0
_MOST_OTHERS: Final = 1.0
_MOST_SAME: Final = 30.0


class Watcher:
    """One page that is open somewhere."""

    def __init__(self, view: LiveView, build: str) -> None:
        self._view = view
        self._build = build
        self._news = asyncio.Event()
        self._seen: dict[str, str] = {}
        self._is_closed = False

    def tell(self) -> None:
        """Learn that the view was refreshed."""
        self._news.set()

    def close(self) -> None:
        """End the stream: its reader has left, or the job server stops."""
        self._is_closed = True
        self._news.set()

    async def events(self) -> AsyncGenerator[bytes, None]:
        """Yield what changed, as server-sent events."""
        self._view.add(self)
        try:
            yield _event("build", {"build": self._build})
            while True:
                await self._news.wait()
                self._news.clear()
                if self._is_closed:
                    return
                yield self._changes()
        finally:
            self._view.remove(self)

    def _changes(self) -> bytes:
        view = self._view
        if view.problem:
            return _event("problem", {"now": view.time, "text": view.problem})
        changed = {
            name: content
            for name, content in view.regions.items()
            if self._seen.get(name) is not content
        }
        self._seen = dict(view.regions)
        return _event("regions", {"now": view.time, "regions": changed})


class LiveView:
    """What some watchers look at.

    Attributes:
        regions: the content of each region; one that did not change is the same object.
        problem: why it cannot be refreshed, in words; empty if it can.
        time: when it was refreshed last, in seconds since 1970.
    """

    def __init__(
        self, refresh: Refresh, forget: Callable[[], None], turn: asyncio.Lock
    ) -> None:
        """Keep what ``refresh`` returns.

        ``forget`` is called at the end; ``turn`` has one view refreshed at a time.
        """
        self.regions: dict[str, str] = {}
        self.problem = ""
        self.time = 0.0
        self._refresh = refresh
        self._forget = forget
        self._turn = turn
        self._is_closed = False
        self._watchers: set[Watcher] = set()
        self._task: asyncio.Task[None] | None = None

    def add(self, watcher: Watcher) -> None:
        """Keep somebody up to date."""
        self._watchers.add(watcher)
        if self._is_closed:
            watcher.close()
            return
        if self._task is None:
            self._task = asyncio.ensure_future(self._run())
        elif self.time:
            watcher.tell()

    def remove(self, watcher: Watcher) -> None:
        """Let somebody go; the last one ends the view."""
        self._watchers.discard(watcher)
        if not self._watchers and self._task is not None:
            self._task.cancel()
            self._task = None
            self._forget()

    def close(self) -> None:
        """End all of its streams, and refresh it no more."""
        self._is_closed = True
        if self._task is not None:
            self._task.cancel()
            self._task = None
        for watcher in list(self._watchers):
            watcher.close()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            async with self._turn:
                began = loop.time()
                await self._look()
                for watcher in self._watchers:
                    watcher.tell()
                pause = _PAUSE * (loop.time() - began)
                await asyncio.sleep(min(pause, _MOST_OTHERS))
            until = began + max(_INTERVAL, min(pause, _MOST_SAME))
            await asyncio.sleep(until - loop.time())

    async def _look(self) -> None:
        try:
            found = await self._refresh()
        except ProblemError as error:
            self.problem = str(error)
        except Exception:
            _log.exception(
                "a page cannot be refreshed", extra={"action": "page_failed"}
            )
            self.problem = "the server has a defect, which its log tells"
        else:
            self.problem = ""
            self.regions = {
                name: old if (old := self.regions.get(name)) == content else content
                for name, content in found.items()
            }
        self.time = time.time()


class Views:
    """All views that are looked at."""

    def __init__(self, build: str = "") -> None:
        """``build`` is what pages of another version have another of."""
        self._build = build
        self._views: dict[Hashable, LiveView] = {}
        self._turn = asyncio.Lock()

    def watch(self, key: Hashable, refresh: Refresh) -> Watcher:
        """Return a watcher of the view with this key; make it if there is none."""
        view = self._views.get(key)
        if view is None:
            view = LiveView(refresh, lambda: self._forget(key), self._turn)
            self._views[key] = view
        return Watcher(view, self._build)

    def close(self) -> None:
        """End all streams: the job server stops, or who may see what has changed.

        Whoever comes back is looked at anew. So none of the views is gone on with, even
        if the stream of a slow reader has not ended yet: it is as another may see it.
        """
        views = list(self._views.values())
        self._views.clear()
        for view in views:
            view.close()

    def _forget(self, key: Hashable) -> None:
        self._views.pop(key, None)


def _event(name: str, values: dict[str, object]) -> bytes:
    # JSON has no line breaks of its own, and lone surrogates only escaped.
    return f"event: {name}\ndata: {json.dumps(values)}\n\n".encode()
