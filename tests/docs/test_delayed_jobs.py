"""The programs and commands of docs/delayed-jobs.md."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.documents import run, snippets


def test_delayed_and_recurring_jobs_as_the_how_to_says(
    tmp_path: Path, environment: dict[str, str], server: None
) -> None:
    (submit,) = snippets("docs/delayed-jobs.md", "python")
    (steer,) = snippets("docs/delayed-jobs.md", "sh")
    done = subprocess.run(
        [sys.executable, "-c", submit], capture_output=True, text=True, check=True
    )
    delayed, recurring = done.stdout.split()
    assert delayed != recurring
    printed = run(steer, tmp_path, environment)
    assert printed.startswith(f"{recurring}\treport\tdaily\t30 7 * * mon-fri\t")
    listing = run("gearadmin --show-jobs", tmp_path, environment)
    assert listing.startswith(f"{delayed}\t")
    assert (
        run(
            "printf 'show schedules\\n' | nc -q 1 127.0.0.1 4730", tmp_path, environment
        )
        == ".\n"
    )
