"""An engine whose leftovers wait until a test goes on with them."""

from __future__ import annotations

from tests.support.dialogue import World

__all__ = ["STEP", "halted", "turn", "turns"]

# Units that one step may take beyond a share: none of these tests has a costly one.
STEP = 1_000


def halted(world: World) -> World:
    """Have leftovers stay until ``turn``."""
    world.goes_on = False
    return world


def turn(world: World) -> int:
    """Go on with leftovers once; return how many units that took."""
    before = world.engine.state.turns.work
    world.engine.go_on(world.now)
    world.deliver()
    return world.engine.state.turns.work - before


def turns(world: World) -> list[int]:
    """Go on until nothing is left; return the units of each turn."""
    taken = []
    while world.engine.has_more():
        taken.append(turn(world))
    return taken
