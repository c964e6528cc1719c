"""The programs and commands of docs/flow.md."""

from __future__ import annotations

from pathlib import Path

from geartrain.admin import Admin
from geartrain.worker import Worker
from tests.support.documents import PORT, run, snippets
from tests.support.peers import need
from tests.support.servers import geartrain_command, run_server

PAGE = "docs/flow.md"


def test_limits_as_the_how_to_says(tmp_path: Path, environment: dict[str, str]) -> None:
    need("php", "php-cli php-gearman")
    mail, accounts = snippets(PAGE, "php")
    rate, keys = snippets(PAGE, "toml")
    (tmp_path / "geartrain.toml").write_text(f"{keys}\n{rate}")
    config = ["--config", str(tmp_path / "geartrain.toml"), "--store", "memory:"]
    with run_server([*geartrain_command("geartrain"), "server", *config], PORT):
        for name, program in (("mail", mail), ("accounts", accounts)):
            (tmp_path / f"{name}.php").write_text(program)
            run(f"php {name}.php", tmp_path, environment)
        for commands in snippets(PAGE, "sh"):
            run(commands, tmp_path, environment)
        done: list[bytes] = []
        worker = Worker(f"127.0.0.1:{PORT}")
        worker.register("sync", done.append)
        with Admin(f"127.0.0.1:{PORT}") as admin:
            while len(done) < 4:
                worker.work(timeout=1)
            waiting = {each.function: each.waiting for each in admin.functions()}
        assert done == [b"7", b"8", b"7", b"7"]
        assert waiting["mail.send"] == 200
