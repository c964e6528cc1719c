"""The commands of docs/top.md, on a terminal."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from geartrain.top.pages import PAGES
from tests.support.documents import snippets
from tests.support.jobs_in_states import submit
from tests.support.servers import RunningServer, running_geartrain
from tests.support.tmux import in_tmux

ROOT = Path(__file__).parents[2]


def launched(folder: Path, server: RunningServer, command: str) -> list[str]:
    """Return the command line of a snippet, which asks a server."""
    launcher = folder / "geartrain"
    launcher.write_text(
        f"#!/bin/sh\nGEARTRAIN_SERVER={server.address} exec {sys.executable}"
        ' -m geartrain.cli.main "$@"\n'
    )
    launcher.chmod(0o755)
    return ["sh", "-c", f"PATH={folder}:$PATH; {command.strip()}"]


def test_the_commands_show_what_is_said(tmp_path: Path) -> None:
    plain, running = snippets("docs/top.md", "sh")
    with running_geartrain() as server:
        submit(server, b"mail")
        with in_tmux(launched(tmp_path, server, plain)) as terminal:
            terminal.until("● live", "FUNCTION", "mail", "no worker has the function")
        with in_tmux(launched(tmp_path, server, running)) as terminal:
            terminal.until("read-only", "/ state=running", "nothing is like that")


@pytest.mark.parametrize("number", range(1, len(PAGES) + 1))
def test_every_page_is_named_with_its_key(number: int) -> None:
    text = (ROOT / "docs/top.md").read_text()
    (row,) = (line for line in text.splitlines() if line.startswith(f"| `{number}` "))
    assert PAGES[number - 1].title.lower()[:4] in row.lower()


def test_every_key_that_acts_is_named() -> None:
    acting = (ROOT / "docs/top.md").read_text().partition("## Act")[2]
    keys = {action.key for page in PAGES for action in page.actions}
    assert [
        key for key in keys if f"`{'+' if key == 'plus' else key}`" not in acting
    ] == []


def test_the_picture_is_of_this_program_and_loads_nothing() -> None:
    picture = (ROOT / "docs/top.svg").read_text()
    assert "geartrain" in picture
    assert "http" not in picture.replace("http://www.w3.org/", "")
