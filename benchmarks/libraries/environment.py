"""The Python environment of the libraries that Geartrain is measured beside."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.errors import BenchmarkError

FOLDER = Path(__file__).parents[2] / ".venv-bench"
PYTHON = FOLDER / "bin" / "python"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
_MADE = FOLDER / "requirements.txt"
"""What was installed: written last, so a broken installation is tried again."""


def is_made() -> bool:
    """Tell whether all that is required has been installed."""
    return _MADE.exists() and _MADE.read_text() == REQUIREMENTS.read_text()


def make() -> None:
    """Make the environment, unless it is there.

    Raises:
        BenchmarkError: it cannot be made; says what pip said.
    """
    if is_made():
        return
    print(f"making {FOLDER.name} with {', '.join(_required())}", file=sys.stderr)
    _run([sys.executable, "-m", "venv", "--clear", str(FOLDER)])
    _run([str(PYTHON), "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS)])
    _MADE.write_text(REQUIREMENTS.read_text())


def _required() -> list[str]:
    lines = REQUIREMENTS.read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchmarkError(
            "the libraries to measure beside cannot be installed; leave them out by "
            f"--servers, or see what `{' '.join(command)}` says:\n{done.stderr}"
        )
