"""Which files are watched, and what counts as a change."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path

import pytest

from geartrain.errors import StartError
from geartrain.supervisor.watch import FileWatch, loaded_files


def soon(watch: FileWatch) -> list[str]:
    """Return what changed, once the system has told of it."""
    deadline = time.monotonic() + 5
    while not (changed := watch.changed()):
        assert time.monotonic() < deadline, "no change was seen"
        time.sleep(0.01)
    return changed


def nothing(watch: FileWatch) -> bool:
    """Return whether nothing more changes for a moment."""
    time.sleep(0.1)
    return watch.changed() == []


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "tasks.py"
    made.write_text("a = 1")
    return made


@pytest.fixture
def watch(file: Path) -> FileWatch:
    made = FileWatch()
    made.add([str(file)])
    assert nothing(made)
    return made


def test_many_saves_at_once_are_one_change(watch: FileWatch, file: Path) -> None:
    for number in range(20):
        file.write_text(f"a = {number}")
    watch.add([str(file)])
    time.sleep(0.1)
    assert watch.changed() == [str(file)]
    assert nothing(watch)


def test_a_file_that_is_replaced_or_removed_has_changed(
    watch: FileWatch, file: Path
) -> None:
    other = file.with_name("new")
    other.write_text("a = 1")
    os.utime(other, (1, 1))
    other.replace(file)
    assert soon(watch) == [str(file)]
    file.unlink()
    assert soon(watch) == [str(file)]
    assert nothing(watch)
    file.write_text("a = 3")
    assert soon(watch) == [str(file)]


def test_other_files_in_its_folder_have_not_changed_it(
    watch: FileWatch, file: Path
) -> None:
    file.with_name("other.py").write_text("b = 1")
    assert nothing(watch)


def test_changes_of_other_files_are_not_logged(
    watch: FileWatch, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        (file.parent / "alive").touch()
        assert nothing(watch)
        file.write_text("a = 2")
        soon(watch)
    assert caplog.messages == []


def test_files_are_watched_from_when_they_are_added(
    watch: FileWatch, file: Path, tmp_path: Path
) -> None:
    fresh = tmp_path / "package" / "module.py"
    fresh.parent.mkdir()
    fresh.write_text("c = 1")
    assert nothing(watch)
    file.write_text("a = 2")
    watch.add([str(fresh)])
    assert soon(watch) == [str(file)]
    fresh.write_text("c = 2")
    assert soon(watch) == [str(fresh)]


def test_a_folder_that_is_removed_and_made_anew_is_watched_again(
    watch: FileWatch, tmp_path: Path
) -> None:
    fresh = tmp_path / "package" / "module.py"
    fresh.parent.mkdir()
    fresh.write_text("c = 1")
    watch.add([str(fresh)])
    shutil.rmtree(fresh.parent)
    assert soon(watch) == [str(fresh)]
    fresh.parent.mkdir()
    soon(watch)
    fresh.write_text("c = 2")
    assert soon(watch) == [str(fresh)]


def test_a_file_that_a_link_leads_to_is_watched(tmp_path: Path) -> None:
    target, link = tmp_path / "a" / "real.py", tmp_path / "b" / "tasks.py"
    for path in (target, link):
        path.parent.mkdir()
    target.write_text("a = 1")
    link.symlink_to(target)
    watch = FileWatch()
    watch.add([str(link)])
    target.write_text("a = 2")
    assert soon(watch) == [str(link)]


def test_a_folder_that_is_missing_is_no_error(tmp_path: Path) -> None:
    watch = FileWatch()
    watch.add([str(tmp_path / "none" / "tasks.py")])
    assert nothing(watch)


def test_without_watchfiles_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with pytest.raises(StartError, match="pip install watchfiles"):
        FileWatch()


def test_the_users_modules_are_watched_and_nobody_elses() -> None:
    files = loaded_files()
    assert __file__ in files
    for module in (json, pytest, sys.modules["geartrain.supervisor.watch"]):
        assert module.__file__ not in files


def test_a_module_that_cannot_be_imported_is_watched(tmp_path: Path) -> None:
    for name, text in {"raises.py": "1 / 0\n", "breaks.py": "def\n"}.items():
        (tmp_path / name).write_text(text)
        with pytest.raises((ZeroDivisionError, SyntaxError)) as failure:
            _import_file(tmp_path / name)
        assert str(tmp_path / name) in loaded_files(failure.value)


def _import_file(path: Path) -> None:
    sys.path.insert(0, str(path.parent))
    try:
        __import__(path.stem)
    finally:
        sys.path.remove(str(path.parent))
