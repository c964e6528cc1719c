"""Our ``gearadmin`` does what Debian's does."""

from __future__ import annotations

import pytest

from tests.support.debian_tools import both, ours, told, where
from tests.support.peers import Peers, need, text_command
from tests.support.servers import free_port

COVERS = (
    "cli/drop_in",
    "cli/gearadmin",
)

pytestmark = pytest.mark.interop


@pytest.fixture(scope="session", autouse=True)
def tools_are_here() -> None:
    for tool in ("gearman", "gearadmin"):
        need(tool, "gearman-tools")


WRONG = [
    "",
    "--bogus",
    "-x",
    "-Sx",
    "--Status",
    "--shutdown",
    "--s",
    "--show",
    "--server",
    "--stat=1",
    "--status=",
    "--create-function=",
    "--status --status",
    "-p 1 -p 2 --status",
    "--create-function a --create-function b",
    "--host",
    "-p",
    "--create-function -p",
    "-h -p --status",
    "-p -S --status",
    "-hp 3",
    "-- --status",
    "word",
    "--help --bogus",
]


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_command_line(peers: Peers, line: str) -> None:
    original, mine = both(peers, "gearadmin", *line.split())
    assert original.status == 1
    assert mine == original


@pytest.mark.parametrize("line", ["--help", "--help --status", "--he -h nowhere"])
def test_help(peers: Peers, line: str) -> None:
    original, mine = both(peers, "gearadmin", *line.split())
    assert original.status == 0
    assert mine == original


@pytest.mark.parametrize(
    "line",
    [
        "-h nowhere.invalid --status",
        "-h=127.0.0.1 --status",
        "-h -x --status",
        "-h --status --status",
        "-p notaport --status",
        "--host= --status",
    ],
)
def test_a_job_server_that_is_nowhere(peers: Peers, line: str) -> None:
    original, mine = both(peers, "gearadmin", *line.split())
    assert original.status == 1
    assert mine == original


def test_a_job_server_that_does_not_run(peers: Peers) -> None:
    where = ("-h", "127.0.0.1", "-p", str(free_port()))
    original, mine = both(peers, "gearadmin", *where, "--getpid", "--status")
    assert (original.status, original.out) == (1, b"")
    assert b"Error connecting to 127.0.0.1" in original.err
    assert mine == original


@pytest.mark.parametrize(
    "questions",
    [
        "--status",
        "--stat",
        "--priority-status",
        "--show-jobs",
        "--show-unique-jobs",
        "--getpid",
        "--server-version",
        "--server-verbose",
        "--status word",
        "--status --priority-status --show-unique-jobs --getpid --show-jobs",
        "--drop-function nowhere",
        "--cancel-job H:nobody:1",
        "--create-function two words",
    ],
)
def test_answers(peers: Peers, questions: str) -> None:
    submitter = ("gearman", *where(peers), "-b")
    for function, unique, flag in (
        ("a", "u1", "-I"),
        ("a", "u2", "-L"),
        ("b c", "3", "-n"),
    ):
        peers.run(*submitter, flag, "-f", function, "-u", unique, "work")
    original, mine = both(peers, "gearadmin", *where(peers), *questions.split())
    assert original.status == 0
    assert original.out + original.err
    assert mine == original
    for function in ("a", "b c"):
        worker = ("gearman", *where(peers), "-w", "-f", function)
        peers.run(*worker, "-c", "2" if function == "a" else "1")


def test_every_flag_in_one_run_is_answered_in_the_same_order(peers: Peers) -> None:
    flags = ("--status", "--workers", "--priority-status", "--server-version")
    more = ("--server-verbose", "--show-jobs", "--show-unique-jobs", "--getpid")
    change = ("--create-function=new", "--drop-function=new", "--cancel-job", "H:no:1")
    original, mine = both(peers, "gearadmin", *where(peers), *flags, *more, *change)
    assert original.out.count(b"\n") > 8
    without_number = [
        [line.partition(b" 127.0.0.1 ")[2] or line for line in each.out.splitlines()]
        for each in (original, mine)
    ]
    assert without_number[0] == without_number[1]
    assert (mine.status, mine.err) == (original.status, original.err)


def test_create_drop_and_cancel_change_something(peers: Peers) -> None:
    command = (*ours("gearadmin"), *where(peers))
    assert peers.run(*command, "--create-function", "fresh") == b"OK\n"
    assert "fresh\t0\t0\t0" in text_command(peers.server, "status")
    assert peers.run(*command, "--drop-function", "fresh") == b"OK\n"
    assert "fresh\t0\t0\t0" not in text_command(peers.server, "status")
    peers.run("gearman", *where(peers), "-b", "-f", "cancelled", "work")
    (row,) = text_command(peers.server, "show jobs")
    assert peers.run(*command, "--cancel-job", row.partition("\t")[0]) == b"OK\n"
    peers.run("gearman", *where(peers), "-w", "-f", "cancelled", "-c", "1", "-t", "50")
    assert text_command(peers.server, "show jobs") == []


def test_a_long_answer_is_not_cut(peers: Peers) -> None:
    # Debian's reads until 5 ms pass in which nothing comes.
    names = [f"function-{number:05}" for number in range(3000)]
    ask_all(peers, [f"create function {name}" for name in names])
    out = peers.run(*ours("gearadmin"), *where(peers), "--status").decode()
    ask_all(peers, [f"drop function {name}" for name in names])
    assert out.splitlines()[-1] == "."
    assert set(names) <= {row.partition("\t")[0] for row in out.splitlines()}


def ask_all(peers: Peers, commands: list[str]) -> None:
    """Send commands that are answered by a line each, and wait for the answers."""
    with peers.server.connect() as connection, connection.makefile("rb") as answers:
        connection.sendall("".join(f"{each}\r\n" for each in commands).encode())
        assert {answers.readline() for _ in commands} == {b"OK\r\n"}


def test_the_arguments_stay_on_one_line(peers: Peers) -> None:
    command = (*ours("gearadmin"), *where(peers), "--cancel-job", "H:x:1\nshutdown")
    refused = told(peers.start(*command))
    assert (refused.status, refused.out) == (1, b"")
    assert b"line break" in refused.err


@pytest.mark.parametrize("name", ["GEARMAN_SERVER", "GEARMAN_SERVERS"])
def test_the_environment_names_no_job_server(peers: Peers, name: str) -> None:
    nowhere = {name: f"127.0.0.1:{free_port()}"}
    arguments = (*where(peers), "--getpid")
    original, mine = both(peers, "gearadmin", *arguments, environment=nowhere)
    assert (mine.status, mine.out.strip().isdigit()) == (0, True)
    assert mine == original
    here = {name: peers.server.address}
    arguments = ("-p", str(free_port()), "--getpid")
    original, mine = both(peers, "gearadmin", *arguments, environment=here)
    assert (original.status, mine.status) == (1, 1)
