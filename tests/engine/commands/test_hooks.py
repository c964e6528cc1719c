"""How hooks fare, as their driver left word of it."""

from __future__ import annotations

from geartrain.engine.model.hooks import (
    DELIVERED,
    FAILED,
    RETRYING,
    Delivery,
    HookReport,
)
from tests.support.dialogue import World
from tests.support.stored_engine import rows

COVERS = ("admin/hooks",)


def test_each_hook_is_told_with_its_latest_messages() -> None:
    world = World()
    report = HookReport("https://hooks.example", ("dead_letter",), "mail.*")
    world.engine.state.hooks = (report, HookReport("/bin/tell", (), "*"))
    report.add(Delivery("1 dead letter", 10.0, DELIVERED, ""))
    report.add(Delivery("2 dead letters", 20.0, RETRYING, "refused"))
    report.add(Delivery("2 dead letters", 21.0, FAILED, "refused"))
    first, second = rows(world.admin(), "hooks")
    assert (first["hook"], first["on"]) == ("https://hooks.example", ["dead_letter"])
    assert [(each["outcome"], each["reason"]) for each in first["latest"]] == [
        ("failed", "refused"),
        ("delivered", None),
    ]
    assert second == {"hook": "/bin/tell", "on": [], "function": "*", "latest": []}


def test_hooks_takes_nothing() -> None:
    assert World().admin().text("hooks all").startswith(b"ERR INVALID_ARGUMENTS")
