"""Every line that is logged says in one word what happened."""

from __future__ import annotations

import ast
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "geartrain"
METHODS = {"debug", "info", "warning", "error", "critical", "exception", "log"}
LOGGERS = {"_log", "log", "LOG", "startup_log"}


def is_logged(call: ast.Call) -> bool:
    function = call.func
    if not isinstance(function, ast.Attribute) or function.attr not in METHODS:
        return False
    if isinstance(function.value, ast.Name):
        return function.value.id in LOGGERS
    return ast.unparse(function.value).startswith("logging.getLogger")


def has_action(call: ast.Call) -> bool:
    return any(
        keyword.arg == "extra"
        and '"action"' in ast.unparse(keyword.value).replace("'", '"')
        for keyword in call.keywords
    )


def test_each_line_has_an_action() -> None:
    count, without = 0, []
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and is_logged(node):
                count += 1
                if not has_action(node):
                    without.append(f"{file.relative_to(SOURCE)}:{node.lineno}")
    assert without == []
    assert count > 90
