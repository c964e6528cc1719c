"""Our ``gearman`` does what Debian's does."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from tests.support.debian_tools import Told, both, ours, told, where
from tests.support.peers import Peer, Peers, function_status, need, text_command
from tests.support.servers import free_port
from tests.support.waiting import wait_until

COVERS = (
    "cli/gearman",
    "cli/gearman_client",
)

pytestmark = pytest.mark.interop

TOOLS = {"debian": ("/usr/bin/gearman",), "ours": ours("gearman")}

TELLER = """
import sys
from geartrain import Worker

worker = Worker(sys.argv[1])

@worker.function("tell")
def tell(job):
    job.send_status(1, 3)
    job.send_warning("careful\\n")
    job.send_data("a piece\\n")
    if job.workload == b"raise\\n":
        job.send_exception("it broke")
    elif job.workload == b"fail\\n":
        job.send_fail()
    return job.workload

worker.run()
"""


@pytest.fixture(scope="session", autouse=True)
def tools_are_here() -> None:
    need("gearman", "gearman-tools")


@pytest.fixture(params=TOOLS)
def tool(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Return the command of Debian's tool, then of ours."""
    return TOOLS[request.param]


def debians_worker(peers: Peers, function: str, *command: str) -> Peer:
    line = ("gearman", "-w", *where(peers), "-f", function, "--", *command)
    return peers.worker(*line, function=function)


def teller(peers: Peers) -> Peer:
    command = (sys.executable, "-c", TELLER, peers.server.address)
    return peers.worker(*command, function="tell")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "-x",
        "-f",
        "-H",
        "-Z -H",
        "-f a -H",
        "-f a -H -b -v",
        "-f a -t",
        "-f a -N -Z",
        "-f a -Z -H",
        "-fa -bw -t",
        "-w -c 1",
        "--help",
        "-f a --version",
        "-w -f a cat -A",
    ],
)
def test_a_wrong_command_line_and_help(peers: Peers, line: str) -> None:
    original, mine = both(peers, "gearman", *line.split())
    assert original.out + original.err
    assert mine == original


@pytest.mark.parametrize(
    "line",
    [
        "-f up hello",
        "-f up -s",
        "-f up",
        "-f up -n",
        "-f up -N",
        "-f up -P one two",
        "-f up -I one -L",
        "-P -f bad work",
        "-f bad one two",
        "-fup -- -x -y",
        "-f up one -P two",
        "-b -v -f nobody -u same one two",
    ],
)
def test_a_client(peers: Peers, line: str) -> None:
    debians_worker(peers, "up", "tr", "a-z", "A-Z")
    debians_worker(peers, "bad", "sh", "-c", "echo partial; exit 3")
    arguments = (*where(peers), *line.split())
    original, mine = both(peers, "gearman", *arguments, stdin=b"l1\nl2\nl3\n")
    assert mine == original
    if "nobody" in line:
        assert peers.run("gearman", *where(peers), "-w", "-f", "nobody", "-c", "1")


def test_a_job_failed_means_status_1(peers: Peers) -> None:
    debians_worker(peers, "bad", "sh", "-c", "echo partial; exit 3")
    original, mine = both(peers, "gearman", *where(peers), "-f", "bad", "work")
    assert original == Told(1, b"partial\n", b"Job failed\n")
    assert mine == original


@pytest.mark.parametrize("flags", ["", "-P", "-v", "-v -P"])
@pytest.mark.parametrize("workload", ["succeed\n", "fail\n"])
def test_all_that_a_worker_tells(peers: Peers, flags: str, workload: str) -> None:
    teller(peers)
    arguments = (*where(peers), "-f", "tell", *flags.split(), workload)
    original, mine = both(peers, "gearman", *arguments)
    assert b"33% Complete\n" in original.out
    # Without a terminal Debian's holds the lines it formats until its end.
    assert (mine.status, mine.err) == (original.status, original.err)
    assert len(mine.out) == len(original.out)
    assert sorted(mine.out.splitlines()) == sorted(original.out.splitlines())


def test_an_exception_is_told_and_is_a_failure(peers: Peers) -> None:
    # Debian's is told nothing of it by gearmand, and waits for ever.
    teller(peers)
    client = peers.start(*ours("gearman"), *where(peers), "-f", "tell", "raise\n")
    said = Told(1, b"33% Complete\na piece\n", b"careful\nit broke\nJob failed\n")
    assert told(client) == said


