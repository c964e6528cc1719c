"""``geartrain policy``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from geartrain.admin import OptionRow, setting_text
from geartrain.cli.policy import _option_sources, policy
from geartrain.engine.model.policies import Policy
from geartrain.errors import RefusedError
from tests.support.commands import ask, complaint, objects
from tests.support.jobs_in_states import bury, submit
from tests.support.servers import RunningServer, running_geartrain


def test_the_settings_in_force(shared: RunningServer) -> None:
    status, out, err = ask(shared, "policy", "mail")
    assert (status, err) == (0, "")
    title, *lines = out.splitlines()
    assert title.split() == ["SETTING", "VALUE", "FROM"]
    assert {line.split()[2] for line in lines} == {"default"}
    shown = dict(line.split()[:2] for line in lines)
    assert shown["max_attempts"] == "1"
    assert shown["dead_letter"] == "true"
    assert set(shown) == set(Policy().settings())
    (row,) = objects(shared, "policy", "mail")
    assert row == {"function": "mail", **Policy().settings()}


def test_a_setting_that_an_option_gives_says_which(tmp_path: Path) -> None:
    file = tmp_path / "geartrain.toml"
    file.write_text(
        '[submit]\noptions_in_names = true\n[functions."mail*"]\nbackoff_delay = 3\n'
    )
    with running_geartrain(f"--config={file}", "--job-retries=9") as server:
        assert _given(server) == {
            "max_crashes": "9 --job-retries",
            "options_in_names": f"true {file}:2",
            "backoff_delay": "3 mail*, file",
        }


class _Untold:
    """An ``Admin`` of an earlier job server, which tells no options."""

    def options(self) -> list[OptionRow]:
        raise RefusedError("INVALID_ARGUMENTS", "server takes nothing")


def test_an_option_that_is_not_told_is_the_servers() -> None:
    usual = Policy().settings()
    untold: Any = _Untold()
    assert _option_sources(untold, usual) == {}
    changed = {**usual, "options_in_names": True}
    assert _option_sources(untold, changed) == {"options_in_names": "server"}


def _given(server: RunningServer) -> dict[str, str]:
    """Return the value of each setting that is no default, and where it is from."""
    _, *lines = ask(server, "policy", "mail")[1].splitlines()
    shown = {name: " ".join(rest) for name, *rest in map(str.split, lines)}
    return {name: each for name, each in shown.items() if "default" not in each}


def test_settings_are_changed_and_take_effect(fresh: RunningServer) -> None:
    status, out, err = ask(fresh, "policy", "mail", "dead_letter=false", "timeout=2.5")
    assert (status, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [
        ["PATTERN", "SETTING", "VALUE", "FROM"],
        ["mail", "dead_letter", "false", "run", "time"],
        ["mail", "timeout", "2.5", "run", "time"],
    ]
    bury(fresh, b"mail", [b"1"])
    assert objects(fresh, "dead", "list") == []


def test_what_was_set_is_listed(fresh: RunningServer) -> None:
    assert objects(fresh, "policy") == []
    ask(fresh, "policy", "two words", "max_attempts=2")
    ask(fresh, "policy", "two*", "max_attempts=9", "delay=60")
    assert objects(fresh, "policy") == [
        {"pattern": "two*", "source": "runtime", "max_attempts": 9, "delay": 60},
        {"pattern": "two words", "source": "runtime", "max_attempts": 2},
    ]
    out = ask(fresh, "policy", "two words")[1]
    shown = {line.split()[0]: line.split()[1:] for line in out.splitlines()}
    assert shown["delay"] == ["60", "two*,", "run", "time"]
    assert shown["timeout"] == ["0", "default"]
    (row,) = objects(fresh, "policy", "two words")
    assert (row["max_attempts"], row["delay"]) == (2, 60)
    submit(fresh, b"two words")
    (job,) = objects(fresh, "jobs")
    assert job["state"] == "scheduled"


def test_a_change_is_taken_back(fresh: RunningServer) -> None:
    ask(fresh, "policy", "mail", "max_attempts=2", "delay=60")
    assert ask(fresh, "policy", "mail", "delay=")[0] == 0
    assert objects(fresh, "policy") == [
        {"pattern": "mail", "source": "runtime", "max_attempts": 2}
    ]
    ask(fresh, "policy", "mail", "max_attempts=")
    assert objects(fresh, "policy") == []


@pytest.mark.parametrize(
    ("status", "words", "found"),
    [
        (1, ["mail", "max_attempt=3"], "did you mean 'max_attempts'?"),
        (1, ["mail", "max_attempts=0"], "max_attempts cannot be '0'"),
        (1, ["mail", "backoff=two words"], "backoff cannot be 'two words'"),
        (1, ["mail", "ttl=-1"], "ttl cannot be '-1'"),
        (2, ["mail", "ttl"], "'ttl' is not name=value"),
        (2, ["mail", "=3"], "'=3' is not name=value"),
        (2, ["mail", "ttl=1", "ttl=2"], "'ttl' is given twice"),
        (2, ["ttl=1"], "'ttl=1' names no function: put one before it, or '*' for all"),
    ],
)
def test_wrong_settings_change_nothing(
    shared: RunningServer, status: int, words: list[str], found: str
) -> None:
    assert found in complaint(status, ask(shared, "policy", *words))
    assert objects(shared, "policy") == []


def test_the_help_tells_every_setting_and_its_default() -> None:
    told = dict(
        line.split()[:2]
        for line in (policy.help or "").rpartition("\b\n")[2].splitlines()
    )
    defaults = Policy().settings()
    assert list(told) == list(defaults)
    for name, value in defaults.items():
        assert told[name] == setting_text(value)
