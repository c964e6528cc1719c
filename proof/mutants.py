"""Break the core in one place at a time, and see whether its tests notice.

Each mutant turns one comparison, sign, truth value or number of ``engine`` and
``protocol`` into another. The tests of its module are run first, then all of the
core's. What survives is printed with its place: either it changes nothing that
matters, or a test is missing.

Written by hand because it is a hundred lines: the known tools rewrite the whole
package, which hides it from the switch between the compiled and the pure build, and
run all mutants of a file, where a sample over all files is wanted.
"""

from __future__ import annotations

import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "geartrain"
CORE = ("tests/engine", "tests/protocol", "tests/properties")
# Seconds for all tests of the core, after which a mutant has hung them.
PATIENCE = 900

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
SIGNS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
}


def changed(node: ast.AST) -> bool:
    """Change what a node means; return False for a node of no kind that is changed."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        node.ops[0] = COMPARISONS[type(node.ops[0])]()
    elif isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in SIGNS:
        node.op = SIGNS[type(node.op)]()
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        # Twice not is as true as the value itself.
        node.operand = ast.UnaryOp(ast.Not(), node.operand)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        node.value = not node.value
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        node.value += 1
    else:
        return False
    return True


def places(tree: ast.Module) -> list[ast.AST]:
    """Return the nodes of functions that can be changed, in a fixed order."""
    bodies = [
        statement
        for each in ast.walk(tree)
        if isinstance(each, ast.FunctionDef)
        for statement in each.body
    ]
    found = dict.fromkeys(node for body in bodies for node in ast.walk(body))
    return [node for node in found if changed(copy.deepcopy(node))]


def mutant(module: Path, number: int) -> tuple[str, str]:
    """Return the source of a mutant, and what it changes where."""
    tree = ast.parse(module.read_text())
    node = places(tree)[number]
    before = ast.unparse(node)
    changed(node)
    line = getattr(node, "lineno", 0)
    return ast.unparse(tree), f"{line}: {before} becomes {ast.unparse(node)}"


def is_killed(source: Path, module: Path) -> bool:
    """Run the tests of a module, then all of the core's; tell whether one failed."""
    inside = module.relative_to(PACKAGE)
    mirrored = ROOT / "tests" / inside.parent / f"test_{inside.name}"
    return any(_fails(source, paths) for paths in ([str(mirrored)], list(CORE)))


def _fails(source: Path, paths: list[str]) -> bool:
    try:
        outcome = subprocess.run(
            [sys.executable, "-m", "pytest", "-qx", "-p", "no:cacheprovider", *paths],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(source), "GEARTRAIN_PURE": "1"},
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True
    # 4 and 5 are pytest's words for nothing to run.
    return outcome.returncode not in (0, 4, 5)


def chosen(only: str, count: int, seed: int) -> list[tuple[Path, int]]:
    """Return a sample of all mutants, as modules and numbers."""
    known = [
        (module, number)
        for package in ("engine", "protocol")
        for module in sorted((PACKAGE / package).rglob("*.py"))
        if only in module.relative_to(PACKAGE).as_posix()
        for number in range(len(places(ast.parse(module.read_text()))))
    ]
    return random.Random(seed).sample(known, min(count, len(known)))


@click.command()
@click.option("--count", default=143, show_default=True, help="How many mutants.")
@click.option("--seed", default=1, show_default=True, help="Which of them.")
@click.option("--only", default="", help="Only modules with this in their path.")
def main(count: int, seed: int, only: str) -> None:
    """Print the mutants of the core that its tests do not notice."""
    sample = chosen(only, count, seed)
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder)
        ignored = shutil.ignore_patterns("*.so", "__pycache__")
        shutil.copytree(ROOT / "src", source, dirs_exist_ok=True, ignore=ignored)
        for module, number in sample:
            place = source / "geartrain" / module.relative_to(PACKAGE)
            text, change = mutant(module, number)
            place.write_text(text)
            if not is_killed(source, module):
                survivors += 1
                click.echo(f"{module.relative_to(ROOT)}:{change}")
            place.write_text(module.read_text())
    click.echo(f"{len(sample) - survivors} of {len(sample)} mutants were killed")


if __name__ == "__main__":
    main()
