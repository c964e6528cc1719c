"""Options of every shape that one may have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from geartrain.configuration.kinds import FLAG, PATH, SECRET, TEXT, seconds, whole
from geartrain.configuration.option import option

__all__ = ["Sample"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a program of these tests can be told."""

    TABLE: ClassVar[str] = "server"
    VARIABLES: ClassVar[str] = "GEARTRAIN_"

    number: int = option(whole(1, 10), 5, "A number.")
    pause: float | None = option(seconds(), None, "A pause.", default_text="as needed")
    names: tuple[str, ...] = option(TEXT, (), "Names.", repeats=True)
    secret: str = option(SECRET, "", "A secret.", variable="GEARTRAIN_HUSH")
    place: str = option(PATH, "", "A place.")
    is_open: bool = option(FLAG, True, "Open.")
    is_quiet: bool = option(FLAG, False, "Quiet.")
    internal: int = 0
