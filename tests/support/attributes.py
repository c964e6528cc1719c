"""What an object of the core holds, on both of its builds."""

from __future__ import annotations


def attributes(core: object) -> list[str]:
    """Return the names of an object's public data attributes."""
    public = [name for name in dir(core) if not name.startswith("_")]
    return [name for name in public if not callable(getattr(core, name))]
