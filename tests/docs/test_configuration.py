"""The file, the commands and the errors of docs/configuration.md."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.configuration_page import PAGE, with_tables
from tests.support.documents import run, snippets


def test_the_tables_are_what_the_options_say() -> None:
    written = PAGE.read_text()
    anew = "run `python -m tests.support.configuration_page`"
    assert written == with_tables(written), anew


def test_the_file_configures_both_programs(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (file,) = snippets("docs/configuration.md", "toml")
    (show,) = snippets("docs/configuration.md", "sh")
    shown, _ = snippets("docs/configuration.md", "text")
    (tmp_path / "geartrain.toml").write_text(file)
    printed = [line.split() for line in run(show, tmp_path, environment).splitlines()]
    assert all(line.split() in printed for line in shown.splitlines())
    show = "geartrain worker --config geartrain.toml --show-config"
    worker = [line.split() for line in run(show, tmp_path, environment).splitlines()]
    assert ["processes", "4", "geartrain.toml:8"] in worker


@pytest.mark.parametrize(
    ("number", "line", "variable"),
    [(0, "max_memry = 1", ""), (1, "max_memory = '2X'", ""), (2, "", "7000")],
)
def test_a_mistake_is_told_as_it_stands_there(
    number: int,
    line: str,
    variable: str,
    tmp_path: Path,
    environment: dict[str, str],
) -> None:
    _, mistakes = snippets("docs/configuration.md", "text")
    (tmp_path / "geartrain.toml").write_text(f"[server]\n\n{line}\n")
    done = subprocess.run(
        ["geartrain", "server", "--config", "geartrain.toml"],
        cwd=tmp_path,
        env=environment | ({"GEARTRAIN_PROT": variable} if variable else {}),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    expected = mistakes.splitlines()[number]
    assert (done.returncode, done.stderr) == (2, f"{expected}\n")
