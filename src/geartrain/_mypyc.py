"""What the compiled build is told about classes, and the pure one ignores."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_extensions import mypyc_attr
else:

    def mypyc_attr(**attributes):
        """Leave the class as it is."""
        return lambda cls: cls


__all__ = ["mypyc_attr"]
