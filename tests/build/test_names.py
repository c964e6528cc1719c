"""One name, one class: a reader who meets a name knows which file it is of."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "geartrain"

# The same idea for two sides of the wire, or for two programs.
SHARED = {
    "AsyncLink": "a connection to one job server: the client's and the worker's",
    "Function": "a function: as the job server and as a worker knows it",
    "Link": "a connection to one job server: the client's and the worker's",
    "Options": "what a program can be told: the server and the worker processes",
}


def classes() -> dict[str, list[str]]:
    """Return the modules of each class name."""
    found: dict[str, list[str]] = defaultdict(list)
    for module in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(str(module.relative_to(SOURCE)))
    return found


def test_no_two_classes_have_one_name() -> None:
    taken = {name: where for name, where in classes().items() if len(where) > 1}
    assert {name: taken[name] for name in taken if name not in SHARED} == {}
