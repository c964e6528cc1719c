"""What a store says when it is opened."""

from __future__ import annotations

from geartrain.engine.inventory import Inventory, QueueInventory


def test_an_inventory_begins_with_nothing() -> None:
    inventory, queue = Inventory(9), QueueInventory(b"f", 2)
    assert (inventory.reserved, inventory.queues, inventory.schedules) == (9, [], [])
    assert inventory.entries == []
    assert (queue.function, queue.priority) == (b"f", 2)
    assert (queue.ready, queue.delayed, queue.next_due, queue.dead) == (0, 0, 0.0, 0)
