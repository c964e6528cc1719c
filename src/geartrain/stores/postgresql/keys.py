"""What jobs with keys are found by, whatever the length of their functions and keys."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Final

__all__ = ["KEY_SIZE", "key_of", "key_range"]

# The first bytes are the key's, the others the function's. So jobs are found by their
# key alone, too.
_KEY_BYTES: Final = 10
KEY_SIZE: Final = 16
"""The bytes that a job's function and key are indexed by."""


def key_of(function: bytes, key: bytes) -> bytes:
    """Return what a function and key are indexed by."""
    return blake2b(key, digest_size=_KEY_BYTES).digest() + _function_part(function)


@lru_cache(maxsize=1024)
def _function_part(function: bytes) -> bytes:
    return blake2b(function, digest_size=KEY_SIZE - _KEY_BYTES).digest()


def key_range(key: bytes) -> tuple[bytes, bytes]:
    """Return the first and the last that jobs of any function with a key have."""
    hashed = blake2b(key, digest_size=_KEY_BYTES).digest()
    rest = KEY_SIZE - _KEY_BYTES
    return hashed + bytes(rest), hashed + b"\xff" * rest
