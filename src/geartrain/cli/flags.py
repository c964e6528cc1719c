"""Options as flags, and the configuration that flags, environment and file give."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import click

from geartrain.configuration.environment import (
    OTHER_VARIABLES,
    check_variables,
    read_environment,
)
from geartrain.configuration.kinds import FLAG, Kind
from geartrain.configuration.option import Given, HasOptions, Option, options_of
from geartrain.errors import OptionError
from geartrain.texts import visible

if TYPE_CHECKING:
    from geartrain.configuration.file import ConfigFile

__all__ = [
    "Configuration",
    "flag_of",
    "flags_of",
    "read_configuration",
    "show_configuration",
    "typed",
    "usage_errors",
]

T = TypeVar("T")
C = TypeVar("C", bound=HasOptions)

_CONFIG_VARIABLE = "GEARTRAIN_CONFIG"
# Modules with options. Each program knows the variables of all of them.
_PROGRAMS = (
    ("geartrain.server.options", "Options"),
    ("geartrain.supervisor.options", "WorkerOptions"),
)
_CONFIG = click.Option(
    ["--config"],
    metavar="PATH",
    help="Read options, and a server's policies of functions, from this file"
    f" (geartrain.toml).  [env var: {_CONFIG_VARIABLE}]",
)
_SHOW_CONFIG = click.Option(
    ["--show-config"],
    is_flag=True,
    help="Print the value of each option and where it comes from, and exit.",
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Configuration(Generic[C]):
    """The configuration of a program, and where each value was given.

    Attributes:
        options: the value of each option.
        given: the values that were given, by option; the others are defaults.
        notices: sentences for the log about variables that are not used.
        file: the configuration file, if one is named.
    """

    options: C
    given: Mapping[str, Given]
    notices: Sequence[str]
    file: ConfigFile | None


def flags_of(configured: type[HasOptions]) -> list[click.Parameter]:
    """Return the flags of a class of options, ``--config`` and ``--show-config``."""
    options = options_of(configured).values()
    offs = [_off_flag(option) for option in options if option.off]
    return [_CONFIG, *map(flag_of, options), *offs, _SHOW_CONFIG]


def flag_of(option: Option, *words: str) -> click.Parameter:
    """Return an option as a flag; its value is None, or (), where it is not given.

    ``words`` are the flag's names in place of the option's own.
    """
    if option.positional:
        return click.Argument(
            [option.name], nargs=-1, type=typed(option.kind), metavar=option.metavar
        )
    is_flag = option.kind is FLAG
    own = (f"{option.flag}/{option.negation}",) if is_flag else (option.flag,)
    return click.Option(
        [*(words or own), option.name],
        default=None,
        is_flag=is_flag,
        multiple=option.repeats,
        type=None if is_flag else typed(option.kind),
        metavar=None if is_flag else option.metavar,
        help=option.help + _details(option),
    )


def _off_flag(option: Option) -> click.Parameter:
    """Return the flag that switches an option off that is not true or false."""
    return click.Option(
        [option.negation],
        is_flag=True,
        help=f"The same as {option.flag} {option.off}.",
    )


def _details(option: Option) -> str:
    """Return what stands in brackets behind the help of an option."""
    default = option.default
    if option.kind is FLAG and default:
        default = option.name
    details = (
        f"env var: {option.variable}" if option.has_own_variable else "",
        f"default: {default}" if default else "",
        option.kind.bounds,
    )
    text = "; ".join(filter(None, details))
    return f"  [{text}]" if text else ""


def typed(kind: Kind[T]) -> Callable[[str], T]:
    """Return a function with which click reads a value of this kind."""

    def read(text: str) -> T:
        try:
            return kind.read(text)
        except OptionError as error:
            raise click.BadParameter(str(error)) from None

    return read


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn ``OptionError`` into a usage error: one line, and exit status 2."""
    try:
        yield
    except OptionError as error:
        raise click.UsageError(str(error)) from None


def read_configuration(
    configured: type[C], flags: Mapping[str, Any]
) -> Configuration[C]:
    """Return a program's configuration: flags before variables before the file.

    Args:
        configured: the class of its options.
        flags: the values of the flags that ``flags_of`` made.

    Raises:
        OptionError: a variable, the file or something in it is wrong.
    """
    options = options_of(configured)
    file, in_file = _read_file(flags["config"], options)
    # The later wins.
    given = {
        **in_file,
        **read_environment(options, os.environ),
        **_given_flags(options, flags),
    }
    return Configuration(
        options=configured(**{name: each.value for name, each in given.items()}),
        given=given,
        notices=check_variables(os.environ, _known(options)),
        file=file,
    )


def show_configuration(
    configuration: Configuration[C], others: Iterable[Sequence[str]] = ()
) -> None:
    """Print each option, its value and where that comes from, then other such rows."""
    from geartrain.cli.columns import NAME, PROSE, Column
    from geartrain.cli.tables import write_table

    columns: list[Column[Sequence[str]]] = [
        Column("OPTION", itemgetter(0), NAME),
        Column("VALUE", itemgetter(1), PROSE),
        Column("FROM", itemgetter(2)),
    ]
    options, given = configuration.options, configuration.given
    rows = [
        (option.name, _shown(option, options), _place(option, given))
        for option in options_of(type(options)).values()
    ]
    write_table(columns, [*rows, *others])
    for notice in configuration.notices:
        click.echo(visible(notice), err=True)


def _shown(option: Option, options: object) -> str:
    value = getattr(options, option.name)
    return option.show(value) or (f"({option.default})" if option.default else "-")


def _place(option: Option, given: Mapping[str, Given]) -> str:
    return given[option.name].place if option.name in given else "default"


def _given_flags(
    options: Mapping[str, Option], flags: Mapping[str, Any]
) -> dict[str, Given]:
    """Return the values that the command line gives.

    Raises:
        OptionError: two flags exclude each other.
    """
    found = {}
    for option in options.values():
        value = flags[option.name]
        if option.off and flags.get(f"no_{option.name}"):
            if value:
                both = f"{option.flag} and {option.negation}"
                raise OptionError(f"{both} exclude each other")
            found[option.name] = Given(option.read(option.off), "flag", option.negation)
        elif value is not None and value != ():
            flag = option.negation if value is False else option.flag
            name = "argument" if option.positional else flag
            found[option.name] = Given(value, "flag", name)
    return found


def _read_file(
    path: str | None, options: Mapping[str, Option]
) -> tuple[ConfigFile | None, Mapping[str, Given]]:
    """Return the configuration file and what it gives for them, if there is one."""
    place = "" if path is not None else f"{_CONFIG_VARIABLE}: "
    if path is None:
        path = os.environ.get(_CONFIG_VARIABLE, "")
        if not path:
            return None, {}
    # Most servers have no file, and the reader of TOML takes 2 ms to load.
    from geartrain.configuration.file import read_file, read_options

    try:
        file = read_file(path)
    except OptionError as error:
        raise OptionError(f"{place}{error}") from None
    return file, read_options(file, options)


def _known(options: Mapping[str, Option]) -> set[str]:
    """Return the variables of Geartrain that the environment may have."""
    known = {*OTHER_VARIABLES, *(option.variable for option in options.values())}
    if any(name.startswith("GEARTRAIN_") and name not in known for name in os.environ):
        for module, name in _PROGRAMS:
            others = options_of(getattr(import_module(module), name))
            known.update(option.variable for option in others.values())
    return known
