"""The commands of CONTRIBUTING.md and tests/README.md, on a few tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.support.documents import ROOT, snippets

(RUN_SOME,) = snippets("tests/README.md", "sh")
SETUP, COMMANDS = snippets("CONTRIBUTING.md", "sh")


def test_a_single_file_is_run_as_the_readme_says() -> None:
    command = RUN_SOME.splitlines()[0].replace(".venv/bin/python", sys.executable)
    done = subprocess.run(
        command.split(),
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if "PYTEST" not in key},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("command", RUN_SOME.splitlines())
def test_the_folders_that_the_readme_names_are_there(command: str) -> None:
    words = command.split()
    assert words[:3] == [".venv/bin/python", "-m", "pytest"]
    for word in words[3:]:
        assert not word.startswith("tests/") or (ROOT / word).exists(), word


def test_the_setup_is_what_the_scripts_do() -> None:
    assert SETUP == "script/test\nscript/check\n"


@pytest.mark.parametrize("command", COMMANDS.splitlines())
def test_a_check_is_there_to_be_run(command: str) -> None:
    program, *_ = command.split()
    assert program.startswith(".venv/bin/")
    # script/test has not installed it.
    tool = program.removeprefix(".venv/bin/")
    assert re.search(rf"(-m |/){tool}\b", (ROOT / "script/check").read_text()), tool
