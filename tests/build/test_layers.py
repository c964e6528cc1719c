"""The house's order: layers, one test file a module, and documented public names."""

from __future__ import annotations

import ast
import os
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

# Modules whose work shows only in a running program, by the tests that run it.
TESTED_ELSEWHERE = {
    "_build": "build/test_builds.py",
    "_mypyc": "build/test_builds.py",
    "admin/requests": "admin/test_client.py",
    "cli/bulk": "cli/test_dead.py",
    "cli/common": "cli/test_jobs.py",
    "cli/drop_in": "interop/test_tools_gearadmin.py",
    "cli/functions": "cli/test_status.py",
    "cli/gearadmin": "interop/test_tools_gearadmin.py",
    "cli/gearman": "interop/test_tools_gearman.py",
    "cli/gearman_client": "interop/test_tools_gearman.py",
    "cli/gearmand": "integration/test_gearmand.py",
    "cli/gearmand_config": "cli/test_gearmand_flags.py",
    "cli/import_": "importing/test_import_command.py",
    "cli/main": "cli/test_geartrain_flags.py",
    "cli/program": "cli/test_geartrain_flags.py",
    "cli/server": "integration/test_server_command.py",
    "cli/workers": "cli/test_status.py",
    "client/adding": "client/test_tasks.py",
    "client/aio": "client/test_client.py",
    "client/aio_jobs": "client/test_client.py",
    "client/aio_link": "client/test_losses.py",
    "client/aio_pool": "client/test_losses.py",
    "client/batches": "client/test_client.py",
    "client/bells": "client/test_time_limits.py",
    "client/cancelling": "client/test_client.py",
    "client/connections": "client/test_time_limits.py",
    "client/jobs": "client/test_client.py",
    "client/link": "client/test_losses.py",
    "client/pool": "client/test_losses.py",
    "client/requests": "client/test_client.py",
    "client/sync": "client/test_client.py",
    "client/updates": "client/test_client.py",
    "client/waiting": "client/test_client.py",
    "importing/importer": "importing/test_sqlite.py",
    "importing/locations": "importing/test_import_command.py",
    "importing/memcached": "importing/test_keyed.py",
    "importing/mysql": "importing/test_tables.py",
    "importing/postgresql": "importing/test_tables.py",
    "importing/redis": "importing/test_keyed.py",
    "server/condition": "server/test_persistence.py",
    "server/driver": "integration/test_connections.py",
    "server/memory": "integration/test_memory.py",
    "server/options": "cli/test_geartrain_flags.py",
    "server/server": "integration/test_server_command.py",
    "stores/base": "stores/test_contract.py",
    "stores/maintenance/copies": "stores/maintenance/test_rebuilding.py",
    "stores/maintenance/jobs": "stores/maintenance/test_check.py",
    "stores/maintenance/logs": "stores/maintenance/test_rebuilding.py",
    "stores/maintenance/orphans": "stores/maintenance/test_rebuilding.py",
    "stores/maintenance/queues": "stores/maintenance/test_check.py",
    "stores/maintenance/schedules": "stores/maintenance/test_check.py",
    "stores/memory": "stores/test_contract.py",
    "stores/memory_records": "stores/test_contract.py",
    "stores/sqlite/file": "stores/sqlite/test_disk.py",
    "stores/sqlite/jobs": "stores/test_contract.py",
    "stores/sqlite/lists": "stores/test_contract_lists.py",
    "stores/sqlite/opening": "stores/sqlite/test_store.py",
    "stores/sqlite/pages": "stores/test_contract_pages.py",
    "stores/sqlite/pieces": "stores/test_contract.py",
    "stores/sqlite/queues": "stores/test_contract.py",
    "stores/sqlite/reading": "stores/sqlite/test_damage.py",
    "stores/sqlite/rows": "stores/test_contract.py",
    "stores/sqlite/schedules": "stores/test_contract.py",
    "stores/sqlite/schema": "stores/sqlite/test_store.py",
    "stores/sqlite/session": "stores/sqlite/test_store.py",
    "stores/sqlite/slices": "stores/test_contract_pages.py",
    "stores/sqlite/statements": "stores/test_contract.py",
    "stores/sqlite/twins": "stores/test_contract_keys.py",
    "stores/sqlite/wholeness": "stores/maintenance/test_rebuilding.py",
    "submissions": "client/test_submissions.py",
    "supervisor/child": "supervisor/test_supervisor.py",
    "supervisor/command_worker": "supervisor/test_commands.py",
    "supervisor/pool": "supervisor/test_supervisor.py",
    "supervisor/forks": "supervisor/test_supervisor.py",
    "supervisor/options": "cli/test_worker.py",
    "supervisor/process": "supervisor/test_postmortem.py",
    "testing/awaiting": "testing/test_inline.py",
    "testing/bench": "testing/test_inline.py",
    "testing/clock": "testing/test_server.py",
    "testing/direct": "testing/test_inline.py",
    "testing/driver": "testing/test_server.py",
    "testing/options": "testing/test_server.py",
    "testing/socket": "testing/test_inline.py",
    "testing/thread": "testing/test_server.py",
    "testing/work": "testing/test_server.py",
    "transport/dialling": "client/test_time_limits.py",
    "transport/forks": "client/test_forks.py",
    "worker/aio": "worker/test_stopping.py",
    "worker/aio_calls": "worker/test_jobs.py",
    "worker/aio_links": "worker/test_recovery.py",
    "worker/aio_signals": "worker/test_stopping.py",
    "worker/aio_tasks": "worker/test_outliving.py",
    "worker/asking": "worker/test_jobs.py",
    "worker/calls": "worker/test_jobs.py",
    "worker/keeper": "worker/test_stopping.py",
    "worker/links": "worker/test_recovery.py",
    "worker/log": "worker/test_outliving.py",
    "worker/observer": "worker/test_stopping.py",
    "worker/pump": "worker/test_recovery.py",
    "worker/returns": "worker/test_outliving.py",
    "worker/signals": "worker/test_stopping.py",
    "worker/sync": "worker/test_stopping.py",
}


