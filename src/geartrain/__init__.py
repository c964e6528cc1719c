"""Geartrain: a job server that every Gearman client already knows."""

from __future__ import annotations

import os

# typing is slow to import, and `gearadmin` does without.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from geartrain._build import core_build
    from geartrain.client import AsyncClient, Client
    from geartrain.worker import AsyncWorker, Retry, Worker

__all__ = [
    "AsyncClient",
    "AsyncWorker",
    "Client",
    "Retry",
    "Worker",
    "__version__",
    "core_build",
]

__version__ = "0.1.0"

if os.environ.get("GEARTRAIN_PURE") == "1":
    # It has to be there before any module of the core is.
    from importlib import import_module as _import_module

    _import_module("geartrain._build")

_HOMES = {
    "AsyncClient": "geartrain.client",
    "AsyncWorker": "geartrain.worker",
    "Client": "geartrain.client",
    "Retry": "geartrain.worker",
    "Worker": "geartrain.worker",
    "core_build": "geartrain._build",
}


def __getattr__(name: str) -> object:
    from geartrain.lazy import lazy_export

    return lazy_export(__name__, _HOMES, name)
