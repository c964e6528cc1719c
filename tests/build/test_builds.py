"""Both builds of the core: which one is running, and what a build says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import geartrain

COVERS = (
    "_build",
    "_mypyc",
)

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "geartrain"

# Prints the build, and the file of every module of the core.
REPORT = """
import importlib, pathlib, geartrain
print(geartrain.core_build())
root = pathlib.Path(geartrain.__file__).parent
for folder in ("protocol", "engine"):
    for path in sorted((root / folder).rglob("*.py")):
        parts = ("geartrain", *path.relative_to(root).with_suffix("").parts)
        name = ".".join(parts).removesuffix(".__init__")
        print(importlib.import_module(name).__file__)
"""


def report(source: Path, pure: str | None) -> tuple[str, list[Path]]:
    """Return the build that ``source`` runs as, and the files of its core."""
    environment = {**os.environ, "PYTHONPATH": str(source)}
    environment.pop("GEARTRAIN_PURE", None)
    if pure is not None:
        environment["GEARTRAIN_PURE"] = pure
    outcome = subprocess.run(
        [sys.executable, "-c", REPORT],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    build, *files = outcome.stdout.splitlines()
    return build, [Path(file) for file in files]


def is_compiled() -> bool:
    """Tell whether this checkout's core has been compiled."""
    return any(SOURCE.joinpath("protocol").glob("parser.*.so"))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what a build needs, with nothing compiled in it."""
    for file in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, tmp_path)
    ignored = shutil.ignore_patterns("__pycache__", "*.so", "*.egg-info")
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=ignored)
    return tmp_path


def build(tree: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Build the tree into its folder ``lib``."""
    inherited = {
        key: value
        for key, value in os.environ.items()
        if key not in ("GEARTRAIN_PURE", "CC", "PYTHONPATH")
    }
    return subprocess.run(
        [sys.executable, "setup.py", "-q", "build", "--build-lib", "lib"],
        cwd=tree,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_environment_can_force_the_pure_build() -> None:
    kind, files = report(ROOT / "src", "1")
    assert kind == "pure"
    assert {file.suffix for file in files} == {".py"}
    core = [SOURCE / "protocol", SOURCE / "engine"]
    assert files == [path for each in core for path in sorted(each.rglob("*.py"))]


@pytest.mark.parametrize("pure", [None, "", "0"])
def test_otherwise_the_compiled_build_runs_where_there_is_one(pure: str | None) -> None:
    kind, files = report(ROOT / "src", pure)
    expected = ("compiled", ".so") if is_compiled() else ("pure", ".py")
    assert (kind, files[0].suffix) == expected
    assert {file.suffix for file in files} == {expected[1]}


def test_this_very_run_is_of_the_build_that_was_asked_for() -> None:
    is_pure = os.environ.get("GEARTRAIN_PURE") == "1" or not is_compiled()
    assert geartrain.core_build() == ("pure" if is_pure else "compiled")


def test_a_build_told_to_be_pure_says_so(tree: Path) -> None:
    outcome = build(tree, GEARTRAIN_PURE="1")
    assert outcome.returncode == 0, outcome.stderr
    said = "geartrain: building the pure-Python core: GEARTRAIN_PURE=1 is set"
    assert said in outcome.stderr.splitlines()
    assert report(tree / "lib", None)[0] == "pure"


def test_a_build_without_a_compiler_falls_back_and_says_why(tree: Path) -> None:
    outcome = build(tree, CC="/nonexistent")
    assert outcome.returncode == 0, outcome.stderr
    said = (
        "geartrain: building the pure-Python core: "
        "no C compiler (/nonexistent) was found"
    )
    assert said in outcome.stderr.splitlines()
    kind, files = report(tree / "lib", None)
    assert kind == "pure"
    assert all(file.is_relative_to(tree / "lib") for file in files)


def test_a_pure_build_holds_every_module_and_the_type_marker(tree: Path) -> None:
    assert build(tree, GEARTRAIN_PURE="1").returncode == 0
    expected = {path.relative_to(SOURCE) for path in SOURCE.rglob("*.py")}
    expected.add(Path("py.typed"))
    library = tree / "lib" / "geartrain"
    found = {path.relative_to(library) for path in library.rglob("*.*")}
    assert expected <= found
    assert not [path for path in found if path.suffix == ".so"]
