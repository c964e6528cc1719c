"""Sparklines: a few numbers as a line, drawn by the server, without a script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

__all__ = ["spark"]

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
    area = Markup('<polygon points="0,{h} {p} {w},{h}"/>').format(
        p=points, h=int(_HEIGHT), w=int(_WIDTH)
    )
    return Markup(
        '<svg class="spark {}" viewBox="0 0 {} {}" preserveAspectRatio="none"'
        ' aria-hidden="true">{}<polyline points="{}"/></svg>'
    ).format(kind, int(_WIDTH), int(_HEIGHT), area if has_area else "", points)
