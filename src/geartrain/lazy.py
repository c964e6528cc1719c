"""Names of a package that are imported when they are first asked for.

A client loads no worker, a job server neither, and ``gearadmin``, which scripts run for
every job, none of them: asyncio alone takes longer to import than its answer does.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

__all__ = ["lazy_export"]


def lazy_export(package: str, homes: Mapping[str, str], name: str) -> object:
    """Return what ``name`` stands for, given the modules that the names are in.

    It is for the ``__getattr__`` of a package.

    >>> lazy_export("geartrain", {"Client": "geartrain.client"}, "Client")
    <class 'geartrain.client.sync.Client'>

    Raises:
        AttributeError: the package has no such name.
    """
    if name not in homes:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    return getattr(import_module(homes[name]), name)
