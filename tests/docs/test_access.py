"""The rules of docs/access.md, its commands, and its table in PROTOCOL.md."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

from geartrain.configuration.file import read_file
from geartrain.engine.commands.permission import NEEDS
from geartrain.engine.model.access import RIGHTS
from geartrain.engine.model.limits import Limits
from geartrain.server.access import read_access
from tests.support.documents import PORT, ROOT, run, running, snippets
from tests.support.http_client import HttpServer
from tests.support.servers import geartrain_command, run_server
from tests.support.waiting import wait_until

DOCUMENT = "docs/access.md"
HTTP_PORT = 4731
# Without the port there is no HTTP, and another server would answer.
READY = f"ready on 127.0.0.1:{PORT}, http://127.0.0.1:{HTTP_PORT}"


def rules_in(folder: Path, environment: dict[str, str]) -> Path:
    """Write the rules of the document, with tokens that its command made."""
    make = snippets(DOCUMENT, "sh")[0]
    rules = snippets(DOCUMENT, "toml")[0]
    for line in run(make, folder, environment).splitlines():
        rules = re.sub(r'token = "sha256:3cf2[0-9a-f]*"', line, rules, count=1)
    file = folder / "geartrain.toml"
    file.write_text(rules)
    return file


def test_the_limits_of_a_principal_are_read(tmp_path: Path) -> None:
    file = tmp_path / "geartrain.toml"
    file.write_text(snippets(DOCUMENT, "toml")[1])
    (web,) = read_access(read_file(str(file)))
    assert web.limits == Limits(500, 2000, 100_000, 2 * 1024**3)


def words(command: str, folder: Path) -> list[str]:
    """Return a command that starts a server, with the files of a folder."""
    files = {"geartrain.toml", "people"}
    given = shlex.split(command)[1:]
    return [str(folder / each) if each in files else each for each in given]


def test_the_ordinary_shop_works(tmp_path: Path, environment: dict[str, str]) -> None:
    file = rules_in(tmp_path, environment)
    principals = {each.name: each for each in read_access(read_file(str(file)))}
    assert set(principals) == {b"web", b"worker", b"ops"}
    _, start, use, _, _ = snippets(DOCUMENT, "sh")
    submit, work, look = use.splitlines()
    command = [*geartrain_command("geartrain"), *words(start, tmp_path)]
    with run_server([*command, "--store", "memory:"], PORT):
        run(submit, tmp_path, environment)
        with running(["bash", "-c", work.removesuffix(" &")], tmp_path, environment):

            def is_done() -> bool:
                row = json.loads(run(f"{look} --json", tmp_path, environment))
                return bool(
                    row["normal"] == 0 and row["running"] == 0 and row["workers"] == 1
                )

            wait_until(is_done)


def test_people_log_in(tmp_path: Path, environment: dict[str, str]) -> None:
    make, start = snippets(DOCUMENT, "sh")[3].splitlines()
    run(make, tmp_path, environment)
    command = [*geartrain_command("geartrain"), *words(start, tmp_path)]
    with run_server([*command, "--store", "memory:"], PORT) as server:
        http = HttpServer(server, HTTP_PORT)
        wait_until(lambda: READY in server.log.read_text(), READY)
        body = json.dumps({"name": "alice", "password": "correct horse battery"})
        headers = {"Content-Type": "application/json"}
        assert http.ask("POST", "/v1/session", body, headers).status == 204
        assert http.get("/v1/functions").status == 401


def test_a_proxy_lets_people_in(tmp_path: Path) -> None:
    start = snippets(DOCUMENT, "sh")[4]
    command = [*geartrain_command("geartrain"), *words(start, tmp_path)]
    with run_server([*command, "--store", "memory:"], PORT) as server:
        http = HttpServer(server, HTTP_PORT)
        wait_until(lambda: READY in server.log.read_text(), READY)
        told = http.ask("GET", "/v1/session", headers={"X-Forwarded-User": "bob"}).json
        assert (told["name"], told["principals"]) == ("bob", ["view"])


def test_the_protocol_has_what_each_command_needs() -> None:
    text = (ROOT / "PROTOCOL.md").read_text().partition("## Who may do what")[2]
    table = text.partition("\n## ")[0]
    told: dict[str, str] = {}
    for line in table.splitlines():
        if line.startswith("| `"):
            these, need = line.strip("|").split("|")
            for name in re.findall(r"`([^`]+)`", these):
                assert name not in told, name
                told[name] = need.partition(";")[0]
    assert set(told) == {name.decode() for name in NEEDS}
    for command, needed in NEEDS.items():
        rights = [RIGHTS[each] for each in needed.rights]
        said = re.findall(rf"`({'|'.join(RIGHTS)})`", told[command.decode()])
        assert said == rights, command


def test_the_document_has_each_right_and_way() -> None:
    document = (ROOT / DOCUMENT).read_text()
    for right in RIGHTS:
        assert f"| `{right}` |" in document
    for key in ("address", "certificate", "token", "user`, `group", "login"):
        assert f"| `{key}` |" in document
