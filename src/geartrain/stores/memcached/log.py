"""The log: numbered batches over several servers, and checkpoints of all that is kept.

========================  ============================================================
key                       value
========================  ============================================================
``PREFIX.b.NUMBER``       a batch: header, and its bytes if they fit into one item
``PREFIX.p.NUMBER.I.A``   piece I of a larger one, of attempt A; written before it
``PREFIX.last``           on each server: the number of the last batch written there
``PREFIX.c.NUMBER.I``     piece I of a checkpoint
``PREFIX.head``           on all servers: the last checkpoint, its pieces, and the
                          number of the first batch after it
========================  ============================================================

A batch is there once its key is. Which server has it does not matter: the next one in
turn gets it, or another one where that is away. One that was refused and may be there
all the same is overruled: its number is written again, with a higher attempt.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from struct import error as struct_error
from typing import Final
from zlib import crc32

from geartrain.errors import StoreError
from geartrain.stores.memcached.lock import Lock
from geartrain.stores.memcached.servers import AwayError, CacheServer, Servers

__all__ = ["Log", "Replay"]

# Attempt, pieces in items of their own, length and checksum; then the bytes.
_HEADER: Final = Struct("<IIQI")
# Checkpoint, its pieces, first batch after it, length, checksum.
_HEAD: Final = Struct("<QIQQI")
# Of the bytes that an item may have, for key and header of both sides.
_OVERHEAD: Final = 4096
_MOST_PIECE: Final = 900_000
# Batches that are read at once.
_AT_ONCE: Final = 100


@dataclass
class Replay:
    """What was found of a log.

    Attributes:
        checkpoint: the bytes of the checkpoint; nothing if there is none, or it is not
            whole.
        has_lost_checkpoint: there was one that is not whole.
        batches: the batches after it that are there, by number.
        missing: the numbers of those that are not.
        silent: which servers do not answer, and why.
    """

    checkpoint: bytes
    has_lost_checkpoint: bool
    batches: dict[int, bytes]
    missing: list[int]
    silent: list[str]


class Log:
    """Writes batches and checkpoints, and reads them.

    Attributes:
        length: how many batches there are since the last checkpoint.
        size: how many bytes these have.
    """

    def __init__(self, servers: Servers, lock: Lock, prefix: bytes) -> None:
        self.length = 0
        self.size = 0
        self._servers = servers
        self._lock = lock
        self._prefix = prefix
        self._next = 1
        self._attempt = 1
        self._checkpoint = 0
        self._pieces = 0
        self._first = 1
        # The keys of pieces of batches, to be removed with these.
        self._large: list[bytes] = []

    def _key(self, *names: str | int) -> bytes:
        return b".".join([self._prefix, *(str(name).encode() for name in names)])

    def read(self) -> Replay:
        """Read what there is, and begin to write behind it.

        Raises:
            StoreError: no server answers.
        """
        heads, silent = self._servers.read([self._key("head"), self._key("last")])
        if len(silent) == len(self._servers.all):
            raise StoreError(silent[0])
        found = [_HEAD.unpack(each) for each in heads.get(self._key("head"), [])]
        head = max(found, default=(0, 0, 1, 0, 0))
        self._checkpoint, self._pieces, self._first = head[:3]
        checkpoint = self._read_pieces("c", self._checkpoint, self._pieces)
        is_whole = checkpoint is not None and crc32(checkpoint) == head[4]
        lasts = [int(each) for each in heads.get(self._key("last"), [])]
        batches = self._read_batches(max([self._first - 1, *lasts]))
        last = max(batches, default=max([self._first - 1, *lasts]))
        self._next, self._attempt = last + 1, 1
        self.length = last + 1 - self._first
        self.size = sum(map(len, batches.values()))
        missing = [n for n in range(self._first, last + 1) if n not in batches]
        return Replay(
            checkpoint=checkpoint if is_whole and checkpoint else b"",
            has_lost_checkpoint=not is_whole,
            batches=batches,
            missing=missing,
            silent=silent,
        )

    def _read_batches(self, last: int) -> dict[int, bytes]:
        """Read the batches up to a number, and those that follow without a gap."""
        batches: dict[int, bytes] = {}
        start = self._first
        while True:
            numbers = range(start, start + _AT_ONCE)
            keys = {self._key("b", number): number for number in numbers}
            found = self._servers.read(keys)[0]
            for key, number in keys.items():
                data = self._whole(number, found.get(key, []))
                if data is not None:
                    batches[number] = data
            start += _AT_ONCE
            if start > last and start - 1 not in batches:
                return batches

    def _whole(self, number: int, values: list[bytes]) -> bytes | None:
        """Return the bytes of a batch's last attempt; None if they are not there."""
        attempts: list[tuple[int, bytes]] = []
        for value in values:
            with contextlib.suppress(struct_error):
                attempts.append((_HEADER.unpack_from(value)[0], value))
        if not attempts:
            return None
        value = max(attempts)[1]
        attempt, pieces, length, checksum = _HEADER.unpack_from(value)
        data: bytes | None = value[_HEADER.size :]
        if pieces:
            data = self._read_pieces("p", number, pieces, attempt)
        if data is None or len(data) != length or crc32(data) != checksum:
            return None
        return data

    def _read_pieces(
        self, kind: str, number: int, count: int, *rest: int
    ) -> bytes | None:
        keys = [self._key(kind, number, place, *rest) for place in range(count)]
        found = self._servers.read(keys)[0] if keys else {}
        if kind == "p":
            self._large += keys
        if len(found) < count:
            return None
        return b"".join(found[key][0] for key in keys)

    def write(self, data: bytes) -> None:
        """Write a batch; it is there once this returns.

        Raises:
            StoreError: it was not written, as far as is known.
        """
        number, attempt = self._next, self._attempt
        self._attempt += 1
        reason: StoreError | None = None
        for server in self._in_turn(number):
            try:
                self._lock.check(server)
                self._write_on(server, number, attempt, data)
            except AwayError as error:
                reason = reason or error
                attempt, self._attempt = self._attempt, self._attempt + 1
                continue
            self._next, self._attempt = number + 1, 1
            self.length += 1
            self.size += len(data)
            return
        assert reason is not None
        raise reason

    def _in_turn(self, number: int) -> Iterator[CacheServer]:
        servers = self._servers.all
        first = number % len(servers)
        yield from (*servers[first:], *servers[:first])

    def _write_on(
        self, server: CacheServer, number: int, attempt: int, data: bytes
    ) -> None:
        pieces = self._cut(server, data)
        if len(pieces) > 1:
            for place, piece in enumerate(pieces):
                key = self._key("p", number, place, attempt)
                self._large.append(key)
                server.set(key, piece)
        count = len(pieces) if len(pieces) > 1 else 0
        value = _HEADER.pack(attempt, count, len(data), crc32(data))
        value += b"" if count else data
        key = self._key("b", number)
        if attempt > 1:
            server.set(key, value)
        elif not server.add(key, value) and server.get(key) != value:
            raise StoreError(
                f"memcached on {server.name}: another job server writes under this"
                " prefix: restart this one with a prefix of its own"
            )
        server.set(self._key("last"), b"%d" % number)

    @staticmethod
    def _cut(server: CacheServer, data: bytes) -> list[bytes]:
        if len(data) <= _OVERHEAD:
            return [data]
        most = min(_MOST_PIECE, server.largest() - _OVERHEAD)
        return [data[at : at + most] for at in range(0, len(data), most)]

    def write_checkpoint(self, data: bytes) -> None:
        """Write all that is kept, and forget the batches of before.

        Raises:
            StoreError: it could not be written; then those are still there.
        """
        number = self._checkpoint + 1
        answering = [each for each in self._servers.all if each.is_here()]
        if not answering:
            raise StoreError("no memcached server answers")
        pieces = self._cut(answering[0], data)
        for place, piece in enumerate(pieces):
            server = answering[place % len(answering)]
            server.set(self._key("c", number, place), piece)
        size = (len(data), crc32(data))
        head = _HEAD.pack(number, len(pieces), self._next, *size)
        for server in answering:
            server.set(self._key("head"), head)
        self._forget(number)
        self._checkpoint, self._pieces = number, len(pieces)
        self._first = self._next
        self.length = self.size = 0

    def _forget(self, number: int) -> None:
        """Remove the checkpoint and the batches before a new checkpoint."""
        keys = [self._key("c", number - 1, place) for place in range(self._pieces)]
        keys += [self._key("b", each) for each in range(self._first, self._next)]
        self._servers.delete(keys + self._large)
        self._large = []
