"""The lease of a store that several job servers share, as the event loop sees it.

The store renews it on its own thread. Here the engine is kept from handing out jobs
that another job server may have taken over, goes on with those that another has left,
and learns that it has lost its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from math import inf
from typing import Final

from geartrain.engine.engine import Engine
from geartrain.engine.inventory import Inventory
from geartrain.engine.model.marks import CRASHED, Mark
from geartrain.stores.base import Store
from geartrain.texts import counted, shown

__all__ = ["LeaseKeeper"]

# Seconds before the end of a lease from which nothing kept is handed out. Two clocks of
# which one gains a second on the other in ten are not to be reckoned with.
_MARGIN: Final = 1.0

_log = logging.getLogger("geartrain.server")


class LeaseKeeper:
    """Has an engine keep to the lease of its store.

    Attributes:
        on_lost: called once, when another job server has taken over.
    """

    def __init__(
        self, engine: Engine, store: Store, monotonic: Callable[[], float]
    ) -> None:
        """Look after the store on the running event loop."""
        self.on_lost: Callable[[], None] = lambda: None
        self._engine = engine
        self._store = store
        self._monotonic = monotonic
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._is_fenced = False
        self._is_lost = False

    def look(self) -> bool:
        """React to what the store's thread, idle now, has done.

        Returns whether the engine has something to tell then.
        """
        store, was_fenced = self._store, self._is_fenced
        has_new_share = store.share != self._engine.state.share
        self._engine.sharing.divide(store.share, self._monotonic())
        self._keep()
        if store.is_lost:
            return False
        self._engine.sharing.lead(is_leading=store.is_leading)
        adopted, store.adopted = store.adopted, ()
        for inventory in adopted:
            self._adopt(inventory)
        again, store.again = store.again, ()
        for inventory in again:
            self._engine.sharing.adopt(inventory, self._monotonic())
        common, store.common = store.common, {}
        if common:
            self._engine.sharing.follow(common, self._monotonic())
        if adopted or again or common or has_new_share:
            return True
        return was_fenced is not self._is_fenced

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _keep(self) -> None:
        """See whether the lease lasts; the store's thread may be at work."""
        if self._store.is_lost:
            self._lose()
        elif self._store.lease_until < inf:
            self._keep_to(self._store.lease_until - _MARGIN)

    def _keep_to(self, end: float) -> None:
        """Hand out kept jobs until some time, and look again then."""
        now = self._monotonic()
        self._fence(now >= end)
        self.stop()
        if now < end:
            self._timer = self._loop.call_later(end - now, self._keep)

    def _fence(self, is_fenced: bool) -> None:
        if is_fenced is self._is_fenced:
            return
        self._is_fenced = is_fenced
        self._engine.sharing.fence(self._monotonic(), is_fenced=is_fenced)
        if is_fenced:
            _log.warning(
                "the lease could not be renewed: background jobs wait until it is",
                extra={"action": "lease_ended"},
            )
        else:
            _log.warning(
                "the lease is renewed: background jobs go on",
                extra={"action": "lease_renewed"},
            )

    def _adopt(self, inventory: Inventory) -> None:
        jobs = sum(each.ready + each.delayed for each in inventory.queues)
        left = self._engine.sharing.adopt(inventory, self._monotonic())
        has_crashed = any(each.kind == CRASHED for each in left)
        _log.log(
            logging.WARNING if jobs or has_crashed else logging.INFO,
            "%s left %s",
            _leavers(left),
            f"{counted(jobs, 'job')}, which this one has now" if jobs else "no jobs",
            extra={"action": "jobs_adopted"},
        )

    def _lose(self) -> None:
        self.stop()
        if not self._is_lost:
            self._is_lost = True
            self._engine.sharing.fence(self._monotonic(), is_fenced=True)
            self.on_lost()


def _leavers(left: Sequence[Mark]) -> str:
    """Say which job servers have left their jobs, and how they ended."""
    names = ", ".join(f"{shown(each.node)} ({each.kind})" for each in left)
    if len(left) > 1:
        return f"the job servers {names} have"
    return f"the job server {names} has" if left else "another job server has"
