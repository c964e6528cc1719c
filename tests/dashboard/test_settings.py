"""Settings as people read them, each with its source."""

from __future__ import annotations

from itertools import groupby

from geartrain.dashboard.settings import MEANINGS, settings_shown
from geartrain.engine.model.policies import Policy
from geartrain.engine.model.settings import SETTINGS


def test_each_setting_has_a_meaning() -> None:
    assert set(MEANINGS) == set(SETTINGS)


def test_settings_of_one_group_stand_together() -> None:
    groups = [setting.group for setting in SETTINGS.values()]
    assert all(groups)
    assert [title for title, _ in groupby(groups)] == list(dict.fromkeys(groups))


def test_what_has_a_button_is_no_setting_of_the_form() -> None:
    values = Policy().settings()
    shown = [
        each.name
        for group in settings_shown("mail", values, [])
        for each in group.settings
    ]
    assert sorted(shown) == sorted(set(SETTINGS) - {"paused", "draining"})


def test_the_last_source_that_gives_a_setting_is_told() -> None:
    values = {
        "timeout": 60,
        "ttl": 0,
        "max_attempts": 3,
        "dead_letter": True,
        "options_in_names": True,
    }
    given = [
        {"pattern": "*", "source": "file", "timeout": 30},
        {"pattern": "mail.*", "source": "runtime", "timeout": 60},
        {"pattern": "mail.send", "source": "runtime", "max_attempts": 3},
    ]
    groups = settings_shown("mail.send", values, given)
    shown = {each.name: each for group in groups for each in group.settings}
    told = {
        name: (each.shown, each.source, each.pattern, each.is_own)
        for name, each in shown.items()
    }
    assert told == {
        "timeout": ("1 min", "runtime", "mail.*", False),
        "ttl": ("no limit", "default", "", False),
        "max_attempts": ("3", "runtime", "mail.send", True),
        "dead_letter": ("yes", "default", "", False),
        # No pattern gives it, and it is not usual.
        "options_in_names": ("yes", "option", "", False),
    }
    assert shown["dead_letter"].choices == ("true", "false")
    assert shown["timeout"].value == "60"
    titles = {group.title: len(group.given) for group in groups}
    assert titles == {"Attempts": 1, "Times": 1, "What is kept": 0, "Submissions": 1}