def test_a_binary_workload(peers: Peers) -> None:
    debians_worker(peers, "same", "cat")
    workload = bytes(range(256)) * 100
    original, mine = both(peers, "gearman", *where(peers), "-f", "same", stdin=workload)
    assert mine == original == Told(0, workload, b"")


def test_nobody_does_it_in_time(peers: Peers) -> None:
    arguments = (*where(peers), "-f", "nobody", "-t", "150", "-s")
    original, mine = both(peers, "gearman", *arguments)
    assert original.status == 0
    assert b"GEARMAN_TIMEOUT" in original.err
    assert mine == original
    # A job of Debian's stays, and belongs to nobody, until a worker comes for it.
    worker = ("gearman", *where(peers), "-w", "-f", "nobody", "-c", "1", "-t", "50")
    peers.run(*worker)


@pytest.mark.parametrize("mode", ["", "-b", "-w -c 1", "-w -c 2"])
def test_no_job_server_runs(peers: Peers, mode: str) -> None:
    nowhere = ("-h", "127.0.0.1", "-p", str(free_port()))
    arguments = (*nowhere, *mode.split(), "-f", "any")
    if not mode.startswith("-w"):
        arguments = (*arguments, "one", "two")
    original, mine = both(peers, "gearman", *arguments)
    assert original.status == 0
    assert b"GEARMAN_COULD_NOT_CONNECT" in original.err
    assert mine == original


@pytest.mark.parametrize("mode", ["", "-w"])
def test_no_such_host(peers: Peers, mode: str) -> None:
    arguments = ("-h", "nowhere.invalid", *mode.split(), "-f", "any", "-c", "1", "x")
    original, mine = both(peers, "gearman", *arguments)
    assert original.err.count(b"\n") == 1
    assert mine == original


def test_servers_by_environment(peers: Peers) -> None:
    debians_worker(peers, "up", "tr", "a-z", "A-Z")
    for name in ("GEARMAN_SERVER", "GEARMAN_SERVERS"):
        environment = {name: peers.server.address}
        client = (*ours("gearman"), "-f", "up", "abc")
        assert peers.run(*client, environment=environment) == b"ABC"


def test_a_dead_first_server_is_passed_over(peers: Peers) -> None:
    debians_worker(peers, "up", "tr", "a-z", "A-Z")
    servers = f"127.0.0.1:{free_port()},{peers.server.address}"
    client = peers.start(
        *ours("gearman"), "-f", "up", "abc", environment={"GEARMAN_SERVER": servers}
    )
    assert told(client) == Told(0, b"ABC", b"")


@pytest.mark.parametrize(
    ("command", "out", "status"),
    [
        ([], b"", 0),
        (["--", "tr", "a-z", "A-Z"], b"WORK", 0),
        (["--", "true"], b"", 0),
        (["--", "head", "-c", "1"], b"w", 0),
        (["--", "false"], b"", 1),
        (["--", "sh", "-c", "echo partial; exit 3"], b"partial\n", 1),
        (["-n", "--", "true"], b"", 0),
        (["-N", "--", "printf", "one line\n"], b"one line", 0),
        (["-n", "--", "sh", "-c", "echo line; exit 1"], b"line\n", 1),
    ],
)
def test_a_worker(
    peers: Peers, tool: tuple[str, ...], command: list[str], out: bytes, status: int
) -> None:
    worker = peers.worker(
        *tool, "-w", *where(peers), "-f", "do", "-c", "1", *command, function="do"
    )
    client = peers.start("/usr/bin/gearman", *where(peers), "-f", "do", "work")
    assert told(client)[:2] == (status, out)
    assert worker.finish() == (b"" if command else b"work")


def test_each_line_is_sent_once_as_it_comes(peers: Peers, tmp_path: Path) -> None:
    # Debian's sends all lines so far with each.
    go_on = tmp_path / "go"
    script = f"echo one; while [ ! -e {go_on} ]; do sleep 0.02; done; printf two"
    command = (*ours("gearman"), "-w", *where(peers), "-f", "say", "-n", "-c", "1")
    peers.worker(*command, "--", "sh", "-c", script, function="say")
    client = peers.start("/usr/bin/gearman", *where(peers), "-f", "say", "-s")
    client.says(b"one\n")
    assert client.output == b"one\n"
    go_on.touch()
    assert client.finish() == b"one\ntwo"


