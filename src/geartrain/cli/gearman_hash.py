"""The unique ``#``: a hash of the workload, the same as libgearman's."""

from __future__ import annotations

from typing import Final

__all__ = ["workload_unique"]

_MASK: Final = 0xFFFFFFFF
_SEED: Final = 0xDEADBEEF


def workload_unique(workload: bytes) -> str:
    """Return MurmurHash3 (32 bits) of a workload in decimal, as libgearman seeds it."""
    size = len(workload)
    value = _SEED * size & _MASK
    whole = size - size % 4
    for start in range(0, whole, 4):
        value ^= _mixed(workload[start : start + 4])
        value = _rotated(value, 13) * 5 + 0xE6546B64 & _MASK
    if whole < size:
        value ^= _mixed(workload[whole:])
    value ^= size
    value ^= value >> 16
    value = value * 0x85EBCA6B & _MASK
    value ^= value >> 13
    value = value * 0xC2B2AE35 & _MASK
    return str(value ^ value >> 16)


def _mixed(piece: bytes) -> int:
    number = int.from_bytes(piece, "little") * 0xCC9E2D51 & _MASK
    return _rotated(number, 15) * 0x1B873593 & _MASK


def _rotated(number: int, bits: int) -> int:
    return (number << bits | number >> 32 - bits) & _MASK
