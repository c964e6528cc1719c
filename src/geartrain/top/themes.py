"""The colours: a dark and a light theme, and one of the terminal's own 16 colours."""

from __future__ import annotations

import os
import re
import select
import sys
import termios
import tty
from typing import TYPE_CHECKING, Final

from textual.theme import Theme

if TYPE_CHECKING:
    from textual.app import App

__all__ = ["CHOICES", "THEMES", "chosen_theme", "ink"]

DARK: Final = Theme(
    name="dark",
    primary="#e0a33a",
    secondary="#6fa8dc",
    accent="#e0a33a",
    success="#5cb98b",
    warning="#e0b23a",
    error="#ee6a5a",
    foreground="#d8dbe2",
    background="#101318",
    surface="#101318",
    panel="#1a1f27",
    dark=True,
    variables={
        "muted": "#7f8896",
        "block-cursor-background": "#2b3443",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "none",
        "footer-key-foreground": "#e0a33a",
    },
)
LIGHT: Final = Theme(
    name="light",
    primary="#8a5a00",
    secondary="#1d5fa8",
    accent="#8a5a00",
    success="#146c43",
    warning="#8a5a00",
    error="#b3261e",
    foreground="#1c2026",
    background="#fbfaf7",
    surface="#fbfaf7",
    panel="#eeebe3",
    dark=False,
    variables={
        "muted": "#5b616b",
        "block-cursor-background": "#dfe6f2",
        "block-cursor-foreground": "#000000",
        "block-cursor-text-style": "none",
        "footer-key-foreground": "#8a5a00",
    },
)
TERMINAL: Final = Theme(
    name="terminal",
    ansi=True,
    primary="ansi_blue",
    secondary="ansi_cyan",
    accent="ansi_blue",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    dark=True,
    variables={
        "muted": "ansi_default",
        "ansi-background": "ansi_default",
        "ansi-foreground": "ansi_default",
        "block-cursor-background": "ansi_default",
        "block-cursor-foreground": "ansi_default",
        "block-cursor-text-style": "reverse",
        "block-cursor-blurred-background": "ansi_default",
        "block-cursor-blurred-foreground": "ansi_default",
        "block-cursor-blurred-text-style": "reverse",
        "block-hover-background": "ansi_default",
        "border": "ansi_default",
        "border-blurred": "ansi_default",
        "input-cursor-background": "ansi_default",
        "input-cursor-foreground": "ansi_default",
        "input-cursor-text-style": "reverse",
        "footer-key-foreground": "ansi_blue",
    },
)
THEMES: Final = (DARK, LIGHT, TERMINAL)

AUTO: Final = "auto"
CHOICES: Final = (AUTO, *(theme.name for theme in THEMES))
"""What ``--theme`` may be."""

# Seconds that a terminal has to tell its background; one over ssh may need a while.
_PATIENCE: Final = 0.3
_ASK_BACKGROUND: Final = b"\x1b]11;?\x1b\\"
_BACKGROUND: Final = re.compile(rb"rgb:([0-9a-f]+)/([0-9a-f]+)/([0-9a-f]+)", re.I)


def chosen_theme(choice: str) -> str:
    """Return the name of the theme to begin with, for ``auto`` by the terminal.

    Without colours, or with 16 of them, it is the terminal's own; else the dark or the
    light one, by the terminal's background.
    """
    if choice != AUTO:
        return choice
    if os.environ.get("NO_COLOR") is not None or not _has_many_colours():
        return TERMINAL.name
    return LIGHT.name if _is_light() else DARK.name


def _has_many_colours() -> bool:
    term = os.environ.get("TERM", "")
    colours = os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit")
    return colours or "256" in term or "direct" in term


def _is_light() -> bool:
    told = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    if told.isdigit():
        return told in ("7", "15")
    red_green_blue = _background()
    if red_green_blue is None:
        return False
    red, green, blue = red_green_blue
    return 0.3 * red + 0.6 * green + 0.1 * blue > 0.5


def _background() -> tuple[float, float, float] | None:
    """Ask the terminal for its background by OSC 11; None if it does not tell."""
    try:
        terminal = sys.__stdin__.fileno()  # type: ignore[union-attr]
        before = termios.tcgetattr(terminal)
    except (AttributeError, OSError, ValueError, termios.error):
        return None
    try:
        tty.setcbreak(terminal)
        os.write(terminal, _ASK_BACKGROUND)
        said = b""
        while select.select([terminal], [], [], _PATIENCE)[0] and len(said) < 100:
            said += os.read(terminal, 100)
            if said.endswith((b"\x07", b"\x1b\\")):
                break
    except OSError:
        return None
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, before)
    found = _BACKGROUND.search(said)
    if found is None:
        return None
    red, green, blue = (int(each[:2], 16) / 255 for each in found.groups())
    return red, green, blue


def ink(app: App[object], tone: str) -> str:
    """Return the style of rich in which an app shows what is meant so."""
    theme = app.current_theme
    if tone == "dim":
        muted = theme.variables.get("muted", "")
        return "dim" if not muted or muted == "ansi_default" else muted
    colour = str(getattr(theme, tone, None) or "")
    return colour.removeprefix("ansi_")
