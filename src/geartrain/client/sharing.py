"""Wait for jobs that earlier calls submitted, on connections that others may use.

Such jobs stay on the connections they were sent on. The thread that uses these reads
for all; the others wait for its ``Bell``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from geartrain.client.bells import Bell
from geartrain.client.connections import Connections
from geartrain.client.link import Link
from geartrain.client.pool import Lease, Pool
from geartrain.client.waiting import Waiter, is_done
from geartrain.errors import ClientError, JobTimeoutError

__all__ = ["forget", "wait"]


def wait(
    pool: Pool,
    waiter: Waiter,
    is_enough: Callable[[Waiter], bool],
    deadline: float | None,
) -> None:
    """Return once the job server has told enough of an earlier call.

    Raises:
        JobTimeoutError: time is up.
        ConnectError: it had to be sent again, and no job server can be reached.
    """
    while not is_enough(waiter):
        link: Link | None = waiter.link
        if link is None:
            what = waiter, is_enough
            pool.use(_send_again, what, deadline, waiter.name, True)
            continue
        home = link.home
        if home.thread == threading.get_ident():
            # A signal handler has interrupted the call that uses them.
            home.bring(waiter, is_enough, deadline)
        elif not _use(pool, home, waiter, is_enough, deadline):
            _listen(pool, home, waiter, is_enough, deadline)


def forget(pool: Pool, waiters: Iterable[Waiter]) -> None:
    """Stop waiting for jobs of earlier calls."""
    homes: dict[Connections, None] = {}
    for waiter in waiters:
        link = waiter.link
        if link is not None and not is_done(waiter):
            link.home.unwanted.append(waiter)
            homes[link.home] = None
    for home in homes:
        _settle(pool, home)


def _settle(pool: Pool, home: Connections) -> None:
    """Forget what is unwanted on connections; another call that uses them will."""
    # Whoever gives connections back forgets it.
    pool.leased(lambda lease: pool.claim(lease, home))


def _send_again(
    home: Connections,
    what: tuple[Waiter, Callable[[Waiter], bool]],
    deadline: float | None,
) -> None:
    waiter, is_enough = what
    home.resend_all([waiter], deadline)
    home.bring(waiter, is_enough, deadline)


def _use(
    pool: Pool,
    home: Connections,
    waiter: Waiter,
    is_enough: Callable[[Waiter], bool],
    deadline: float | None,
) -> bool:
    """Wait for a job on its connections; return False if another call uses them."""

    def bring(lease: Lease) -> bool:
        if not pool.claim(lease, home):
            return False
        home.bring(waiter, is_enough, deadline)
        return True

    return pool.leased(bring)


def _listen(
    pool: Pool,
    home: Connections,
    waiter: Waiter,
    is_enough: Callable[[Waiter], bool],
    deadline: float | None,
) -> None:
    """Wait until the thread that uses the job's connections wakes this one."""
    bell = Bell()
    try:
        home.bells.append((waiter, bell))
        if pool.is_closed:
            raise ClientError("the client is closed")
        if is_enough(waiter) or not home.thread or not home.has(waiter):
            return
        if not bell.wait(None if deadline is None else deadline - time.monotonic()):
            raise JobTimeoutError(f"{waiter.name}: no answer in time")
    finally:
        with suppress(ValueError):
            home.bells.remove((waiter, bell))
