"""The texts that name stores."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from geartrain.errors import OptionError
from geartrain.stores.locations import (
    check_store,
    default_store,
    make_store,
    prepare_store,
)
from geartrain.stores.memory import MemoryStore
from geartrain.stores.sqlite.store import SqliteStore
from tests.cli.programs import unprivileged_command


def test_memory_is_a_store_of_its_own() -> None:
    assert isinstance(make_store("memory:", "disk"), MemoryStore)


def test_a_full_path_names_a_file(tmp_path: Path) -> None:
    store = make_store(f"sqlite://{tmp_path}/queue.db", "disk")
    assert isinstance(store, SqliteStore)
    assert store.open().reserved == 0
    store.close()
    assert (tmp_path / "queue.db").is_file()


@pytest.mark.parametrize(
    "text", ["", "memory", "sqlite:", "sqlite://", "sqlite://a/b", "/a/b", "redis://h"]
)
def test_what_names_no_store_is_told_what_would(text: str) -> None:
    with pytest.raises(OptionError, match="sqlite:///full/path or memory:"):
        check_store(text)


@pytest.mark.parametrize("given", ["/srv/state", "/srv/state:/srv/other"])
def test_the_default_is_in_the_state_directory_of_systemd(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", given)
    assert default_store() == "sqlite:///srv/state/jobs.db"


def test_a_state_directory_that_is_no_full_path_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", "state")
    with pytest.raises(OptionError, match="STATE_DIRECTORY=state is no full path"):
        default_store()


def users_default(**environment: str) -> str:
    """Return the default that a user without root's rights has."""
    done = subprocess.run(
        unprivileged_command("print(default_store())"),
        env={**os.environ, "STATE_DIRECTORY": "", "XDG_STATE_HOME": "", **environment},
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    return done.stdout.rstrip("\n")


@pytest.mark.parametrize("state", [{}, {"XDG_STATE_HOME": "x"}])
def test_a_users_default_is_at_home(state: dict[str, str]) -> None:
    at_home = "sqlite:///home/u/.local/state/geartrain/jobs.db"
    assert users_default(HOME="/home/u", **state) == at_home


def test_a_users_default_is_where_state_is_kept() -> None:
    kept = users_default(HOME="/home/u", XDG_STATE_HOME="/home/u/state")
    assert kept == "sqlite:///home/u/state/geartrain/jobs.db"


def test_roots_default_is_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STATE_DIRECTORY")
    monkeypatch.setenv("XDG_STATE_HOME", "/home/u/state")
    systems = os.geteuid() == 0
    place = "/var/lib/geartrain" if systems else "/home/u/state/geartrain"
    assert default_store() == f"sqlite://{place}/jobs.db"


def test_a_stores_folder_is_prepared_and_not_its_file(tmp_path: Path) -> None:
    prepare_store(f"sqlite://{tmp_path}/new/jobs.db", os.getuid(), os.getgid())
    assert os.listdir(tmp_path) == ["new"]
    assert os.listdir(tmp_path / "new") == []
    prepare_store("memory:", os.getuid(), os.getgid())
