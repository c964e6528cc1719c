"""What the doctor examines: one function for each topic, which yields what it found."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import sqlite3
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from geartrain import __version__, core_build
from geartrain.admin import Admin, OptionRow
from geartrain.cli.running import Running
from geartrain.errors import GeartrainError, RefusedError
from geartrain.server.exposure import exposed, http_dangers, known_by
from geartrain.server.options import MIB, Options
from geartrain.server.passwords import read_passwords
from geartrain.stores.locations import file_of, look_at_store
from geartrain.stores.maintenance import tasks
from geartrain.texts import counted
from geartrain.transport.connect import Connector
from geartrain.transport.tls import Tls, server_context

__all__ = ["Finding", "examine_machine", "examine_server"]

# Below it, a few thousand connections are all that a server can have.
_MANY_FILES: Final = 65536
_LITTLE_ROOM: Final = 256 * MIB
# A larger file takes too long to be read whole.
_MOST_CHECKED: Final = 64 * MIB
_SOON: Final = 30 * 86400.0
# No machine's clock is right that shows an earlier time: 2025.
_PAST: Final = 1_735_689_600.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What an examination found.

    Attributes:
        level: ``ok``, ``warning`` or ``wrong``.
        topic: what was examined, as a word.
        text: what was found.
        remedy: what to do; empty where all is well.
    """

    level: str
    topic: str
    text: str
    remedy: str = ""


def examine_machine(
    options: Options, *, has_store: bool = True, running: Running | None = None
) -> Iterator[Finding]:
    """Examine what a server with these options needs of this machine.

    Args:
        options: the options.
        has_store: their store is one of this machine's server.
        running: the job server that answers, where it knows better which store that is.
    """
    yield from _versions()
    yield from _limits(options)
    yield from _clock()
    yield from _certificate(options.tls, "--tls-cert")
    yield from _certificate(options.http_tls, "--http-tls-cert")
    yield from _access(options)
    told = None if running is None else running.options.get("store")
    if running is not None and told is not None:
        yield from _told_store(running.server, told, is_here=has_store)
    elif has_store:
        yield from _store(options.store, options.durability)
    else:
        text = "not looked at: --config names the file of the server, which names it"
        yield Finding("ok", "store", text)


def examine_server(server: Connector) -> Iterator[Finding]:
    """Ask a running job server whether it is well."""
    try:
        with Admin(server) as admin:
            version = admin.version()
            yield _running(str(server), version)
            if "geartrain" in version:
                yield from _problems(admin)
    except RefusedError as error:
        remedy = "ask as somebody who may: --token-file names a token (docs/access.md)"
        may_not = error.code == "NOT_ALLOWED"
        yield Finding("wrong", "server", str(error), remedy if may_not else "")
    except GeartrainError as error:
        yield Finding(
            "wrong", "server", str(error), "start it, or name another by --server"
        )


def _running(server: str, version: str) -> Finding:
    text = f"{server} answers, version {version}"
    _, is_ours, theirs = version.partition("+geartrain-")
    if not is_ours:
        remedy = "this is no Geartrain: it knows little of itself"
        return Finding("warning", "server", text, remedy)
    if theirs != __version__:
        remedy = f"this is {__version__}: restart the server after an upgrade"
        return Finding("warning", "server", text, remedy)
    return Finding("ok", "server", text)


def _problems(admin: Admin) -> Iterator[Finding]:
    rows = admin.problems()
    for row in rows:
        yield Finding("wrong", row.problem, row.told, row.remedy)
    if not rows:
        yield Finding("ok", "problems", "the server knows of none")


def _versions() -> Iterator[Finding]:
    build = core_build()
    text = (
        f"geartrain {__version__} ({build} core), Python {platform.python_version()},"
        f" SQLite {sqlite3.sqlite_version}"
    )
    if build == "compiled":
        yield Finding("ok", "versions", text)
    else:
        remedy = "install it where there is a C compiler: it is three times as fast"
        yield Finding("warning", "versions", text, remedy)


def _limits(options: Options) -> Iterator[Finding]:
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files != resource.RLIM_INFINITY and files < _MANY_FILES:
        text = f"a process may have {files} open files, and as many connections"
        yield Finding("warning", "limits", text, "raise it: LimitNOFILE=1048576")
    else:
        yield Finding("ok", "limits", "open files are plenty")
    most = _number("/proc/sys/net/core/somaxconn")
    if most is not None and most < options.backlog:
        text = f"the system holds {most} connections that wait, not {options.backlog}"
        remedy = f"sysctl net.core.somaxconn={options.backlog}"
        yield Finding("warning", "limits", text, remedy)


def _number(path: str) -> int | None:
    try:
        return int(Path(path).read_text())
    except (OSError, ValueError):
        return None


def _clock() -> Iterator[Finding]:
    now = time.time()
    text = time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(now))
    if now < _PAST:
        remedy = "set it: delayed and recurring jobs go by it"
        yield Finding("wrong", "clock", text, remedy)
    else:
        yield Finding("ok", "clock", text)


