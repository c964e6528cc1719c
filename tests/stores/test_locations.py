"""The texts that name stores."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from geartrain.errors import OptionError
from geartrain.stores.kinds import KINDS, Late, StoreKind
from geartrain.stores.locations import (
    check_store,
    default_store,
    file_of,
    make_store,
    prepare_store,
    show_store,
)
from geartrain.stores.maintenance import tasks as maintenance
from geartrain.stores.memory import MemoryStore
from geartrain.stores.sqlite.store import SqliteStore
from tests.support.programs import unprivileged_command
from tests.support.store_records import batch, record

COVERS = ("stores/kinds", "stores/paths")


def test_memory_is_a_store_of_its_own() -> None:
    assert isinstance(make_store("memory:", "disk"), MemoryStore)


def test_a_full_path_names_a_file(tmp_path: Path) -> None:
    store = make_store(f"sqlite://{tmp_path}/queue.db", "disk")
    assert isinstance(store, SqliteStore)
    assert store.open().reserved == 0
    store.close()
    assert (tmp_path / "queue.db").is_file()


@pytest.mark.parametrize(
    "text",
    ["", "memory", "memory:x", "sqlite", "sqlite:", "sqlite://", "sqlite://a/b", "x:h"],
)
def test_what_names_no_store_is_told_what_would(text: str) -> None:
    with pytest.raises(OptionError, match="sqlite:///full/path"):
        check_store(text)


def test_a_mistaken_scheme_shows_no_password() -> None:
    with pytest.raises(OptionError, match="'postgressql://me:…@db/jobs' is no store"):
        check_store("postgressql://me:secret@db/jobs")


def test_all_kinds_of_stores_are_named_to_who_names_none() -> None:
    with pytest.raises(OptionError) as raised:
        check_store("jobs")
    for kind in KINDS:
        assert kind.example in str(raised.value)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.schemes[0])
def test_the_example_of_a_kind_names_a_store(kind: StoreKind) -> None:
    location = check_store(kind.example)
    assert location.startswith(f"{kind.schemes[0]}:")
    assert check_store(location) == location
    assert show_store(location)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.schemes[0])
def test_all_that_a_kind_imports_late_is_there(kind: StoreKind) -> None:
    late = [each for each in vars(kind).values() if isinstance(each, Late)]
    assert [each for each in late if not callable(each.load())] == []
    # Of files and of memory nothing is.
    assert bool(late) is bool(kind.package)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/a/b.db", "/a/b.db"),
        ("/a//b/../c d%20.db", "/a/c d%20.db"),
        ("b.db", "{cwd}/b.db"),
        ("./redis:h", "{cwd}/redis:h"),
        ("a/redis:h", "{cwd}/a/redis:h"),
        ("~/b.db", "/home/u/b.db"),
        ("/a/~/b.db", "/a/~/b.db"),
        ("caf\udce9.db", "{cwd}/caf\udce9.db"),
        ("sqlite:///a/b%20~", "/a/b%20~"),
    ],
)
def test_a_text_without_a_scheme_is_a_file(
    text: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/u")
    full = path.replace("{cwd}", str(tmp_path))
    assert check_store(text) == f"sqlite://{full}"
    assert file_of(text) == full


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/a/b/", "/a/b/ is a folder: name a file in it"),
        ("sqlite:///a/b/", "/a/b/ is a folder"),
        ("~nobody-of-this-name/b.db", "the home of an unknown user"),
        ("./a\0b", r"a\x00b has a zero byte"),
    ],
)
def test_a_path_that_can_be_no_file_is_refused(text: str, words: str) -> None:
    with pytest.raises(OptionError) as raised:
        check_store(text)
    assert words in str(raised.value)


@pytest.mark.parametrize("name", ["b c%20.db", "gr\udcfc\udcdf\n.db", "~"])
def test_a_file_of_any_name_is_made_and_used_again(name: str, tmp_path: Path) -> None:
    for kept in (0, 1):
        store = make_store(f"{tmp_path}/{name}", "disk")
        inventory = store.open()
        assert sum(each.ready for each in inventory.queues) == kept
        store.commit(batch(record(kept + 1)))
        store.close()
    assert os.listdir(tmp_path) == [name]
    assert maintenance.check(f"{tmp_path}/{name}").jobs == 2


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
