"""``geartrain server``: run a job server in the foreground."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import click

from geartrain import __version__
from geartrain.cli.flags import (
    Configuration,
    flags_of,
    read_configuration,
    show_configuration,
    usage_errors,
)
from geartrain.cli.reloading import access_of, reload_file, schedules_of
from geartrain.cli.service import Service
from geartrain.configuration.kinds import NO_PORT
from geartrain.configuration.option import Given
from geartrain.errors import OptionError
from geartrain.server.exposure import exposed, http_dangers
from geartrain.server.formatters import formatter_for
from geartrain.server.logs import LogTarget, startup_log
from geartrain.server.options import Options
from geartrain.transport.standard import is_terminal, write_soon

if TYPE_CHECKING:
    from geartrain.configuration.file import ConfigFile
    from geartrain.server.hooks import Hook
    from geartrain.server.server import Server

__all__ = ["server", "server_configuration", "service_of"]

_PATIENCE_WITH_STDOUT = 0.3


def serve(**flags: Any) -> int:
    """Run a job server in the foreground.

    It listens on 127.0.0.1:4730 unless told otherwise and prints one line on
    stdout once it does. Background jobs are on disk before they are
    acknowledged; the log says where. SIGTERM and SIGINT stop it once running
    jobs have ended, within --drain; a second one stops it at once. SIGUSR1
    stops it when the last connection closes.

    Each option is a flag, a variable (GEARTRAIN_MAX_PACKET=64M) and a line of
    [server] in the file of --config (max_packet = "64M"). A flag goes before
    a variable, and a variable before the file.
    """
    with usage_errors():
        configuration = server_configuration(flags)
        service = service_of(configuration)
    if flags["show_config"]:
        rows = [_policy_rows, _schedule_rows, _access_rows]
        show_configuration(
            configuration, [each for find in rows for each in find(configuration)]
        )
        return 0
    return service.run()


def service_of(configuration: Configuration[Options]) -> Service:
    """Return a service that can be run.

    Raises:
        OptionError: two options exclude each other.
    """
    options, given = configuration.options, configuration.given
    _check(options, given)
    return Service(
        options=options,
        log=LogTarget(
            file=options.log_file,
            level=options.log_level,
            formatter=formatter_for(
                options.log_format,
                on_terminal=options.log_file == "stderr" and is_terminal(2),
            ),
        ),
        notices=[*configuration.notices, *_notices(options, given)],
        announce=partial(_announce, options),
        http_wanted="http" in given,
        reloads=_reloads(configuration),
    )


server = click.Command(
    "server", params=flags_of(Options), callback=serve, help=serve.__doc__
)


def server_configuration(flags: Mapping[str, Any]) -> Configuration[Options]:
    """Return the server's options, with the policies of the file.

    Raises:
        OptionError: a variable, the file or something in it is wrong.
    """
    configuration = read_configuration(Options, flags)
    places = {name: each.place for name, each in configuration.given.items()}
    options = dataclasses.replace(configuration.options, places=places)
    configuration = dataclasses.replace(configuration, options=options)
    if configuration.file is None:
        return configuration
    from geartrain.server.policies import read_policies

    file = configuration.file
    options = dataclasses.replace(
        configuration.options,
        policies=read_policies(file),
        access=access_of(file),
        schedules=schedules_of(file, configuration.options.timezone),
        hooks=_hooks(file),
    )
    return dataclasses.replace(configuration, options=options)


def _reloads(
    configuration: Configuration[Options],
) -> list[Callable[[Server], None]]:
    """Return what reads the file again while the server runs."""
    if configuration.file is None:
        return []
    path, timezone = configuration.file.path, configuration.options.timezone
    return [partial(reload_file, path, timezone)]


def _hooks(file: ConfigFile) -> tuple[Hook, ...]:
    if "hooks" not in file.tables:
        return ()
    from geartrain.server.hooks import read_hooks

    return read_hooks(file)


def _policy_rows(configuration: Configuration[Options]) -> Iterator[Sequence[str]]:
    """Give a row for each policy of the file."""
    if configuration.file is not None:
        from geartrain.server.policies import policy_places

        places = policy_places(configuration.file)
        policies = configuration.options.policies
        for (table, place), (_, settings) in zip(places, policies, strict=True):
            shown = " ".join(f"{name}={value}" for name, value in settings.items())
            yield table, shown, place


def _schedule_rows(configuration: Configuration[Options]) -> Iterator[Sequence[str]]:
    """Give a row for each schedule of the file, without what its jobs are given."""
    if configuration.options.schedules and configuration.file is not None:
        from geartrain.server.schedules import schedule_places

        places = schedule_places(configuration.file)
        for (table, place), settings in zip(
            places, configuration.options.schedules.values(), strict=True
        ):
            told = [name for name in settings if name not in ("workload", "headers")]
            yield table, " ".join(f"{name}={settings[name]}" for name in told), place


def _access_rows(configuration: Configuration[Options]) -> Iterator[Sequence[str]]:
    """Give a row for each principal of the file; what it is known by is not shown."""
    if configuration.options.access and configuration.file is not None:
        from geartrain.server.access import access_places

        places = access_places(configuration.file)
        for (table, place), principal in zip(
            places, configuration.options.access, strict=True
        ):
            rights = [
                f"{right}={','.join(os.fsdecode(each) for each in globs)}"
                for right, globs in principal.rights.items()
            ]
            yield table, " ".join(rights), place


def _check(options: Options, given: Mapping[str, Given]) -> None:
    """Raise OptionError where two options exclude each other, or one needs another."""
    for prefix in ("", "http_"):
        _check_tls(options, given, f"{prefix}tls_cert")
    for name in ("http_user_header", "http_proxy_role"):
        if name in given and not options.http_trust_proxy:
            _refuse_without(given[name], "http_trust_proxy")
    for address in options.admin_listen:
        if address.port == NO_PORT and not address.path:
            raise OptionError(
                f"{given['admin_listen']}: {address.host or '*'} names no port"
            )
    for address in options.http_addresses:
        if not (address.is_local or _is_http_closed(options)):
            raise OptionError(
                f"{given['http']}: {address} can be reached from other machines, and"
                " HTTP may do anything: name a --http-token-file as well, or another"
                " way to say who may ask (docs/access.md)"
            )
    for name in _useless_probes(options, given):
        # One source that says both is a mistake; a stronger one may change its mind.
        if given[name].source == given["keepalive"].source:
            both = f"{given['keepalive']} and {given[name]}"
            raise OptionError(f"{both} exclude each other")


def _check_tls(options: Options, given: Mapping[str, Given], certificate: str) -> None:
    """Raise OptionError where a key or authorities are named without certificate."""
    if getattr(options, certificate):
        return
    for kind in ("key", "ca"):
        name = certificate.replace("cert", kind)
        if getattr(options, name):
            _refuse_without(given[name], certificate)


def _refuse_without(given: Given, other: str) -> NoReturn:
    """Raise OptionError for an option that needs another, named as this one was."""
    named = f"--{other.replace('_', '-')}" if given.source == "flag" else other
    raise OptionError(f"{given} is of no use without {named}")


def _is_http_closed(options: Options) -> bool:
    """Tell whether requests of HTTP have to prove who they are from."""
    return bool(
        options.http_token_file
        or options.http_password_file
        or options.http_trust_proxy
        or options.access
    )


def _useless_probes(options: Options, given: Mapping[str, Given]) -> list[str]:
    """Return which options of keepalive are given although it is off."""
    names = ("keepalive_idle", "keepalive_interval", "keepalive_count")
    return [] if options.keepalive else [name for name in names if name in given]


def _notices(options: Options, given: Mapping[str, Given]) -> list[str]:
    """Say which options do nothing."""
    said = [
        f"{given[name]} changes nothing: there is no keepalive"
        for name in _useless_probes(options, given)
    ]
    if options.round_robin and options.compat != "1.1":
        said.append(
            f"{given['round_robin']} changes nothing: functions take turns anyhow"
        )
    if "durability" in given and options.store == "memory:":
        said.append(
            f"{given['durability']} changes nothing: jobs in memory survive no stop"
        )
    return said


def _announce(options: Options, addresses: Sequence[str]) -> None:
    """Warn of what is open to whom, and print the ready line.

    A reader of that line that has gone or sleeps cannot stop the server.
    """
    for danger in (*exposed(options), *http_dangers(options)):
        startup_log.warning(danger, extra={"action": "exposed"})
    line = f"geartrain {__version__} ready on {', '.join(addresses)}\n"
    # Unbuffered: what cannot be written must not be tried again at exit.
    write_soon(1, line.encode(), _PATIENCE_WITH_STDOUT)
