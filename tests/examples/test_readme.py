"""The list of examples, and what each says of itself."""

from __future__ import annotations

import re

import pytest

from tests.support.examples import EXAMPLES

PROGRAMS = sorted(each.name for each in EXAMPLES.glob("*.*") if each.suffix != ".md")


def test_every_example_is_listed_and_tested() -> None:
    listed = re.findall(r"^\| \[([\w.]+)\]", (EXAMPLES / "README.md").read_text(), re.M)
    assert sorted(listed) == PROGRAMS
    tests = [each.stem for each in (EXAMPLES.parent / "tests/examples").iterdir()]
    assert {f"test_{name.partition('.')[0]}" for name in PROGRAMS} <= set(tests)


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_example_says_how_it_is_run(name: str) -> None:
    head = (EXAMPLES / name).read_text()[:700]
    assert "geartrain worker" in head
    assert re.search(rf"(python |php |\./){name}", head), head
