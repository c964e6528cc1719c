"""The house's order: layers, one test file a module, and documented public names."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "geartrain"
TESTS = ROOT / "tests"
MODULES = sorted(SOURCE.rglob("*.py"))


def name(module: Path) -> str:
    """Return a module as ``package/module``."""
    return module.relative_to(SOURCE).with_suffix("").as_posix()


def mirror(module: Path) -> Path:
    return TESTS / module.relative_to(SOURCE).parent / f"test_{module.name}"


def covered() -> dict[str, Path]:
    """Return the modules that test files say they cover beside the one they mirror."""
    found: dict[str, Path] = {}
    for file in TESTS.rglob("test_*.py"):
        stated = re.search(r"^COVERS = (\(.*?\))$", file.read_text(), re.M | re.S)
        if stated:
            found |= dict.fromkeys(ast.literal_eval(stated[1]), file)
    return found


def run_lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the import contracts of the tree in ``folder``."""
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copied_tree(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    ignored = shutil.ignore_patterns("__pycache__", "*.so", "*.egg-info")
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=ignored)
    return tmp_path


def test_the_import_contracts_are_kept() -> None:
    outcome = run_lint_imports(ROOT)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize(
    ("module", "statement", "contract"),
    [
        ("engine/timers.py", "import time", "The core does no I/O"),
        ("protocol/parser.py", "import socket", "The core does no I/O"),
        (
            "protocol/admin.py",
            "import geartrain.engine.timers",
            "Arrows only point",
        ),
        ("engine/model/jobs.py", "import geartrain.server.cron", "Arrows only point"),
        ("transport/address.py", "import geartrain.server.cron", "Arrows only point"),
        (
            "engine/dispatch/turns.py",
            "if TYPE_CHECKING:\n    import geartrain.engine.jobs.life",
            "The engine's floors",
        ),
        (
            "engine/jobs/life.py",
            "import geartrain.engine.jobs.paging",
            "No module of the engine imports",
        ),
    ],
)
def test_an_import_against_the_contracts_is_found(
    copied_tree: Path, module: str, statement: str, contract: str
) -> None:
    with (copied_tree / "src" / "geartrain" / module).open("a") as source:
        source.write(f"\n{statement}\n")
    outcome = run_lint_imports(copied_tree)
    assert outcome.returncode != 0
    broken = [line for line in outcome.stdout.splitlines() if "BROKEN" in line]
    assert any(contract in line for line in broken), outcome.stdout


def test_every_package_has_its_layer() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = config["tool"]["importlinter"]["contracts"]
    layers = contracts[0]["layers"]
    listed = {part.strip() for layer in layers for part in layer.split("|")}
    packages = {
        f"geartrain.{folder.name}"
        for folder in SOURCE.iterdir()
        if (folder / "__init__.py").exists()
    }
    assert packages <= listed


def test_textual_is_imported_by_top_alone() -> None:
    """It takes a fifth of a second and 30 MB, which no other program needs."""
    imports = re.compile(r"^\s*(import|from) textual\b", re.M)
    importing = [name(each) for each in MODULES if imports.search(each.read_text())]
    assert importing
    assert [each for each in importing if not each.startswith("top/")] == []


def test_every_module_has_its_test_file() -> None:
    """A module is tested in its mirrored file, or a test file names it in COVERS."""
    known = covered()
    missing = [
        f"{name(each)} needs {mirror(each).relative_to(ROOT)}, or a test file with it"
        for each in MODULES
        if each.stem != "__init__"
        and not mirror(each).is_file()
        and name(each) not in known
    ]
    assert missing == []


def test_only_modules_without_a_mirrored_test_file_are_covered_elsewhere() -> None:
    modules = {name(module): module for module in MODULES}
    assert set(covered()) <= set(modules)
    assert [each for each in covered() if mirror(modules[each]).is_file()] == []


def test_the_core_is_tested_module_by_module() -> None:
    core = [each for each in covered() if each.startswith(("engine", "protocol"))]
    assert core == []


def definitions(
    body: list[ast.stmt],
) -> list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Return the public functions and classes among some statements.

    Overloads are left out: what they share is documented once.
    """
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [
        each
        for each in body
        if isinstance(each, kinds)
        and not each.name.startswith("_")
        and "overload" not in [ast.unparse(how) for how in each.decorator_list]
    ]


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_every_module_says_what_is_public_and_documents_it(module: Path) -> None:
    tree = ast.parse(module.read_text())
    public = definitions(tree.body)
    parts = module.relative_to(SOURCE.parent).with_suffix("").parts
    loaded = import_module(".".join(parts).removesuffix(".__init__"))
    assert ast.get_docstring(tree)
    assert hasattr(loaded, "__all__") or not public
    for exported in getattr(loaded, "__all__", []):
        assert hasattr(loaded, exported), exported
    for each in public:
        assert ast.get_docstring(each), each.name
        members = definitions(each.body) if isinstance(each, ast.ClassDef) else []
        for member in members:
            assert ast.get_docstring(member), f"{each.name}.{member.name}"
