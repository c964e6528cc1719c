"""Standard files that are closed, full, or read by nobody."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from geartrain.transport.standard import StoppedError, write_patiently, write_soon


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_closed_standard_files_are_filled(closed: tuple[int, ...]) -> None:
    shut = " ".join(f"{number}>&-" for number in closed)
    code = (
        "from geartrain.transport.standard import *\n"
        "import os, sys\n"
        "fill_standard_files()\n"
        f"links = [os.readlink(f'/proc/self/fd/{{n}}') for n in {closed}]\n"
        "assert sys.stdin.fileno() == 0\n"
        "print('out', flush=True), print('error', file=sys.stderr, flush=True)\n"
        f"os._exit(7 if links == ['/dev/null'] * {len(closed)} else 1)\n"
    )
    command = f'exec "$0" -c "$1" {shut}'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable, code], timeout=20, check=False
    )
    assert done.returncode == 7


def test_a_pipe_that_nobody_reads_is_given_up() -> None:
    there, here = os.pipe()
    began = time.monotonic()
    try:
        assert write_soon(here, b"x" * 1000, 0.3)
        assert not write_soon(here, b"x" * 1_000_000, 0.3)
        with pytest.raises(StoppedError, match="nobody reads it") as caught:
            write_patiently(here, b"y" * 10, lambda waited: True)
        assert caught.value.left == 10
    finally:
        os.close(there)
        os.close(here)
    assert time.monotonic() - began < 20


def test_a_reader_that_has_gone_and_a_full_disk_are_said() -> None:
    there, here = os.pipe()
    os.close(there)
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        for descriptor, words in ((here, "Broken pipe"), (full, "No space left")):
            assert not write_soon(descriptor, b"x", 1.0)
            with pytest.raises(StoppedError, match=words):
                write_patiently(descriptor, b"x", lambda waited: False)
    finally:
        os.close(here)
        os.close(full)
