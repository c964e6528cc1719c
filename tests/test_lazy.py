"""Names that are imported when they are first asked for."""

from __future__ import annotations

import json
from importlib import import_module

import pytest

from geartrain.lazy import lazy_export
from tests.support.loading import loaded_by


@pytest.mark.parametrize(
    "package",
    ["geartrain", "geartrain.client", "geartrain.worker", "geartrain.testing"],
)
def test_every_name_is_found(package: str) -> None:
    module = import_module(package)
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match=f"'{package}' has no attribute 'Nothing'"):
        _ = module.Nothing


def test_a_name_is_imported_when_it_is_asked_for() -> None:
    assert lazy_export("here", {"dumps": "json"}, "dumps") is json.dumps


def test_the_package_alone_loads_nothing_slow() -> None:
    assert "asyncio" not in loaded_by("import geartrain")
    assert "asyncio" not in loaded_by("from geartrain import Client")
    assert "asyncio" in loaded_by("from geartrain import AsyncClient")
