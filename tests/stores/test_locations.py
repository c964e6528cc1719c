"""The texts that name stores."""

from __future__ import annotations

from pathlib import Path

import pytest

from geartrain.errors import OptionError
from geartrain.stores.locations import check_store, make_store
from geartrain.stores.sqlite import SqliteStore


def test_memory_is_no_store() -> None:
    assert make_store("memory:", "disk") is None


def test_a_full_path_names_a_file(tmp_path: Path) -> None:
    store = make_store(f"sqlite://{tmp_path}/queue.db", "disk")
    assert isinstance(store, SqliteStore)
    assert store.open() == 0
    store.close()
    assert (tmp_path / "queue.db").is_file()


@pytest.mark.parametrize(
    "text", ["", "memory", "sqlite:", "sqlite://", "sqlite://a/b", "/a/b", "redis://h"]
)
def test_what_names_no_store_is_told_what_would(text: str) -> None:
    with pytest.raises(OptionError, match="sqlite:///full/path or memory:"):
        check_store(text)
