"""Which files are watched, and what counts as a change."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from geartrain.supervisor.watch import FileWatch, loaded_files


def test_a_change_is_told_once(tmp_path: Path) -> None:
    file = tmp_path / "tasks.py"
    file.write_text("a = 1")
    watch = FileWatch()
    watch.add([str(file)])
    assert watch.changed() == []
    file.write_text("a = 10")
    watch.add([str(file)])
    assert watch.changed() == [str(file)]
    assert watch.changed() == []


def test_a_file_that_is_replaced_or_removed_has_changed(tmp_path: Path) -> None:
    file, other = tmp_path / "tasks.py", tmp_path / "new"
    for path in (file, other):
        path.write_text("a = 1")
        os.utime(path, (1, 1))
    watch = FileWatch()
    watch.add([str(file)])
    other.replace(file)
    assert watch.changed() == [str(file)]
    file.unlink()
    assert watch.changed() == [str(file)]
    assert watch.changed() == []


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
