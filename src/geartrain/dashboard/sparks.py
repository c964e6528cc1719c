"""Small drawings made by the server, without a script: lines, and bars of shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup, escape

__all__ = ["shares", "spark"]

_WIDTH: Final = 100.0
_HEIGHT: Final = 24.0
# The line is 1.5 wide and must not be cut at the edges.
_EDGE: Final = 1.0


def spark(
    values: Sequence[float | None], kind: str = "", *, has_area: bool = False
) -> Markup:
    """Return numbers as a line; ``kind`` is the state that colours it.

    It is decoration beside the number: those who do not see it miss nothing. The line
    stands on zero; missing numbers are left out.
    """
    numbers = [value for value in values if value is not None]
    if len(numbers) < 2:
        numbers = [0.0, *numbers, 0.0][:2]
    most = max(numbers) or 1.0
    step = _WIDTH / (len(numbers) - 1)
    room = _HEIGHT - 2 * _EDGE
    points = " ".join(
        f"{index * step:.1f},{_HEIGHT - _EDGE - room * value / most:.1f}"
        for index, value in enumerate(numbers)
    )
    width, height = int(_WIDTH), int(_HEIGHT)
    area = f'<polygon points="0,{height} {points} {width},{height}"/>'
    # One for each row of a table: Markup.format takes ten times as long.
    return Markup(
        f'<svg class="spark {escape(kind)}" viewBox="0 0 {width} {height}"'
        f' preserveAspectRatio="none" aria-hidden="true">{area if has_area else ""}'
        f'<polyline points="{points}"/></svg>'
    )


def shares(parts: Mapping[str, int], total: int) -> Markup:
    """Return how many of a total are in which state, as a bar with a piece for each.

    ``parts`` are in the order of the bar, named by the states that colour them; what is
    in none of them stays empty.
    """
    whole = max(total, 1)
    drawn, at = "", 0.0
    for kind, count in parts.items():
        width = min(count / whole, 1.0) * _WIDTH
        drawn += (
            f'<rect class="{escape(kind)}" x="{at:.2f}" width="{width:.2f}"'
            f' height="{int(_HEIGHT)}"/>'
        )
        at += width
    said = ", ".join(f"{count:,} {kind}" for kind, count in parts.items())
    return Markup(
        f'<svg class="shares" viewBox="0 0 {int(_WIDTH)} {int(_HEIGHT)}"'
        f' preserveAspectRatio="none" role="img" aria-label="{escape(said)} of'
        f' {total:,}">{drawn}</svg>'
    )
