"""What the engine's tests share."""

from __future__ import annotations

import pytest

from tests.support.dialogue import DialoguePeer, World
from tests.support.steered import Make
from tests.support.stored_engine import stored


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world: World) -> DialoguePeer:
    return world.client()


@pytest.fixture
def admin(world: World) -> DialoguePeer:
    return world.admin()


@pytest.fixture(params=["memory", "window of 3", "window of 1000"])
def make(request: pytest.FixtureRequest) -> Make:
    """Return what makes a world: without a store, or with windows of two sizes."""
    if request.param == "memory":
        return World
    size = int(request.param.rsplit(" ", 1)[1])
    return lambda: stored(size)
