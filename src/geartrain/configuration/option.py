"""Options: the fields of a class that a program can be told."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, TypeVar, overload

from geartrain.configuration.kinds import Kind
from geartrain.errors import OptionError

__all__ = ["Given", "HasOptions", "Option", "option", "options_of"]

T = TypeVar("T")

_KEY = "option"


class HasOptions(Protocol):
    """A dataclass of options.

    Attributes:
        TABLE: the table of the configuration file that has them.
        VARIABLES: what the names of their environment variables begin with.
    """

    TABLE: ClassVar[str]
    VARIABLES: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __init__(self, **values: Any) -> None:
        """Take the values of fields; the others have their defaults."""


@dataclass(frozen=True, eq=False, repr=False)
class Given:
    """A value that was given for an option.

    Attributes:
        value: the value.
        source: ``"flag"``, ``"environment"`` or ``"file"``.
        name: the flag, the variable, or the key.
        locate: returns the key's file and line. It is a function because the search for
            a line takes a while, and most are never shown.
    """

    value: Any
    source: str
    name: str
    locate: Callable[[], str] | None = None

    @property
    def place(self) -> str:
        """Return the flag, the variable, or the file and line."""
        return self.locate() if self.locate is not None else self.name

    def __str__(self) -> str:
        return self.name if self.locate is None else f"{self.name} ({self.locate()})"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Option:
    """One option of a program.

    Attributes:
        name: that of the field, and of the key in the configuration file.
        kind: which values it may have.
        help: what it does, in a sentence or two.
        default: the default as help texts show it.
        metavar: stands for a value in help texts, if not the kind's own.
        variable: the environment variable.
        has_own_variable: the name of the variable does not follow from the option's.
        repeats: its value is a tuple. The flag may be repeated, the variable holds
            several texts and the file a list.
        separator: separates the texts in the variable; None for commas and white space.
        positional: on the command line it is an argument, without a flag.
        off: the text of a value that means none; its negation is a flag for that.
        table: the table of the configuration file that has it, if not the class's.
    """

    name: str = ""
    kind: Kind[Any]
    help: str
    default: str = ""
    metavar: str = ""
    variable: str = ""
    has_own_variable: bool = False
    repeats: bool = False
    separator: str | None = None
    positional: bool = False
    off: str = ""
    table: str = ""

    @property
    def flag(self) -> str:
        """Return its flag on the command line."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def negation(self) -> str:
        """Return the flag that switches it off, where there is one."""
        return f"--no-{self.name.replace('_', '-')}"

    def read(self, text: str) -> Any:
        """Return the value that the text of a variable stands for.

        Raises:
            OptionError: it stands for none.
        """
        if not self.repeats:
            return self.kind.read(text)
        return self._some(map(self.kind.read, self._parted(text)))

    def take(self, value: object) -> Any:
        """Return the value that a value of a TOML file stands for.

        Raises:
            OptionError: it stands for none.
        """
        if not self.repeats:
            return self.kind.take(value)
        values = value if isinstance(value, list) else [value]
        return self._some(map(self.kind.take, values))

    def show(self, value: Any) -> str:
        """Return a value as text; empty for None."""
        if value is None:
            return ""
        if self.repeats:
            return ", ".join(map(self.kind.show, value))
        return self.kind.show(value)

    def _some(self, values: Iterable[Any]) -> tuple[Any, ...]:
        """Return the values of a list; an empty one is refused as a mistake."""
        found = tuple(values)
        if not found:
            raise OptionError("is an empty list: name one, or leave it out")
        return found

    def _parted(self, text: str) -> list[str]:
        if self.separator is None:
            return text.replace(",", " ").split()
        return [part for part in text.split(self.separator) if part.strip()]


@overload
def option(
    kind: Kind[Any], default: Callable[[], T], help: str, **attributes: Any
) -> T: ...


@overload
def option(kind: Kind[Any], default: T, help: str, **attributes: Any) -> T: ...


def option(
    kind: Kind[Any],
    default: Any,
    help: str,
    *,
    default_text: str | None = None,
    **attributes: Any,
) -> Any:
    """Return a field of a dataclass that is an option.

    Args:
        kind: which values it may have.
        default: its value where none is given, or a function that returns it.
        help: what it does.
        default_text: the default as help texts show it, where it is not the value.
        attributes: the rest of an ``Option``.
    """
    is_made = callable(default)
    declared = Option(kind=kind, help=help, **attributes)
    if default_text is None:
        # A flag without a default is off: every user expects that.
        default_text = "" if is_made or default is False else declared.show(default)
    metadata = {_KEY: dataclasses.replace(declared, default=default_text)}
    if is_made:
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


@functools.cache
def options_of(configured: type[HasOptions]) -> Mapping[str, Option]:
    """Return the options of a class by their names, in order."""
    found = {}
    for each in dataclasses.fields(configured):
        if _KEY in each.metadata:
            declared: Option = each.metadata[_KEY]
            found[each.name] = dataclasses.replace(
                declared,
                name=each.name,
                metavar=declared.metavar or declared.kind.metavar,
                table=declared.table or configured.TABLE,
                variable=declared.variable
                or f"{configured.VARIABLES}{each.name.upper()}",
                has_own_variable=bool(declared.variable),
            )
    return found
