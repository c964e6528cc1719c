"""The file and the commands of docs/policies.md."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.support.documents import PORT, run, snippets
from tests.support.servers import run_server


def test_policies_are_set_and_changed(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (file,) = snippets("docs/policies.md", "toml")
    start, change, by_text = snippets("docs/policies.md", "sh")
    config = tmp_path / "geartrain.toml"
    config.write_text(file)
    program, *flags = start.replace(config.name, str(config)).split()
    command = [shutil.which(program, path=environment["PATH"]) or "", *flags]
    with run_server(command, PORT):
        shown = run("geartrain policy preview", tmp_path, environment)
        assert re.search(r"ttl\W+15\b", shown), shown
        run(change, tmp_path, environment)
        changed = run("geartrain policy mail.send", tmp_path, environment)
        assert re.search(r"max_attempts\W+5\b", changed), changed
        assert '"pattern": "mail.*"' in run(by_text, tmp_path, environment)
        changed = run("geartrain policy mail.send", tmp_path, environment)
        assert re.search(r"max_attempts\W+12\b", changed), changed
