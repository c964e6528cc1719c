"""The order of the tests: helpers stand in ``support``, and each stands once."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).parents[1]
SUPPORT = TESTS / "support"
# Programs of other libraries, and one for the type checkers.
PROGRAMS = {*TESTS.glob("interop/python/*.py"), TESTS / "client/consumer.py"}
FILES = sorted(TESTS.rglob("*.py"))


def name(file: Path) -> str:
    return file.relative_to(TESTS).as_posix()


def is_of_pytest(file: Path) -> bool:
    return file.name.startswith("test_") or file.stem in {"conftest", "__init__"}


def functions(file: Path) -> list[ast.FunctionDef]:
    """Return a file's functions that are no tests, methods not counted."""
    body = ast.parse(file.read_text()).body
    found = [each for each in body if isinstance(each, ast.FunctionDef)]
    return [each for each in found if not each.name.startswith("test_")]


def test_helpers_stand_in_support() -> None:
    others = {each for each in FILES if not is_of_pytest(each)} - PROGRAMS
    assert [name(each) for each in others if SUPPORT not in each.parents] == []


def test_no_two_helpers_have_one_name() -> None:
    modules = defaultdict(list)
    for file in SUPPORT.rglob("*.py"):
        if file.stem != "__init__":
            modules[file.stem].append(name(file))
    assert [files for files in modules.values() if len(files) > 1] == []


def test_no_helper_is_written_twice() -> None:
    written = defaultdict(list)
    for file in FILES:
        for function in functions(file):
            # One that has one statement is not worth an import.
            if len(function.body) > 2:
                written[ast.dump(function)].append(f"{name(file)}: {function.name}")
    assert [places for places in written.values() if len(places) > 1] == []


def test_the_readme_names_every_folder() -> None:
    folders = {each.name for each in TESTS.iterdir() if (each / "__init__.py").exists()}
    text = (TESTS / "README.md").read_text()
    assert [each for each in sorted(folders) if f"`{each}`" not in text] == []