@pytest.mark.parametrize(
    "command", [["no-such-command"], ["sh", "-c", "cat; kill -9 $$"]]
)
def test_a_command_that_did_not_end_well_is_no_success(
    peers: Peers, command: list[str]
) -> None:
    # To Debian's both are.
    line = (*ours("gearman"), "-w", *where(peers), "-f", "do", "-c", "1", "--")
    worker = peers.worker(*line, *command, function="do")
    client = peers.start("/usr/bin/gearman", *where(peers), "-f", "do", "work")
    assert told(client).status == 1
    worker.finish()
    assert b"no-such-command" in worker.err.read_bytes() or b"signal 9" in (
        worker.err.read_bytes()
    )


def test_a_large_workload_that_the_command_does_not_read(peers: Peers) -> None:
    line = (*ours("gearman"), "-w", *where(peers), "-f", "do", "-n", "-c", "1", "--")
    peers.worker(*line, "echo", "done", function="do")
    client = (*ours("gearman"), *where(peers), "-f", "do")
    assert peers.run(*client, stdin=bytes(10_000_000)) == b"done\n"


def test_a_worker_of_several_functions_ends_after_its_count(peers: Peers) -> None:
    line = (*ours("gearman"), "-w", *where(peers), "-f", "one", "-f", "two", "-c", "2")
    worker = peers.worker(*line, "--", "cat", function="two")
    for function in ("one", "two"):
        client = (*ours("gearman"), *where(peers), "-f", function, function)
        assert peers.run(*client) == function.encode()
    worker.finish()


def test_a_timeout_counts_as_a_job(peers: Peers) -> None:
    arguments = ("-w", *where(peers), "-f", "idle", "-c", "2", "-t", "100")
    original, mine = both(peers, "gearman", *arguments)
    assert original.err.count(b"GEARMAN_TIMEOUT") == 2
    assert mine == original


def test_sigterm_lets_the_job_at_hand_end(peers: Peers, tmp_path: Path) -> None:
    begun, go_on, pid_file = tmp_path / "begun", tmp_path / "go", tmp_path / "pid"
    script = f"touch {begun}; while [ ! -e {go_on} ]; do sleep 0.02; done; echo done"
    command = (*ours("gearman"), "-w", *where(peers), "-f", "slow", "-i", str(pid_file))
    worker = peers.worker(*command, "--", "sh", "-c", script, function="slow")
    assert pid_file.read_text() == f"{worker.process.pid}\n"
    client = peers.start("/usr/bin/gearman", *where(peers), "-f", "slow", "-s")
    wait_until(begun.exists, "the job has begun")
    worker.process.send_signal(signal.SIGTERM)
    go_on.touch()
    assert client.finish() == b"done\n"
    worker.finish(-signal.SIGTERM)
    assert not pid_file.exists()


def test_sigterm_ends_an_idle_worker_and_a_client(peers: Peers, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    line = (*ours("gearman"), *where(peers), "-f", "idle", "-i", str(pid_file))
    worker = peers.worker(*line, "-w", function="idle")
    worker.stop()
    assert worker.process.returncode == -signal.SIGTERM
    assert not pid_file.exists()
    client = peers.start(*line, "work")
    wait_until(lambda: function_status(peers.server, "idle").total, "the job is there")
    client.stop()
    assert client.process.returncode == -signal.SIGTERM
    assert not pid_file.exists()


def test_a_daemon_leaves_the_terminal(peers: Peers, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    command = (*ours("gearman"), "-d", "-w", *where(peers), "-f", "up", "-c", "1")
    assert peers.run(*command, "-i", str(pid_file), "--", "tr", "a-z", "A-Z") == b""
    wait_until(lambda: function_status(peers.server, "up").workers, "the daemon works")
    assert pid_file.read_text().strip().isdigit()
    assert peers.run("/usr/bin/gearman", *where(peers), "-f", "up", "abc") == b"ABC"
    wait_until(lambda: not pid_file.exists(), "the daemon has ended")


def test_equal_uniques_are_one_job_with_debians(peers: Peers) -> None:
    line = (*where(peers), "-b", "-v", "-f", "once", "-u", "#", "hello")
    created = {peers.run(*TOOLS[name], *line) for name in TOOLS}
    assert len(created) == 1
    assert text_command(peers.server, "show unique jobs") == ["1067880409"]
    peers.run("/usr/bin/gearman", *where(peers), "-w", "-f", "once", "-c", "1")
