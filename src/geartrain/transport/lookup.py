"""Look up names with a timeout, which the system's own look-up does not have.

``getaddrinfo`` cannot be interrupted: with a name server that does not answer it takes
half a minute or more. So it is called in a thread that is left to itself when time is
up. All who want the same address share one thread, and there are at most 16 of them.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from geartrain.seconds import FOREVER
from geartrain.transport import forks

__all__ = ["Found", "look_up", "look_up_soon"]

# Family and address of each, in the order they are to be tried.
Found: TypeAlias = list[tuple[int, Any]]

_MOST: Final = 16
# Seconds between two questions whether a look-up is wanted still.
_STEP: Final = 0.25


class _Search:
    """One look-up, and who waits for it."""

    def __init__(self) -> None:
        self.found: Found = []
        self.error: Exception | None = None
        self._is_over = False
        self._lock = threading.Lock()
        self._waiting: list[Callable[[], None]] = []

    def then(self, call: Callable[[], None]) -> None:
        """Call when it is over, in its thread; at once if it is."""
        with self._lock:
            if not self._is_over:
                self._waiting.append(call)
                return
        call()

    def run(self, host: str, port: int) -> None:
        """Look the name up, however long that takes."""
        try:
            self.found = _resolved(host, port)
        except Exception as error:
            self.error = error
        self.end()

    def end(self) -> None:
        """Tell all who wait."""
        with self._lock:
            self._is_over = True
            waiting, self._waiting = self._waiting, []
        for call in waiting:
            call()


class _Searches:
    """The look-ups that are under way in this process."""

    def __init__(self) -> None:
        self.in_child()

    def in_child(self) -> None:
        """Begin anew: the threads are the parent's."""
        self._running: dict[tuple[str, int], _Search] = {}
        self._lock = threading.Lock()

    def get(self, host: str, port: int) -> _Search:
        """Return the look-up of a name: one that is under way, or else a new one."""
        if is_number(host):
            search = _Search()
            search.run(host, port)
            return search
        with self._lock:
            found = self._running.get((host, port))
            if found is not None:
                return found
            search = _Search()
            if len(self._running) >= _MOST:
                search.error = TimeoutError(
                    f"{_MOST} names are being looked up already, without an answer"
                )
                search.end()
                return search
            self._running[host, port] = search
        self._start(search, host, port)
        return search

    def _start(self, search: _Search, host: str, port: int) -> None:
        def run() -> None:
            try:
                search.run(host, port)
            finally:
                self._running.pop((host, port), None)

        if sys.is_finalizing():
            # A thread that is started now never runs, and Python waits for it.
            run()
            return
        thread = threading.Thread(target=run, name=f"look-up of {host}", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # No thread can be started: look it up here, however long it takes.
            run()


_searches: Final = _Searches()
forks.tell(_searches)


def look_up(
    host: str,
    port: int,
    timeout: float | None,
    is_wanted: Callable[[], bool] | None = None,
) -> Found:
    """Return the addresses of a host, within some seconds.

    ``is_wanted`` is asked now and then; it gives up where that says no. Where the
    system has no thread left, or the interpreter ends, a look-up takes as long as it
    takes.

    Raises:
        OSError: it has none; TimeoutError, which is one, if time is up.
    """
    if timeout is None and is_wanted is None:
        return _resolved(host, port)
    end = time.monotonic() + (FOREVER if timeout is None else timeout)
    done = threading.Lock()
    done.acquire()
    search = _searches.get(host, port)
    search.then(done.release)
    left = end - time.monotonic()
    while not done.acquire(timeout=max(0.0, min(left, _STEP))):
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"looking up {host} takes too long")
        if is_wanted is not None and not is_wanted():
            raise TimeoutError("it is not wanted any more")
    if search.error is not None:
        raise search.error
    return search.found


def look_up_soon(
    host: str, port: int, then: Callable[[Found | Exception], None]
) -> None:
    """Call ``then`` with the addresses of a host, or with why it has none.

    At once for an IP address; else from a thread, whenever that is.
    """
    search = _searches.get(host, port)
    search.then(lambda: then(search.error or search.found))


def is_number(host: str) -> bool:
    """Tell whether a host is an IP address, for which nobody has to be asked."""
    if ":" in host:
        return True
    try:
        socket.inet_pton(socket.AF_INET, host)
    except (OSError, ValueError):
        return False
    return True


def _resolved(host: str, port: int) -> Found:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys((each[0], each[4]) for each in found))
