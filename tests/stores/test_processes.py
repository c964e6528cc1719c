"""Processes of this machine, recognised by others of it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from geartrain.stores.processes import has_died, this_process

# A process of another user, where /proc shows each user its own processes alone.
STRANGER = """
import ctypes, os, sys
from geartrain.stores.processes import has_died, this_process
this_process()  # What it imports may be hidden later.
libc = ctypes.CDLL(None, use_errno=True)
assert libc.unshare(0x00020000) == 0, "mounts of its own"
assert libc.mount(b"none", b"/", None, 0x44000, None) == 0, "private mounts"
assert libc.mount(b"proc", b"/proc", b"proc", 0, b"hidepid=2") == 0, "a new /proc"
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
assert not os.path.exists(f"/proc/{sys.argv[1]}/stat")
print(has_died(sys.argv[2]), has_died(sys.argv[3]))
"""


def ended() -> str:
    """Return a process that has ended."""
    call = "from geartrain.stores.processes import this_process as it\n"
    said = subprocess.run(
        [sys.executable, "-c", f"{call}print(it())"],
        capture_output=True,
        text=True,
        check=True,
    )
    return said.stdout.strip()


def test_a_process_is_known_until_it_ends() -> None:
    assert not has_died(this_process())
    assert has_died(ended())


def test_nobody_knows_of_another_machine() -> None:
    assert not has_died(f"elsewhere pid:[1] {os.getpid()} 1")
    assert not has_died("")


@pytest.mark.skipif(os.getuid() != 0, reason="needs root for a /proc of its own")
def test_one_that_is_hidden_is_not_dead() -> None:
    arguments = [str(os.getpid()), this_process(), ended()]
    said = subprocess.run(
        [sys.executable, "-c", STRANGER, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.stdout.split() == ["False", "True"], said.stderr