def _certificate(tls: Tls | None, flag: str) -> Iterator[Finding]:
    if tls is None:
        return
    try:
        context = server_context(tls)
        left = _seconds_left(context, Path(tls.cert).read_text())
    except ssl.SSLError as error:
        text = getattr(error, "verify_message", "") or str(error)
        yield Finding("wrong", "certificate", f"{tls.cert}: {text}", "renew it")
    except (OSError, GeartrainError) as error:
        remedy = f"mend the files of {flag}"
        yield Finding("wrong", "certificate", str(error), remedy)
    else:
        text = f"{tls.cert} is valid for {left / 86400:.0f} days"
        if left < _SOON:
            remedy = "renew it, and reload the server by SIGHUP"
            yield Finding("warning", "certificate", text, remedy)
        else:
            yield Finding("ok", "certificate", text)


def _seconds_left(serving: ssl.SSLContext, cert: str) -> float:
    """Return for how long a certificate is valid.

    The standard library reads the dates of a peer's certificate only. So a handshake
    in memory shows it, to a client that trusts just this one.
    """
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asking.check_hostname = False
    asking.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    asking.load_verify_locations(cadata=cert)
    serving.verify_mode = ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = asking.wrap_bio(to_client, to_server)
    server = serving.wrap_bio(to_server, to_client, server_side=True)
    for peer in (client, server, client):
        try:
            peer.do_handshake()
        except ssl.SSLWantReadError:
            continue
    shown = client.getpeercert() or {}
    return ssl.cert_time_to_seconds(str(shown["notAfter"])) - time.time()


def _access(options: Options) -> Iterator[Finding]:
    """Say what is open to whom."""
    for text in exposed(options):
        remedy = "write rules, or listen on this machine only"
        yield Finding("warning", "access", text.partition(": ")[0], remedy)
    for text in http_dangers(options):
        said, _, remedy = text.partition(": ")
        yield Finding("warning", "access", said, remedy)
    for principal in options.access:
        yield Finding("ok", "access", known_by(principal))
    if options.http_password_file:
        try:
            people = read_passwords(options.http_password_file)
        except GeartrainError as error:
            remedy = "make each line by geartrain password"
            yield Finding("wrong", "access", str(error), remedy)
        else:
            said = counted(len(people), "name")
            text = f"{said} in {options.http_password_file} may log in by HTTP"
            yield Finding("ok", "access", text)
    if not options.access and all(each.is_local for each in options.addresses):
        text = "the job port is open to everybody on this machine, for everything"
        yield Finding("ok", "access", text)


def _told_store(server: str, told: OptionRow, *, is_here: bool) -> Iterator[Finding]:
    """Say which store a job server uses, and look at it where that can be done.

    The password of a database is not told, and a file may be another machine's, or of
    another working directory.
    """
    location = told.value
    if location == "memory:":
        yield from _store(location, "")
        return
    yield Finding("ok", "store", f"{server} uses {location}, by {told.source}")
    file = file_of(location) if is_here else ""
    if file.startswith("/"):
        yield from _place_of(Path(file))


def _store(location: str, durability: str) -> Iterator[Finding]:
    if location == "memory:":
        text = "jobs are in memory, and gone when the server stops"
        yield Finding("warning", "store", text, "name a file by --store")
    elif path := file_of(location):
        yield from _place_of(Path(path))
    else:
        yield _database(location, durability)


def _database(location: str, durability: str) -> Finding:
    try:
        return Finding("ok", "store", look_at_store(location, durability))
    except GeartrainError as error:
        return Finding("wrong", "store", str(error), "see docs/durable-jobs.md")


def _place_of(file: Path) -> Iterator[Finding]:
    folder = next(each for each in file.parents if each.exists())
    if not os.access(folder, os.W_OK):
        text = f"{folder} cannot be written by this user"
        yield Finding("wrong", "store", text, "give the folder to the server's user")
        return
    free = shutil.disk_usage(folder).free
    if free < _LITTLE_ROOM:
        text = f"the disk of {folder} has {free // MIB} MiB left"
        yield Finding("wrong", "store", text, "make room")
    yield from _file(file)


def _file(file: Path) -> Iterator[Finding]:
    if not file.exists():
        yield Finding("ok", "store", f"{file} will be made")
        return
    size = file.stat().st_size
    if size > _MOST_CHECKED:
        text = f"{file}, {size // MIB} MiB, not read"
        yield Finding("ok", "store", text, "geartrain store check reads it")
        return
    try:
        report = tasks.check(str(file))
    except GeartrainError as error:
        if "in use" in str(error):
            yield Finding("ok", "store", f"{file} is in use by a job server, not read")
        else:
            remedy = "name another by --store"
            yield Finding("wrong", "store", str(error), remedy)
        return
    for problem in report.problems:
        remedy = "the server rebuilds it at its start"
        yield Finding("wrong", "store", f"{file}: {problem}", remedy)
    if not report.problems:
        text = f"{file}: {report.jobs} jobs, {report.dead} dead letters, no damage"
        yield Finding("ok", "store", text)
