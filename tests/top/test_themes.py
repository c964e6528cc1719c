"""Which colours are chosen for which terminal."""

from __future__ import annotations

import pytest
from textual.theme import Theme

from geartrain.top.themes import DARK, LIGHT, THEMES, chosen_theme


@pytest.mark.parametrize(
    ("environment", "theme"),
    [
        ({"NO_COLOR": "1", "TERM": "xterm-256color"}, "terminal"),
        ({"TERM": "xterm"}, "terminal"),
        ({"TERM": "xterm-256color", "COLORFGBG": "0;15"}, "light"),
        ({"TERM": "xterm", "COLORTERM": "truecolor", "COLORFGBG": "15;0"}, "dark"),
        ({"TERM": "xterm-256color", "COLORFGBG": "0;default;7"}, "light"),
    ],
)
def test_auto_is_by_what_the_terminal_says(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], theme: str
) -> None:
    for name in ("NO_COLOR", "TERM", "COLORTERM", "COLORFGBG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert chosen_theme("auto") == theme
    assert chosen_theme("light") == "light"


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4
        for each in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
@pytest.mark.parametrize("ground", ["background", "panel"])
def test_every_ink_is_readable(theme: Theme, ground: str) -> None:
    below = luminance(getattr(theme, ground))
    inks = [getattr(theme, each) for each in ("foreground", "success", "warning")]
    inks += [getattr(theme, each) for each in ("error", "primary")]
    inks.append(theme.variables["muted"])
    for each in inks:
        lighter, darker = sorted((luminance(each), below), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, each


def test_each_theme_has_a_name_of_its_own() -> None:
    assert len({theme.name for theme in THEMES}) == len(THEMES)
