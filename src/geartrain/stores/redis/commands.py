"""Commands that change Redis, gathered to be sent in one script."""

from __future__ import annotations

from typing import Final

__all__ = ["Commands"]

_Word = bytes | str | int | float

# Lua's stack holds about 8,000 words of one command.
_MOST_WORDS: Final = 4000
# Bytes of one script: Redis does nothing else meanwhile.
_MOST_BYTES: Final = 16 * 1024 * 1024

# What takes away runs before what adds: a job may be both.
_ORDER: Final = (
    *(b"UNLINK", b"SREM", b"ZREM", b"HDEL"),
    *(b"HSET", b"RENAME", b"RPUSH", b"ZADD", b"PRUNE"),
)


class Commands:
    """Changes to keys: those of one verb and key become one command.

    Attributes:
        pieces: for each list to be written, its pieces.
        size: the bytes of all pieces.
    """

    def __init__(self) -> None:
        self._words: dict[tuple[bytes, bytes], list[_Word]] = {}
        self.pieces: dict[bytes, list[bytes]] = {}
        self.size = 0

    def add(self, verb: bytes, key: bytes, *words: _Word) -> None:
        """Add arguments of a command such as HSET, whose first one is ``key``."""
        self._words.setdefault((verb, key), []).extend(words)

    def set(self, key: bytes, field: _Word, value: _Word) -> None:
        """Set a field of a hash."""
        self.add(b"HSET", key, field, value)

    def insert(self, key: bytes, member: bytes) -> None:
        """Add a member to a sorted set."""
        self.add(b"ZADD", key, 0, member)

    def write(self, key: bytes, pieces: list[bytes]) -> None:
        """Write a list of pieces anew."""
        self.add(b"UNLINK", key)
        self.pieces[key] = pieces
        self.size += sum(map(len, pieces))

    def flat(self) -> list[_Word]:
        """Return the words of all commands, each behind the number of its words."""
        for key, pieces in self.pieces.items():
            self.add(b"RPUSH", key, *pieces)
        words: list[_Word] = []
        for verb in _ORDER:
            for (of, key), given in self._words.items():
                if of == verb:
                    _append(words, verb, key, given)
        return words

    def take_staged(self, staged: bytes) -> list[list[_Word]]:
        """Take out pieces that are too many for one script; return scripts for them.

        They lie under other names until the rest is written; the set ``staged`` has
        these names, for whoever cleans up when that never happens.
        """
        if self.size <= _MOST_BYTES:
            return []
        scripts: list[list[_Word]] = []
        words: list[_Word] = []
        size = 0
        for key, pieces in self.pieces.items():
            name = key + b":staged"
            _append(words, b"SADD", staged, [name])
            _append(words, b"UNLINK", name, [])
            for piece in pieces:
                _append(words, b"RPUSH", name, [piece])
                size += len(piece)
                if size >= _MOST_BYTES:
                    scripts.append(words)
                    words, size = [], 0
            self.add(b"SREM", staged, name)
            self.add(b"RENAME", name, key)
        self.pieces = {}
        self.size = 0
        return [*scripts, words] if words else scripts


def _append(
    words: list[_Word], verb: bytes, key: bytes, given: list[_Word] | list[bytes]
) -> None:
    for start in range(0, len(given) or 1, _MOST_WORDS):
        part = given[start : start + _MOST_WORDS]
        words += (len(part) + 2, verb, key, *part)
