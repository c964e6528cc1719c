"""Passwords of people who log in: a file of names, roles and hashes.

A line is ``NAME:ROLE:HASH``. The hash is scrypt's, in the form of the PHC's strings,
which has the parameters in it: ``$scrypt$ln=14,r=8,p=5$SALT$HASH``. The parameters are
OWASP's for 16 MiB: guessing costs as much as with 128 MiB once, and the job server
need not have that much to spare.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from geartrain.errors import OptionError

__all__ = ["LEAST_PASSWORD", "Account", "hash_of", "is_password", "read_passwords"]

LEAST_PASSWORD: Final = 8
"""Characters of the shortest password that is taken."""

_LN, _R, _P = 14, 8, 5
_SALT: Final = 16
_SIZE: Final = 32
# Bytes of memory that a hash in the file may take.
_MOST_MEMORY: Final = 64 * 1024 * 1024
_MOST_ROUNDS: Final = 32

_NAME: Final = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_HASH: Final = re.compile(
    r"\$scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,2}),p=([0-9]{1,2})"
    r"\$([A-Za-z0-9+/]{16,128})\$([A-Za-z0-9+/]{16,128})"
)
# No file of people is larger.
_MOST_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may log in.

    Attributes:
        name: the name.
        role: the principal that this is: ``view``, ``operate``, ``administer`` or one
            of the rules of access.
        hash: of the password.
    """

    name: str
    role: str
    hash: str


def hash_of(password: str) -> str:
    """Return the hash of a password, which differs each time."""
    salt = secrets.token_bytes(_SALT)
    digest = _digest(password, salt, _LN, _R, _P, _SIZE)
    return f"$scrypt$ln={_LN},r={_R},p={_P}${_encoded(salt)}${_encoded(digest)}"


def is_password(password: str, hashed: str) -> bool:
    """Tell whether a hash is that of a password; it takes a quarter of a second."""
    found = _HASH.fullmatch(hashed)
    if found is None:
        return False
    ln, r, p = (int(each) for each in found.groups()[:3])
    salt, digest = (_decoded(each) for each in found.groups()[3:])
    given = _digest(password, salt, ln, r, p, len(digest))
    return hmac.compare_digest(given, digest)


def _digest(password: str, salt: bytes, ln: int, r: int, p: int, size: int) -> bytes:
    data = password.encode("utf-8", "surrogatepass")
    most = 2 * _MOST_MEMORY
    return hashlib.scrypt(data, salt=salt, n=1 << ln, r=r, p=p, maxmem=most, dklen=size)


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4))


def read_passwords(path: str) -> Mapping[str, Account]:
    """Return who may log in, by name. Blank lines and those with ``#`` are left out.

    Raises:
        OptionError: the file cannot be read, or a line means nothing; the message has
            its number.
    """
    found: dict[str, Account] = {}
    for number, line in enumerate(_text(path).splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        account, fault = _account(line.strip())
        if account is not None and account.name in found:
            fault = f"{account.name!r} stands there twice"
        if fault or account is None:
            raise OptionError(f"{path}:{number}: {fault}")
        found[account.name] = account
    return found


def _text(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise OptionError(f"cannot read {path}: {error.strerror}") from None
    if len(data) > _MOST_BYTES:
        raise OptionError(f"{path} is larger than {_MOST_BYTES} bytes")
    return data.decode("utf-8", "replace")


def _account(line: str) -> tuple[Account | None, str]:
    """Read a line; return what is wrong with it, if anything is."""
    name, _, rest = line.partition(":")
    role, _, hashed = rest.partition(":")
    if not (_NAME.fullmatch(name) and _NAME.fullmatch(role)):
        # What stands there may be a password: it is not shown.
        return None, "write NAME:ROLE:HASH, as geartrain password prints it"
    found = _HASH.fullmatch(hashed)
    if found is None:
        return None, f"{name} has no hash: make the line by geartrain password {name}"
    ln, r, p = (int(each) for each in found.groups()[:3])
    if not (1 <= ln <= 20 and r and p) or (128 * r << ln) > _MOST_MEMORY:
        return None, f"the hash of {name} takes too much memory: make it anew"
    if p > _MOST_ROUNDS:
        return None, f"the hash of {name} takes too long: make it anew"
    return Account(name, role, hashed), ""
