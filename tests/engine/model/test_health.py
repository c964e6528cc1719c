"""How a store is that nobody has told anything of."""

from __future__ import annotations

from geartrain.engine.model.health import FAILING, OK, REFUSING, Health


def test_a_store_is_well_until_the_driver_says_otherwise() -> None:
    health = Health()
    assert (health.state, health.reason, health.since) == (OK, "", 0.0)
    assert (health.location, health.size, health.free) == ("memory:", None, None)
    assert len({OK, REFUSING, FAILING}) == 3
