"""The programs and tests of docs/testing.md are run as it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.documents import snippets
from tests.testing.test_pytest_plugin import flags

NAMES = ("shop.py", "test_shop.py", "test_worker.py", "test_both.py")


def test_a_program_is_tested_as_the_how_to_says(tmp_path: Path) -> None:
    programs = snippets("docs/testing.md", "python")
    for name, program in zip(NAMES, programs, strict=True):
        (tmp_path / name).write_text(program)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *flags(), "--rootdir", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert " 4 passed" in done.stdout, done.stdout + done.stderr
