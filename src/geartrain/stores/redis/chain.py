"""The chain of batches: each is written once, after the one before, or not at all."""

from __future__ import annotations

from itertools import count
from typing import Final

from geartrain.errors import StoreError
from geartrain.stores.holders import Holder
from geartrain.stores.redis.commands import Commands
from geartrain.stores.redis.connection import LostConnectionError, RedisConnection
from geartrain.stores.redis.layout import KeyLayout
from geartrain.stores.redis.lock import LOCK_MILLISECONDS
from geartrain.stores.redis.scripts import COMMIT

__all__ = ["Chain", "ChainBrokenError"]

# Milliseconds for replicas to confirm a batch.
_REPLICA_TIMEOUT: Final = 10_000


class ChainBrokenError(StoreError):
    """The last batch in Redis is not the one that this store wrote last."""

    def __init__(self, last: bytes) -> None:
        super().__init__("the last batch in Redis is another one")
        self.last = last


class Chain:
    """Writes batches one after the other.

    Attributes:
        unsure: the batch that may have been written although it was refused; empty for
            none.
    """

    def __init__(
        self,
        connection: RedisConnection,
        layout: KeyLayout,
        holder: Holder,
        replicas: int,
    ) -> None:
        self.unsure = b""
        self._connection = connection
        self._layout = layout
        self._holder = holder
        self._replicas = replicas
        self._last = b""
        self._serials = count(1)

    def begin(self, last: bytes) -> None:
        """Begin after the batch that Redis names as the last."""
        self._last = last
        self.unsure = b""

    def write(self, commands: Commands, *, is_new: bool) -> None:
        """Write changes: all of them, or none.

        Args:
            commands: the changes.
            is_new: refuse them where memory is short.

        Raises:
            ChainBrokenError: another batch than that of before is the last one.
            StoreError: they were refused, or nobody knows (``unsure``).
        """
        for words in commands.take_staged(self._layout.staged):
            self._write(words, is_new)
        self._write(commands.flat(), is_new)

    def _write(self, words: list[bytes | str | int | float], is_new: bool) -> None:
        batch = b"%s.%d" % (self._holder.token, next(self._serials))
        try:
            answer, confirmed = self._send(batch, words, is_new)
        except LostConnectionError:
            self.unsure = batch
            raise
        what, last = answer
        if what == b"lost":
            raise _lost(self._holder.location, last)
        if what == b"other":
            raise ChainBrokenError(last)
        if confirmed < self._replicas:
            self.unsure = batch
            raise StoreError(
                f"{self._holder.location}: only {confirmed} of {self._replicas}"
                " replicas have confirmed the batch"
            )
        self._last = batch
        self.unsure = b""

    def _send(
        self, batch: bytes, words: list[bytes | str | int | float], is_new: bool
    ) -> tuple[tuple[bytes, bytes], int]:
        layout = self._layout
        keys = (layout.lock, layout.meta, layout.queues)
        head = (self._holder.packed, LOCK_MILLISECONDS, self._last, batch, int(is_new))
        values = (*head, layout.prefix, *words)
        then = ("WAIT", self._replicas, _REPLICA_TIMEOUT) if self._replicas else ()

        answer, *waited = self._connection.run_and_wait(COMMIT, keys, values, then)
        return (answer[0], answer[1]), waited[0] if waited else 0

    def confirm(self) -> None:
        """Check that this is still the only writer.

        Raises:
            StoreError: it is not, or Redis does not answer.
        """
        (owner,) = self._connection.ask(("HGET", self._layout.meta, "owner"))
        if owner != self._holder.packed:
            raise _lost(self._holder.location, owner or b"")

    def was_written(self) -> bool:
        """Tell whether the batch that is ``unsure`` was written, and follow it if so.

        One that lay in a socket may still be written before the next one.

        Raises:
            StoreError: that cannot be found out yet.
        """
        (last,) = self._connection.ask(("HGET", self._layout.meta, "batch"))
        if not self.unsure or last != self.unsure:
            return False
        self.begin(last)
        return True


def _lost(location: str, owner: bytes) -> StoreError:
    if not owner:
        return StoreError(
            f"{location}: everything that was kept under this prefix is gone: Redis was"
            " emptied, or restarted without its data; restart the job server to begin"
            " anew"
        )
    return StoreError(
        f"{location}: another job server has taken over this prefix"
        f" ({Holder.shown(owner)}): restart this one with a prefix of its own"
    )
