"""The tables of docs/configuration.md, made of the options themselves.

``python -m tests.support.configuration_page`` writes them anew.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import click

from geartrain.cli.gearmand_flags import FLAGS
from geartrain.configuration.option import HasOptions, Option, options_of
from geartrain.server.options import Options as ServerOptions
from geartrain.supervisor.options import WorkerOptions

__all__ = ["PAGE", "with_tables"]

PAGE = Path(__file__).parents[2] / "docs/configuration.md"


def with_tables(text: str) -> str:
    """Return the page with each table as the options have it."""
    tables = {
        "[server]": _options_table(ServerOptions),
        "[submit]": _options_table(ServerOptions, "submit"),
        "[worker]": _options_table(WorkerOptions),
        "gearmand": _gearmand_table(),
    }
    for name, table in tables.items():
        begin, end = f"<!-- options: {name} -->\n", "<!-- end -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}{table}{end}{after}"
    return text


def _options_table(configured: type[HasOptions], table: str = "") -> str:
    options = options_of(configured).values()
    rows = [_row(o) for o in options if o.table == (table or configured.TABLE)]
    return _table(("key", "flag", "variable", "value", "default", "meaning"), rows)


def _row(option: Option) -> tuple[str, ...]:
    meaning = option.kind.meaning
    return (
        f"`{option.name}`",
        _flag(option),
        f"`{option.variable}`",
        f"a list; each is {meaning}" if option.repeats else meaning,
        option.default or ("false" if option.kind.types == (bool,) else "none"),
        option.help,
    )


def _flag(option: Option) -> str:
    if option.positional:
        return "words without a flag"
    if option.kind.types == (bool,):
        return f"`{option.flag}`, `{option.negation}`"
    return f"`{option.flag}`"


def _gearmand_table() -> str:
    options = options_of(ServerOptions)
    rows = [
        (", ".join(f"`{word}`" for word in flag.opts), f"`{flag.name}`")
        for flag in FLAGS
        if isinstance(flag, click.Option) and flag.name in options
    ]
    return _table(("`gearmand`", "key of `[server]`"), rows)


def _table(titles: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [titles, ("---",) * len(titles), *rows]
    return "".join(f"| {' | '.join(map(_escaped, line))} |\n" for line in lines)


def _escaped(cell: str) -> str:
    """Return a cell's text without what means something in Markdown."""
    return re.sub(r"([|<])", r"\\\1", cell)


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text()))
