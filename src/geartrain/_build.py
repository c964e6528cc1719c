"""Choose between the compiled and the pure build of the core.

A build compiles ``protocol`` and ``engine`` where it can. ``GEARTRAIN_PURE=1``
in the environment loads their source all the same.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import (
    SOURCE_SUFFIXES,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
)
from types import ModuleType

__all__ = ["core_build"]

_CORE = ("geartrain.protocol", "geartrain.engine")


class _SourceFinder:
    """Find the core's modules as source, passing over compiled ones."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Return the source of a core module, and nothing for any other."""
        if path is None or not fullname.startswith(_CORE):
            return None
        for entry in path:
            finder = FileFinder(entry, (SourceFileLoader, SOURCE_SUFFIXES))
            spec = finder.find_spec(fullname, target)
            if spec is not None:
                return spec
        return None


if os.environ.get("GEARTRAIN_PURE") == "1":
    sys.meta_path.insert(0, _SourceFinder())


def core_build() -> str:
    """Return ``"compiled"`` or ``"pure"``: which build of the core is running."""
    origin = import_module("geartrain.protocol.parser").__file__ or ""
    return "pure" if origin.endswith(".py") else "compiled"