def name(module: Path) -> str:
    """Return a module as ``package/module``."""
    return module.relative_to(SOURCE).with_suffix("").as_posix()


def mirror(module: Path) -> Path:
    return TESTS / module.relative_to(SOURCE).parent / f"test_{module.name}"


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


@pytest.mark.parametrize(
    "module", [each for each in MODULES if each.stem != "__init__"], ids=name
)
def test_every_module_has_its_test_file(module: Path) -> None:
    elsewhere = TESTED_ELSEWHERE.get(name(module))
    expected = mirror(module) if elsewhere is None else TESTS / elsewhere
    assert expected.is_file(), f"{name(module)} needs {expected.relative_to(ROOT)}"


def test_only_modules_without_a_mirrored_test_file_are_tested_elsewhere() -> None:
    known = {name(module): module for module in MODULES}
    assert set(TESTED_ELSEWHERE) <= set(known)
    doubled = [each for each in TESTED_ELSEWHERE if mirror(known[each]).is_file()]
    assert doubled == []


def test_the_core_is_tested_module_by_module() -> None:
    core = [each for each in TESTED_ELSEWHERE if each.startswith(("engine", "proto"))]
    assert core == []


def written(target: ast.expr) -> str:
    """Return what a statement writes to, as source."""
    return ast.unparse(target) if isinstance(target, ast.Attribute) else ""


@pytest.mark.parametrize(
    "source",
    [
        each
        for each in [*MODULES, *TESTS.rglob("*.py")]
        if not each.is_relative_to(SOURCE / "engine")
    ],
    ids=lambda source: source.relative_to(ROOT).as_posix(),
)
def test_nobody_else_writes_to_the_insides_of_an_engine(source: Path) -> None:
    targets: list[ast.expr] = []
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Assign | ast.Delete):
            targets += node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets.append(node.target)
    inside = ("engine.state.", "engine.memory.", "_memory.")
    assert not [each for each in map(written, targets) if any(map(each.count, inside))]


def definitions(
    body: list[ast.stmt],
) -> list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Return the public functions and classes among some statements."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [
        each
        for each in body
        if isinstance(each, kinds) and not each.name.startswith("_")
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
