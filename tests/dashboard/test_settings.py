"""Settings as people read them, each with its source."""

from __future__ import annotations

from geartrain.dashboard.settings import MEANINGS, settings_shown
from geartrain.engine.model.settings import SETTINGS


def test_each_setting_has_a_meaning() -> None:
    assert set(MEANINGS) == set(SETTINGS)


def test_the_last_source_that_gives_a_setting_is_told() -> None:
    values = {"timeout": 60, "ttl": 0, "max_attempts": 3, "dead_letter": False}
    given = [
        {"pattern": "*", "source": "file", "timeout": 30},
        {"pattern": "mail.*", "source": "runtime", "timeout": 60},
        {"pattern": "mail.send", "source": "runtime", "max_attempts": 3},
    ]
    shown = {each.name: each for each in settings_shown("mail.send", values, given)}
    told = {
        name: (each.shown, each.source, each.pattern, each.is_own)
        for name, each in shown.items()
    }
    assert told == {
        "timeout": ("1 min", "runtime", "mail.*", False),
        "ttl": ("no limit", "default", "", False),
        "max_attempts": ("3", "runtime", "mail.send", True),
        "dead_letter": ("no", "default", "", False),
    }
    assert shown["dead_letter"].choices == ("true", "false")
    assert shown["timeout"].value == "60"
