"""One name, one class: whoever meets a name can tell which file it comes from."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "geartrain"

# The same idea for two faces.
SHARED = {
    "Action": "what an operator can do, or did: on a page, in `top`, in the log",
    "Call": "a request and who waits for its answer: by packets, and by HTTP",
    "Search": "what rows are searched by: in a browser, and in `top`",
    "Page": "what is read at once: by people in a browser, a terminal, by the engine",
    "Selection": "what a bulk order is about: on a command line, and on a page",
    "Link": "a connection to the job server: a client's, and that of the HTTP face",
}


def classes() -> dict[str, list[str]]:
    """Return the modules of each class name."""
    found: dict[str, list[str]] = defaultdict(list)
    for module in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(str(module.relative_to(SOURCE)))
    return found


def parts_of_stores(modules: list[str]) -> bool:
    """Tell whether each store has one of them: they are built alike, part by part."""
    return all(module.startswith("stores/") for module in modules)


def test_no_two_classes_have_one_name() -> None:
    taken = {
        name: where
        for name, where in classes().items()
        if len(where) > 1 and not parts_of_stores(where)
    }
    assert {name: taken[name] for name in taken.keys() - SHARED.keys()} == {}
    assert SHARED.keys() <= taken.keys()
