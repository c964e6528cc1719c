"""For tests of programs that use Geartrain: a job server in their own process.

With pytest the fixtures ``geartrain_server`` and ``geartrain_client`` are there as soon
as Geartrain is installed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from geartrain.testing.inline import InlineServer
    from geartrain.testing.records import SubmittedRecord
    from geartrain.testing.server import LocalServer

__all__ = ["InlineServer", "LocalServer", "SubmittedRecord"]

# pytest imports this for its fixtures in every run: what they need is left for later.
_MODULES: Final = {
    "InlineServer": "inline",
    "LocalServer": "server",
    "SubmittedRecord": "records",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
