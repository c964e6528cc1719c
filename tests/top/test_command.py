"""``geartrain top`` on a real terminal: tmux."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time

import pytest

from geartrain.top.command import top
from geartrain.top.pages import PAGES
from geartrain.top.themes import CHOICES
from tests.support.jobs_in_states import submit
from tests.support.programs import run
from tests.support.servers import (
    RunningServer,
    geartrain_command,
    running_gearmand,
)
from tests.support.suspending import suspend
from tests.support.tmux import in_tmux

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# The colours that a terminal has by itself.
DEFAULTS = ("39", "49")


def command(server: RunningServer, *flags: str) -> list[str]:
    return [*geartrain_command("geartrain"), "top", "--server", server.address, *flags]


def choices(name: str) -> tuple[str, ...]:
    (found,) = (each for each in top.params if each.name == name)
    return tuple(getattr(found.type, "choices", ()))


def test_the_help_names_what_there_is() -> None:
    assert choices("page") == tuple(page.name for page in PAGES)
    assert choices("theme") == CHOICES


def test_in_a_pipe_it_says_what_to_use_instead(server: RunningServer) -> None:
    status, said, error = run("geartrain", "top", "--server", server.address)
    assert (status, said) == (2, "")
    assert "top needs a terminal" in error
    assert "geartrain statistics --watch" in error


@pytest.mark.parametrize("line", ["TERM=dumb {}", "{} | cat", "{} > /dev/null"])
def test_where_nothing_can_be_drawn_it_says_so_and_ends(
    line: str, server: RunningServer
) -> None:
    script = line.format(shlex.join(command(server)))
    with in_tmux(["bash", "-o", "pipefail", "-c", script]) as terminal:
        terminal.until("top needs a terminal", "ended with 2")


def test_a_wrong_filter_is_told_before_the_screen_is_taken(
    server: RunningServer,
) -> None:
    with in_tmux(command(server, "jobs", "--filter", "colour=red")) as terminal:
        terminal.until("there is no column 'colour'", "ended with 2")


def test_it_fills_a_terminal_follows_its_size_and_leaves_it_as_it_was(
    fresh: RunningServer,
) -> None:
    submit(fresh, b"mail")
    with in_tmux(command(fresh, "--interval", "0.5")) as terminal:
        terminal.until("● live", "mail", "Open")
        terminal.resize(60, 12)
        screen = terminal.until("● live", "mail")
        assert len(screen.rstrip("\n").splitlines()) <= 12
        terminal.resize(160, 40)
        terminal.until("WAIT95", "RUN95", "mail")
        terminal.press("2")
        terminal.until("HANDLE", "H:")
        terminal.press("Enter")
        terminal.until("WORKLOAD", "work")
        terminal.press("Escape")
        terminal.until("HANDLE", gone=("WORKLOAD",))
        terminal.press("q")
        terminal.until("ended with 0")


def test_a_filter_of_the_command_line_is_searched_for(fresh: RunningServer) -> None:
    submit(fresh, b"mail")
    submit(fresh, b"resize", b"work", b"a b")
    flags = ("jobs", "--filter", "unique=a b")
    with in_tmux(command(fresh, *flags)) as terminal:
        terminal.until("resize", "unique=a b", gone=(" mail ",))


def test_without_colours_it_uses_none(fresh: RunningServer) -> None:
    submit(fresh, b"mail")
    with in_tmux(command(fresh), NO_COLOR="1") as terminal:
        terminal.until("● live", "mail")
        codes = {
            code
            for each in COLOUR.findall(terminal.screen("-e"))
            for code in each[2:-1].split(";")
        }
        assert not [
            code
            for code in codes
            if code.isdigit() and 30 <= int(code) <= 107 and code not in DEFAULTS
        ]


def test_with_sixteen_colours_it_uses_the_terminals(fresh: RunningServer) -> None:
    submit(fresh, b"mail")
    with in_tmux(command(fresh), TERM="screen") as terminal:
        terminal.until("● live", "mail")
        codes = ";".join(COLOUR.findall(terminal.screen("-e")))
        assert "31" in codes
        assert "38;2" not in codes
        assert "38;5" not in codes


def test_with_256_colours_it_has_a_theme(fresh: RunningServer) -> None:
    submit(fresh, b"mail")
    with in_tmux(command(fresh), TERM="screen-256color") as terminal:
        terminal.until("● live", "mail")
        assert "48;" in terminal.screen("-e")


def test_gearmand_is_looked_at_on_a_terminal() -> None:
    with running_gearmand() as gearmand:
        submit(gearmand, b"mail")
        with in_tmux(command(gearmand)) as terminal:
            terminal.until("mail", "is no Geartrain")
            terminal.press("2")
            terminal.until("H:")


def test_who_quits_does_not_wait_for_a_server_that_hangs(
    fresh: RunningServer,
) -> None:

    submit(fresh, b"mail")
    with in_tmux(command(fresh, "--interval", "0.3")) as terminal:
        terminal.until("● live", "mail")
        suspend(fresh.process)
        try:
            terminal.until("… waiting")
            begun = time.monotonic()
            terminal.press("q")
            terminal.until("ended with 0")
            assert time.monotonic() - begun < 5
        finally:
            os.kill(fresh.process.pid, signal.SIGCONT)


@pytest.mark.parametrize("module", ["geartrain.cli.main", "geartrain"])
def test_no_other_program_imports_textual(module: str) -> None:
    code = (
        f"import sys, {module}; from geartrain.cli.main import cli;"
        " cli.get_help(__import__('click').Context(cli));"
        " sys.exit('textual' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
