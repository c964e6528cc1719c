"""What a class of the core holds, on both of its builds: compiled, it has no slots."""

from __future__ import annotations


def attributes(core: type) -> list[str]:
    """Return the names of a class's public data attributes."""
    public = [name for name in dir(core) if not name.startswith("_")]
    return [name for name in public if not callable(getattr(core, name))]
