"""``marks``: rows with the latest first."""

from __future__ import annotations

from tests.support.stored_engine import rows, stored


def test_the_latest_come_first() -> None:
    world = stored()
    world.worker("f").leave()
    world.advance(10)
    first, second = rows(world.admin(), "marks")
    assert (first["mark"], second["mark"]) == ("no_worker", "started")
    only, more = rows(world.admin(), "marks limit=1")
    assert (only, more) == (first, {"after": "2"})
    assert rows(world.admin(), "marks after=2") == [second]
