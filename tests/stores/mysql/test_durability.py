"""What a server's settings make of a commit."""

from __future__ import annotations

import pytest

from geartrain.errors import OptionError
from geartrain.stores.mysql.durability import Settings, check_durability, lack


@pytest.mark.parametrize(
    ("settings", "durability"),
    [
        (Settings(1, False, 0), "disk"),
        (Settings(3, False, 0), "disk"),
        (Settings(1, True, 1), "disk"),
        # After a power cut the server takes back what its binary log has lost.
        (Settings(1, True, 0), "os"),
        (Settings(1, True, 100), "os"),
        (Settings(2, True, 1), "os"),
        (Settings(0, False, 0), "memory"),
    ],
)
def test_a_commit_is_as_durable_as_its_weakest_part(
    settings: Settings, durability: str
) -> None:
    assert settings.durability == durability
    assert lack(settings, durability) == ""


def test_what_is_missing_is_named() -> None:
    reason = lack(Settings(2, True, 0), "disk")
    assert "innodb_flush_log_at_trx_commit=2, sync_binlog=0" in reason
    assert "set innodb_flush_log_at_trx_commit=1 and sync_binlog=1" in reason
    assert "--durability=os" in reason
    assert "sync_binlog" not in lack(Settings(2, False, 0), "disk")


def test_an_unknown_durability_is_refused() -> None:
    with pytest.raises(OptionError, match="use disk, os or memory"):
        check_durability("paper")
