"""One place for an option, and for a field of a stored job: the rest follows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import click
import pytest

from geartrain.cli.gearmand import command as gearmand
from geartrain.cli.gearmand_flags import DEFAULTS
from geartrain.cli.server import server
from geartrain.cli.worker import worker
from geartrain.configuration.environment import OTHER_VARIABLES, read_environment
from geartrain.configuration.file import ConfigFile, read_options
from geartrain.configuration.kinds import FLAG, SECRET
from geartrain.configuration.option import HasOptions, Option, options_of
from geartrain.engine.endings import ENDING_FIELDS, Ending
from geartrain.engine.records import (
    FAILURE_FIELDS,
    JOB_FIELDS,
    SCHEDULE_FIELDS,
    Failures,
    Field,
    JobRecord,
    ScheduleRecord,
)
from geartrain.server.options import Options as ServerOptions
from geartrain.supervisor.options import WorkerOptions
from tests.support.attributes import attributes
from tests.support.configuration_page import PAGE

ROOT = Path(__file__).parents[2]
PROGRAMS = {ServerOptions: server, WorkerOptions: worker}
VARIABLES = [
    option.variable
    for configured in PROGRAMS
    for option in options_of(configured).values()
]
EVERY = [
    pytest.param(configured, option, id=option.variable)
    for configured in PROGRAMS
    for option in options_of(configured).values()
]

# A value of each option that is not its default, as a flag takes it.
EXAMPLES = {
    "compat": "1.1",
    "durability": "os",
    "exec": "upper=tr a-z A-Z",
    "handle_prefix": "J:here",
    "http": "127.0.0.1:8080",
    "http_trust_proxy": "10.0.0.0/8",
    "listen": "127.0.0.2",
    "liveness_port": "localhost:8080",
    "log_format": "json",
    "log_level": "DEBUG",
    "max_memory": "64M",
    "max_outbox": "64M",
    "max_packet": "64M",
    "modules": "tasks:mail",
    "server": "127.0.0.1:4731",
    "socket_mode": "0600",
    "store": "memory:",
    "timezone": "UTC",
    "tls_minimum": "1.3",
    "admin_listen": "127.0.0.1:4740",
}


def example(option: Option) -> str:
    """Return a value of an option as a text."""
    known = EXAMPLES.get(option.name)
    if known is not None:
        return known
    if option.kind is FLAG:
        return "true" if option.default != "true" else "false"
    if option.kind.metavar in ("PATH", "TEXT"):
        return "/srv/file"
    return "17"


def given_by_flag(configured: type[HasOptions], option: Option, text: str) -> object:
    words = [option.flag, text]
    if option.kind is FLAG:
        words = [option.flag if text == "true" else option.negation]
    elif option.positional:
        words = [text]
    context = PROGRAMS[configured].make_context("program", words)
    return context.params[option.name]


def given_by_file(configured: type[HasOptions], option: Option, text: str) -> object:
    numbers = set(option.kind.types) & {int, float} - {str}
    value: object = text
    if option.kind is FLAG:
        value = text == "true"
    elif numbers and str not in option.kind.types:
        value = int(text)
    tables = {option.table: {option.name: [value] if option.repeats else value}}
    file = ConfigFile(path="geartrain.toml", text="", tables=tables)
    return read_options(file, options_of(configured))[option.name].value


@pytest.mark.parametrize(("configured", "option"), EVERY)
def test_flag_variable_and_file_give_the_same(
    configured: type[HasOptions], option: Option
) -> None:
    if option.name == "user":
        pytest.skip("which accounts there are is the machine's")
    text = example(option)
    environment = {option.variable: text}
    value = read_environment(options_of(configured), environment)[option.name].value
    by_flag = given_by_flag(configured, option, text)
    by_file = given_by_file(configured, option, text)
    if option.name == "modules":
        # Each is an object of its own.
        value, by_flag, by_file = map(str, map(list, (value, by_flag, by_file)))
        assert re.sub("0x[0-9a-f]+", "", by_flag) == re.sub("0x[0-9a-f]+", "", by_file)
        return
    assert value == by_flag == by_file
    assert value != getattr(configured(), option.name)
    if option.kind is not SECRET:
        assert option.show(value) == text


@pytest.mark.parametrize(("configured", "option"), EVERY)
def test_help_and_reference_have_it(
    configured: type[HasOptions], option: Option
) -> None:
    command = PROGRAMS[configured]
    help = command.get_help(click.Context(command, max_content_width=10_000))
    page = PAGE.read_text()
    assert option.metavar in help
    if not option.positional:
        assert option.flag in help
        assert option.help in " ".join(help.split())
    for name in (option.name, option.variable, option.flag):
        assert f"`{name}`" in page or option.positional


@pytest.mark.parametrize(("configured", "option"), EVERY)
def test_its_default_is_one_of_its_values(
    configured: type[HasOptions], option: Option
) -> None:
    default = getattr(configured(), option.name)
    if default not in (None, "", ()):
        assert option.read(option.show(default)) == default


def test_no_two_options_share_a_variable() -> None:
    assert len(VARIABLES) == len(set(VARIABLES))


def test_gearmand_only_renames() -> None:
    options = options_of(ServerOptions)
    renamed = [flag for flag in gearmand.params if flag.name in options]
    assert len(renamed) == 19
    fields = ServerOptions.__dataclass_fields__
    assert DEFAULTS.keys() <= fields.keys()


def test_every_variable_that_is_read_is_known() -> None:
    files = [*ROOT.glob("src/**/*.py"), ROOT / "setup.py", *ROOT.glob("script/*")]
    read = {
        name
        for path in files
        for name in re.findall(r"GEARTRAIN_[A-Z_]*[A-Z]\b(?!\*)", path.read_text())
    }
    known = set(VARIABLES)
    # In texts about what is not read: an image's version, and prefixes.
    others = {"GEARTRAIN_VERSION", "GEARTRAIN_WORKER"}
    assert read - known - others <= OTHER_VARIABLES <= read


def test_the_programs_name_no_option_a_second_time() -> None:
    """A flag is made of its option, never beside it."""
    for name in ("server", "worker"):
        source = (ROOT / f"src/geartrain/cli/{name}.py").read_text()
        calls = [
            each for each in ast.walk(ast.parse(source)) if isinstance(each, ast.Call)
        ]
        made = [each for each in calls if ast.unparse(each.func) == "click.Option"]
        assert made == []


# What a store keeps in a way of its own, or not at all.
BESIDE_THE_TABLE = {
    "number",
    "workload",
    "more",
    "size",
    "timer",
    "serial",
    "queue_key",
    "older",
    "is_doubled",
    "is_tentative",
    "twin",
}


@pytest.mark.parametrize(
    ("record", "fields"),
    [
        (JobRecord(1, b"", b""), JOB_FIELDS),
        (Failures(), FAILURE_FIELDS),
        (ScheduleRecord(1, b"", b""), SCHEDULE_FIELDS),
        (Ending(b"", b"", b"", 0.0), ENDING_FIELDS),
    ],
    ids=["job", "failures", "schedule", "ending"],
)
def test_the_table_of_a_record_has_all_of_its_fields(
    record: object, fields: tuple[Field, ...]
) -> None:
    named = [field.name for field in fields]
    assert len(named) == len(set(named))
    assert set(attributes(record)) - BESIDE_THE_TABLE == set(named) - BESIDE_THE_TABLE


@pytest.mark.parametrize("name", ["reducer", "submitted", "attempts", "crashes"])
def test_stores_export_and_import_name_no_field_that_they_only_pass_on(
    name: str,
) -> None:
    """They follow the tables; that no value is lost is what the contract holds."""
    for path in (ROOT / "src/geartrain/stores").rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        texts = [each.value for each in nodes if isinstance(each, ast.Constant)]
        named = [each.attr for each in nodes if isinstance(each, ast.Attribute)]
        assert name not in [*texts, *named], path
