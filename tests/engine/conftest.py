"""What the engine's tests share."""

from __future__ import annotations

import pytest

from tests.support.dialogue import DialoguePeer, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world: World) -> DialoguePeer:
    return world.client()


@pytest.fixture
def admin(world: World) -> DialoguePeer:
    return world.admin()
