"""Count the requests of an access log: ten workers, and programs of the shell.

python -m benchmarks.map_reduce --size 1000000000 --workers 10

Prints a table: seconds, processor time, and the most memory that all processes together
had. Every way has to come to the same counts. The workers, of
``examples/count_requests.py``, and the job server are there before the time begins, as
they are in practice. The file is read once before, so that each finds it in the page
cache.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.access_logs import write_access_log
from benchmarks.errors import BenchmarkError
from benchmarks.servers import cpu_seconds
from geartrain.admin import Admin
from tests.support.servers import geartrain_command, running_geartrain, stop

EXAMPLES: Final = Path(__file__).parents[1] / "examples"
# Seconds between looks at the memory of all processes.
_INTERVAL: Final = 0.1

SHELL: Final = {
    "sort | uniq -c": "cut -d' ' -f7 {log} | sort | uniq -c",
    "sort | uniq -c, LC_ALL=C": "cut -d' ' -f7 {log} | LC_ALL=C sort | uniq -c",
    "awk": "awk '{{n[$7]++}} END {{for (path in n) print n[path], path}}' {log}",
}


@dataclass(frozen=True)
class Figures:
    """What one way took."""

    seconds: float
    cpu: float
    """Seconds of user and system time of all processes, which others do not disturb."""
    peak: int
    """Bytes: the most that its processes had at once, shared pages counted once."""
    counts: dict[bytes, int]


def measure(size: int, workers: int, seed: int) -> dict[str, Figures]:
    """Count the same log in all ways; return the figures of each.

    Raises:
        BenchmarkError: two ways have come to different counts.
    """
    with TemporaryDirectory(dir="/var/tmp") as folder:
        log = Path(folder) / "access.log"
        write_access_log(log, size, seed)
        _read(log)
        found = {name: _shell(line, log) for name, line in SHELL.items()}
        found[f"geartrain, {workers} workers"] = _geartrain(log, workers)
    first = next(iter(found.values()))
    for name, figures in found.items():
        if figures.counts != first.counts:
            raise BenchmarkError(
                f"{name} has counted otherwise than {next(iter(found))}"
            )
    return found


def _read(log: Path) -> None:
    with log.open("rb") as file:
        while file.read(1 << 20):
            pass


def _shell(line: str, log: Path) -> Figures:
    command = ["bash", "-o", "pipefail", "-c", line.format(log=log)]
    return _timed(command, set())


def _geartrain(log: Path, workers: int) -> Figures:
    counting = ["count_requests:counter", "--processes", str(workers)]
    with (
        running_geartrain() as server,
        Admin(server.address) as admin,
        ExitStack() as stack,
    ):
        environment = os.environ | {"GEARMAN_SERVERS": server.address}
        one = stack.enter_context(_worker(["count_requests:splitter"], environment))
        other = stack.enter_context(_worker(counting, environment))
        while sum(each.workers for each in admin.functions()) < workers + 1:
            time.sleep(0.05)
        command = [sys.executable, str(EXAMPLES / "count_requests.py"), str(log)]
        return _timed(command, {server.process.pid, one, other}, environment)


@contextmanager
def _worker(arguments: list[str], environment: dict[str, str]) -> Iterator[int]:
    process = subprocess.Popen(
        [*geartrain_command("geartrain"), "worker", *arguments],
        cwd=EXAMPLES,
        env=environment,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process.pid
    finally:
        stop(process)


def _timed(
    command: list[str],
    parents: set[int],
    environment: dict[str, str] | None = None,
) -> Figures:
    """Run a command; watch the memory of it and of the families of others."""
    began = time.monotonic()
    used = _cpu(parents)
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )
    peaks = [0]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_INTERVAL):
            family = _family(parents | {process.pid})
            peaks.append(sum(map(_proportional_bytes, family)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, _ = process.communicate()
    seconds = time.monotonic() - began
    done.set()
    watcher.join()
    used = _cpu(parents) - used
    if process.returncode:
        raise BenchmarkError(f"{command} has ended with {process.returncode}")
    return Figures(seconds, used, max(peaks), _counts(output))


def _cpu(parents: set[int]) -> float:
    """Return the seconds that families, and all programs that were run, have used."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = children.ru_utime + children.ru_stime
    return ended + sum(map(cpu_seconds, _family(parents)))


def _counts(output: bytes) -> dict[bytes, int]:
    rows = (line.split(None, 1) for line in output.splitlines())
    return {path: int(number) for number, path in rows}


def _family(parents: set[int]) -> set[int]:
    """Return the processes and all that come from them."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            children.setdefault(_parent(int(entry)), []).append(int(entry))
    found: set[int] = set()
    left = list(parents)
    while left:
        pid = left.pop()
        found.add(pid)
        left += children.get(pid, [])
    return found


def _parent(pid: int) -> int:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    return int(stat.rpartition(")")[2].split()[1])


def _proportional_bytes(pid: int) -> int:
    """Return the memory of a process; of shared pages, its part."""
    try:
        told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB$", told, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description="Count the requests of an access log.")
    parser.add_argument("--size", type=int, default=1_000_000_000, help="bytes")
    parser.add_argument("--workers", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    found = measure(given.size, given.workers, given.seed)
    counts = next(iter(found.values())).counts
    print(f"{sum(counts.values()):,} requests of {len(counts):,} paths\n")
    print("| | seconds | CPU seconds | memory at most |\n|---|---|---|---|")
    for name, figures in found.items():
        shown = name.replace("|", r"\|")
        cost = f"{figures.seconds:.1f} | {figures.cpu:.1f}"
        print(f"| `{shown}` | {cost} | {figures.peak / 1e6:,.0f} MB |")


if __name__ == "__main__":
    main()
