"""Code that changes takes effect without a moment without workers."""

from __future__ import annotations

import itertools
import signal
import threading
from pathlib import Path

from tests.support.servers import RunningServer
from tests.support.supervised import TASKS, do, exists, running_workers, write_tasks
from tests.support.waiting import wait_until

CHANGED = f"{TASKS}\n@worker.function('version')\ndef version(job):\n    return b'%s'\n"


def test_sighup_brings_changed_code_in(folder: Path, server: RunningServer) -> None:
    write_tasks(folder, CHANGED % "one")
    with running_workers(folder, server, "tasks", "--processes", "2") as workers:
        assert do(server, b"version") == b"one"
        before = workers.pids()
        write_tasks(folder, CHANGED % "second")
        workers.signal(signal.SIGHUP)
        workers.wait_for(": reloaded")
        assert [do(server, b"version") for _ in range(4)] == [b"second"] * 4
        assert len(workers.pids()) == 4
        assert not any(map(exists, before))


def test_there_are_workers_all_through_a_reload(
    folder: Path, server: RunningServer
) -> None:
    counts: list[int] = []
    over = threading.Event()

    def look() -> None:
        with server.connect() as connection, connection.makefile("rwb") as lines:
            while not over.is_set():
                lines.write(b"status\n")
                lines.flush()
                rows = list(itertools.takewhile(lambda row: row != b".\n", lines))
                counts.extend(
                    int(row.split(b"\t")[3]) for row in rows if row.startswith(b"nap\t")
                )

    with running_workers(folder, server, "tasks", "--processes", "2") as workers:
        wait_until(lambda: len(workers.pids()) == 2, "both processes")
        do(server, b"nap", b"0")
        looking = threading.Thread(target=look)
        looking.start()
        workers.signal(signal.SIGHUP)
        workers.wait_for(": reloaded")
        over.set()
        looking.join()
    assert min(counts) >= 1


def test_code_that_cannot_be_loaded_leaves_the_old_at_work(
    folder: Path, server: RunningServer
) -> None:
    with running_workers(folder, server, "tasks") as workers:
        before = do(server, b"pid")
        write_tasks(folder, f"{TASKS}\n1 / 0\n")
        workers.signal(signal.SIGHUP)
        workers.wait_for("not reloaded, the processes go on with the old code")
        assert "tasks cannot be loaded: ZeroDivisionError: division by zero" in (
            workers.log()
        )
        assert do(server, b"pid") == before
        write_tasks(folder)
        workers.signal(signal.SIGHUP)
        workers.wait_for(": reloaded")
        assert do(server, b"pid") != before


def test_a_job_at_hand_is_finished_by_the_old_code(
    folder: Path, server: RunningServer
) -> None:
    results: list[bytes] = []
    with running_workers(folder, server, "tasks") as workers:
        waiting = threading.Thread(
            target=lambda: results.append(do(server, b"nap", b"1.5"))
        )
        waiting.start()
        wait_until(lambda: (folder / "napping").exists(), "the job runs")
        workers.signal(signal.SIGHUP)
        wait_until(lambda: len(workers.pids()) == 2, "the fresh process")
        assert do(server, b"reverse", b"ab") == b"ba"
        assert results == []
        waiting.join()
        assert results == [b"rested"]
        workers.wait_for(": reloaded")


def test_watch_reloads_when_a_module_of_the_user_changes(
    folder: Path, server: RunningServer
) -> None:
    write_tasks(folder, "ANSWER = b'one'\n", "helper")
    text = CHANGED.replace("b'%s'", "helper.ANSWER")
    write_tasks(folder, f"import helper\n{text}")
    with running_workers(folder, server, "tasks", "--watch") as workers:
        assert do(server, b"version") == b"one"
        # Of the same size, within the same second: the bytecode must not be believed.
        write_tasks(folder, "ANSWER = b'two'\n", "helper")
        workers.wait_for("/helper.py changed, reloading")
        workers.wait_for(": reloaded")
        assert do(server, b"version") == b"two"


def test_watch_starts_what_was_broken_once_it_is_mended(
    folder: Path, server: RunningServer
) -> None:
    write_tasks(folder, f"{TASKS}\ndef\n")
    with running_workers(folder, server, "tasks", "--watch", ready=False) as workers:
        workers.wait_for("tasks cannot be loaded: SyntaxError: invalid syntax")
        write_tasks(folder)
        workers.wait_for("tasks can be loaded again")
        assert do(server, b"reverse", b"ab") == b"ba"
        assert workers.log().count("SyntaxError") == 1
