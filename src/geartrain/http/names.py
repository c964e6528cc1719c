r"""Names in paths: percent-encoded, each a part of its own.

A name that is ``.`` or ``..`` cannot be written as other names are: browsers and
proxies take such a part away, ``%2E`` as well. So these two are encoded once more, and
so is a name that looks like what becomes of them.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, unquote

__all__ = ["name_in_path", "read_name"]

# One or two dots, or what they are after having been encoded any number of times.
_DOTS: Final = re.compile(r"(?:\.|%(?:25)*2e){1,2}", re.IGNORECASE)
_SAFE: Final = ":"


def name_in_path(name: str) -> str:
    """Return a name, as ``os.fsdecode`` makes text, as a part of a path.

    >>> name_in_path("a/b"), name_in_path(".."), name_in_path("%2E")
    ('a%2Fb', '%252E%252E', '%25252E')
    """
    if _DOTS.fullmatch(name):
        name = name.replace("%", "%25").replace(".", "%2E")
    return quote(name, safe=_SAFE, errors="surrogateescape")


def read_name(part: str) -> str:
    """Return the name that a part of a path stands for.

    >>> read_name("a%2Fb"), read_name("%252E%252E"), read_name("%25252E")
    ('a/b', '..', '%2E')
    """
    name = unquote(part, errors="surrogateescape")
    if "%" in name and _DOTS.fullmatch(name):
        name = unquote(name)
    return name
