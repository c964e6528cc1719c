"""What the job server tells of its options."""

from __future__ import annotations

from pathlib import Path

from geartrain.admin import Admin
from geartrain.configuration.option import options_of
from geartrain.server.options import Options
from geartrain.server.told import told_options
from tests.support.commands import ask
from tests.support.programs import foreground
from tests.support.servers import running_geartrain

COVERS = ("cli/options",)


def test_each_option_is_told_with_its_source() -> None:
    options = Options(port=4731, max_outbox=7, places={"port": "--port"})
    told = {name: (value, source) for name, value, source in told_options(options)}
    assert list(told) == list(options_of(Options))
    assert told["port"] == ("4731", "--port")
    assert told["max_outbox"] == ("7", "program")
    assert told["compat"] == ("2.0", "default")


def test_a_running_server_tells_flags_variables_and_lines_of_the_file(
    tmp_path: Path,
) -> None:
    file = tmp_path / "geartrain.toml"
    file.write_text('[server]\nmax_packet = "64M"\n')
    flags = ("--port", "0", "--config", str(file))
    with (
        foreground(tmp_path, *flags) as server,
        Admin(f"127.0.0.1:{server.port}") as admin,
    ):
        found = {row.option: row for row in admin.options()}
    assert (found["port"].value, found["port"].source) == ("0", "--port")
    assert found["max_packet"].value == "64M"
    assert found["max_packet"].source.endswith("geartrain.toml:2")
    assert found["durability"].source == "default"


def test_the_command_lists_them() -> None:
    with running_geartrain("--max-packet", "8M") as server:
        status, said, error = ask(server, "options", "--filter", "option=max_packet")
    assert (status, error) == (0, "")
    assert said.split()[-3:] == ["max_packet", "8M", "--max-packet"]
