"""``geartrain policy``: the policies of a running job server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import click

from geartrain.admin import Admin, PolicyRow, Setting, setting_text
from geartrain.cli.columns import NAME, PROSE, Column
from geartrain.cli.common import CONTEXT
from geartrain.cli.listing import RowListing, View, listing_options
from geartrain.cli.output import write_json
from geartrain.cli.tables import write_table
from geartrain.engine.model.policies import Policy
from geartrain.engine.model.settings import SETTINGS
from geartrain.errors import OptionError, RefusedError

__all__ = ["policy"]

_Setting = tuple[str, str, Setting, str]
"""A pattern or function, the name of a setting, its value, and where that is from."""

_EFFECTIVE: tuple[Column[_Setting], ...] = (
    Column("SETTING", lambda row: row[1], NAME),
    Column("VALUE", lambda row: setting_text(row[2]), PROSE),
    Column("FROM", lambda row: row[3]),
)
_SOURCES = {"file": "file", "runtime": "run time"}
# Options of the server that are called otherwise than the setting they are for.
_OPTIONS = {"max_crashes": "job_retries"}
_NOTHING = "no settings were changed"

_GIVEN: RowListing[_Setting] = RowListing(
    columns=(Column("PATTERN", lambda row: row[0], NAME), *_EFFECTIVE),
    to_json=lambda row: {},
    nothing=_NOTHING,
)
# With all settings of a pattern in one object.
_GIVEN_OBJECTS: RowListing[PolicyRow] = RowListing(
    columns=(
        Column("PATTERN", lambda row: row.pattern, NAME),
        Column("FROM", lambda row: _source(row)),
    ),
    to_json=lambda row: {
        "pattern": row.pattern,
        "source": row.source,
        **row.settings,
    },
    nothing=_NOTHING,
)

_HELP = """See and change the policies of functions.

Without arguments, list the settings that were changed. With a FUNCTION, show every
setting in force for it, and where its value is from. With NAME=VALUE, change these
settings for the FUNCTION, or for all that match it as a glob such as 'mail*'; NAME=
goes back to the value in the server's file. Changes outlast a restart unless jobs are
kept in memory, and hold within two seconds at all job servers that share a store. The
settings and their defaults are:

\b
max_attempts    1            maximum number of attempts
max_crashes     5            maximum number of lost workers; 0: no limit
backoff         exponential  pauses between attempts double, or are fixed
backoff_delay   1            seconds the first pause lasts
backoff_cap     3600         seconds the longest pause lasts
backoff_jitter  0.1          random variation of pauses, from 0 to 1
timeout         0            seconds an attempt may run; 0: no limit
ttl             0            seconds a job may wait; 0: no limit
delay           0            seconds that each submission waits first
dedupe          join         join, drop, replace or again: what an equal unique does
dedupe_window   0            seconds in which drop takes no equal one
dedupe_wait     0            seconds that replace delays a job at most; 0: no limit
max_waiting     0            how many jobs may wait; 0: no limit
when_full       refuse       refuse or drop_oldest: what is done with one more
when_no_worker  wait         wait or refuse: what is done if no worker can run it
no_worker_grace 10           seconds for which a worker may be away until then
rate            none         jobs that may start in a time, such as 100/1m
burst           0            jobs that may start at once; 0: as the rate needs
concurrency     0            jobs that may run at once; 0: no limit
key_rate        none         the same rate for the jobs of each flow key
key_concurrency 0            jobs of each flow key that may run at once; 0: no limit
key_from        none         where the key is in JSON workloads, such as /account/id
order           priority     or fifo: strictly as submitted, also over retries
options_in_names  false      whether ?delay=20m after its name gives options
paused          false        whether waiting jobs are kept from workers
draining        false        whether new jobs are refused
alert_age       300          seconds after which a waiting job is a problem; 0: never
alert_no_worker 0            seconds after which a lack of workers is a problem
alert_dead      1            dead letters in five minutes that are one; 0: never
dead_letter     true         whether a background job that failed is kept
history         3600         seconds to remember jobs that have ended; 0: not at all
result_ttl      0            seconds to keep results of background jobs; 0: none
result_size     1048576      bytes of the largest result to keep
cache_ttl       0            seconds a job that succeeded answers others; 0: never
"""


@click.command(
    help=_HELP,
    short_help="See and change the policies of functions.",
    context_settings=CONTEXT,
)
@click.argument("function", required=False, metavar="[FUNCTION]")
@click.argument("settings", nargs=-1, metavar="[NAME=VALUE...]")
@listing_options()
def policy(view: View, function: str | None, settings: tuple[str, ...]) -> None:
    """See and change the policies of functions."""
    given = _parsed(function, settings)
    if function is None:
        _show_given(view)
    elif given:
        with Admin(view.server) as admin:
            admin.set_policy(function, given)
        _show_given(view, function)
    else:
        with Admin(view.server) as admin:
            values = admin.policy(function)
            sources = _sources(admin.policies(function))
            if not view.as_json:
                rest = {name: values[name] for name in values if name not in sources}
                sources |= _option_sources(admin, rest)
            _write_effective(function, values, sources, view.as_json)


def _show_given(view: View, pattern: str | None = None) -> None:
    """Show the settings of a pattern, or of all."""

    def rows(admin: Admin) -> list[PolicyRow]:
        return [row for row in admin.policies() if pattern in (None, row.pattern)]

    if view.as_json:
        view.show(_GIVEN_OBJECTS, lambda admin, ask: rows(admin))
    else:
        view.show(_GIVEN, lambda admin, ask: _settings(rows(admin)))


def _settings(rows: Iterable[PolicyRow]) -> list[_Setting]:
    return [
        (row.pattern, name, value, _source(row))
        for row in rows
        for name, value in row.settings.items()
    ]


def _source(row: PolicyRow) -> str:
    return _SOURCES.get(row.source, row.source)


def _parsed(function: str | None, settings: Iterable[str]) -> dict[str, str]:
    """Read ``name=value`` words.

    Raises:
        OptionError: a word is something else, or the function is missing.
    """
    parsed: dict[str, str] = {}
    for word in settings:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise OptionError(
                f"{word!r} is not name=value: geartrain policy FUNCTION NAME=VALUE"
            )
        if name in parsed:
            raise OptionError(f"{name!r} is given twice")
        parsed[name] = value
    if function is not None and function.partition("=")[0] in SETTINGS:
        raise OptionError(
            f"{function!r} names no function: put one before it, or '*' for all"
        )
    return parsed


def _sources(rows: Iterable[PolicyRow]) -> dict[str, str]:
    """Return where each setting's value is from, of those that are not defaults."""
    return {
        name: f"{row.pattern}, {_source(row)}" for row in rows for name in row.settings
    }


def _option_sources(admin: Admin, values: Mapping[str, Setting]) -> dict[str, str]:
    """Return which option of the server each value is from that is no default.

    ``values`` are settings that no pattern gives.
    """
    usual = Policy().settings()
    changed = [name for name, value in values.items() if value != usual.get(name)]
    if not changed:
        return {}
    try:
        options = {row.option: row.source for row in admin.options()}
    except RefusedError:
        # An earlier version tells none.
        options = {}
    return {name: options.get(_OPTIONS.get(name, name), "server") for name in changed}


def _write_effective(
    function: str,
    settings: Mapping[str, Setting],
    sources: Mapping[str, str],
    as_json: bool,
) -> None:
    if as_json:
        write_json([{"function": function, **settings}])
        return
    write_table(
        _EFFECTIVE,
        [
            (function, name, value, sources.get(name, "default"))
            for name, value in settings.items()
        ],
    )
