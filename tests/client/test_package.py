"""The client's packages: what they load, and what agrees."""

from __future__ import annotations

import inspect
import sys
from typing import Any

import pytest

import geartrain
import geartrain.client
from geartrain.client import AsyncClient, AsyncSubmittedJob, Client, SubmittedJob
from tests.support.loading import SLOW, loaded_by


def test_the_blocking_client_loads_nothing_that_it_does_not_need() -> None:
    loaded = loaded_by("from geartrain import Client")
    assert not loaded & SLOW
    others = loaded - sys.stdlib_module_names - {"geartrain"}
    # Names with a hash are the shared code of the compiled core.
    assert {name for name in others if not name.endswith("__mypyc")} == set()


def methods(face: type) -> dict[str, Any]:
    found = inspect.getmembers(face, inspect.isfunction)
    return {name: method for name, method in found if not name.startswith("_")}


@pytest.mark.parametrize(
    ("blocking", "asynchronous"),
    [(Client, AsyncClient), (SubmittedJob, AsyncSubmittedJob)],
)
def test_the_faces_agree(blocking: type, asynchronous: type) -> None:
    ours, theirs = methods(blocking), methods(asynchronous)
    assert ours.keys() == theirs.keys()
    for name in ours:
        wanted = inspect.signature(ours[name]).parameters
        assert inspect.signature(theirs[name]).parameters == wanted, name
    assert inspect.signature(blocking).parameters.keys() == (
        inspect.signature(asynchronous).parameters.keys()
    )


@pytest.mark.parametrize("face", [Client, AsyncClient, SubmittedJob, AsyncSubmittedJob])
def test_a_face_only_says_how_to_wait(face: type) -> None:
    """Signatures and documentation are where both faces have them from."""
    assert [name for name in vars(face) if not name.startswith("_")] == []


@pytest.mark.parametrize("name", geartrain.client.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    assert getattr(geartrain.client, name).__module__.startswith("geartrain.client")


@pytest.mark.parametrize("name", ["Client", "AsyncClient"])
def test_the_clients_are_names_of_the_package(name: str) -> None:
    assert getattr(geartrain, name) is getattr(geartrain.client, name)


@pytest.mark.parametrize("module", [geartrain, geartrain.client])
def test_other_names_are_unknown(module: Any) -> None:
    with pytest.raises(AttributeError, match="no attribute 'Broker'"):
        _ = module.Broker
