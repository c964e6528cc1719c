"""For tests of programs that use Geartrain: a job server in their own process.

With pytest the fixtures ``geartrain_server`` and ``geartrain_client`` are there as soon
as Geartrain is installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geartrain.testing.inline import InlineServer
    from geartrain.testing.records import SubmittedRecord
    from geartrain.testing.server import LocalServer

__all__ = ["InlineServer", "LocalServer", "SubmittedRecord"]

# pytest imports this for its fixtures in every run: what they need is left for later.
_HOMES = {
    "InlineServer": "geartrain.testing.inline",
    "LocalServer": "geartrain.testing.server",
    "SubmittedRecord": "geartrain.testing.records",
}


def __getattr__(name: str) -> object:
    from geartrain.lazy import lazy_export

    return lazy_export(__name__, _HOMES, name)
