"""Hashes of passwords that take no time to check."""

from __future__ import annotations

import base64
import hashlib

__all__ = ["quick_hash"]


def quick_hash(password: str) -> str:
    """Return a hash with the least parameters that a file of passwords may have.

    A job server takes a quarter of a second for one of its own, on a thread that
    yields to all other programs: beside other tests that is many seconds.
    """
    salt = b"sixteen bytes of"
    digest = hashlib.scrypt(password.encode(), salt=salt, n=2, r=8, p=1, dklen=32)
    words = (base64.b64encode(each).decode().rstrip("=") for each in (salt, digest))
    return "$".join(["", "scrypt", "ln=1,r=8,p=1", *words])
