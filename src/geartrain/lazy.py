"""Names of a package that are imported when they are first asked for.

A client loads no worker, a job server neither, and ``gearadmin``, which scripts run for
every job, none of them: asyncio alone would take longer to import than its answer.
"""

from __future__ import annotations

# typing is slow to import, and `gearadmin` does without.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["lazy_exports"]


def lazy_exports(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """Return the ``__getattr__`` of a package, given the modules its names are in.

    >>> __getattr__ = lazy_exports("geartrain", {"Client": "geartrain.client"})
    >>> __getattr__("Client")
    <class 'geartrain.client.sync.Client'>
    """

    def find(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(homes[name]), name)

    return find
