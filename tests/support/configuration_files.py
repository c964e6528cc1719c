"""Configuration files that tests write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

__all__ = ["Write", "write"]

Write = Callable[[str | bytes], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a configuration file and return its path."""

    def written(content: str | bytes) -> str:
        path = tmp_path / "geartrain.toml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return written
