"""Every command and snippet in the documents is run here, in their order."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from geartrain.protocol.constants import PacketType
from tests.admin.jobs import fail_all, submit, submit_later
from tests.interop.differential.deviations import DEVIATIONS, Deviation
from tests.support.servers import geartrain_command, run_server, stop

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
PORT = 4730


def snippets(document: str, language: str) -> list[str]:
    """Return a document's fenced snippets in one language, indented ones too."""
    text = (ROOT / document).read_text()
    pattern = rf"^( *)```{language}\n(.*?)^\1```$"
    found = re.finditer(pattern, text, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"(?m)^{match[1]}", "", match[2]) for match in found]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have servers keep jobs below this test's folder, as if nobody ever ran one."""
    folder = tmp_path / "state" / "geartrain"
    monkeypatch.setenv("STATE_DIRECTORY", str(folder))
    return folder


@pytest.fixture
def environment(tmp_path: Path, state: Path) -> dict[str, str]:
    """Put this checkout's programs first in PATH, as after an installation."""
    for program in ("geartrain", "gearmand"):
        launcher = tmp_path / program
        command = " ".join(geartrain_command(program))
        launcher.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        launcher.chmod(0o755)
    return os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}


@pytest.fixture
def server(state: Path) -> Iterator[None]:
    """Run a job server on the port the documents name."""
    with run_server([*geartrain_command("geartrain"), "server"], PORT):
        yield


def run(script: str, folder: Path, environment: dict[str, str]) -> str:
    """Run a shell snippet and return what it prints; it has to succeed."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def running(
    command: list[str], folder: Path, environment: dict[str, str] | None = None
) -> Iterator[None]:
    """Keep a worker running for the length of the block."""
    process = subprocess.Popen(
        command, cwd=folder, env=environment, start_new_session=True
    )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_the_readme_counts_bytes_as_it_says(
    tmp_path: Path, environment: dict[str, str], server: None
) -> None:
    start, try_tests, worker, client, _, look = snippets("README.md", "sh")
    assert (start, try_tests) == ("script/server\n", "script/test\n")
    with running(["bash", "-c", f"exec {worker}"], tmp_path):
        printed = run(client, tmp_path, environment)
    assert printed.startswith("12\n")
    assert printed.endswith("\t1\n.\n")
    assert re.search(r"^count +2 ", run(look, tmp_path, environment), re.MULTILINE)


def test_the_readmes_python_reverses(
    tmp_path: Path, environment: dict[str, str], server: None
) -> None:
    worker, client = snippets("README.md", "python")
    start = snippets("README.md", "sh")[4]
    (tmp_path / "tasks.py").write_text(worker)
    (tmp_path / "client.py").write_text(client)
    with running(["bash", "-c", f"exec {start}"], tmp_path, environment):
        printed = run(f"{sys.executable} client.py", tmp_path, environment)
    result, *handles = printed.splitlines()
    assert result == "!dlroW olleH"
    assert len(set(handles)) == 1000


def test_the_readmes_php_reverses(
    tmp_path: Path, environment: dict[str, str], server: None
) -> None:
    worker, client = snippets("README.md", "php")
    (tmp_path / "worker.php").write_text(worker)
    (tmp_path / "client.php").write_text(client)
    with running(["php", "worker.php"], tmp_path):
        assert run("php client.php", tmp_path, environment) == "!dlroW olleH\n"


def test_gearmand_is_replaced_as_the_how_to_says(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    start, look, end, check = snippets("docs/replace-gearmand.md", "sh")
    run(start, tmp_path, environment)
    pid = int((tmp_path / "gearmand.pid").read_text())
    assert f"\n{pid}\n" in run(look, tmp_path, environment)
    run(end, tmp_path, environment)
    wait_until_gone(tmp_path / "gearmand.pid")
    run(check, tmp_path, environment)


def wait_until_gone(pid_file: Path) -> None:
    deadline = time.monotonic() + 10
    while pid_file.exists():
        assert time.monotonic() < deadline, f"{pid_file} is still there"
        time.sleep(0.02)


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


def test_jobs_are_kept_as_the_how_to_says(
    tmp_path: Path, environment: dict[str, str], state: Path
) -> None:
    plain, named = snippets("docs/durable-jobs.md", "sh")
    # The how-to's path is the system's; here it is below this test's folder.
    named = named.replace("sqlite://", f"sqlite://{tmp_path}")
    for start, file in ((plain, state / "jobs.db"), (named, tmp_path / "srv/jobs")):
        command = start.split()
        command[0] = shutil.which("geartrain", path=environment["PATH"]) or ""
        with run_server(command, PORT) as first:
            run("gearman -b -f count kept", tmp_path, environment)
            first.process.kill()
        assert file.exists()
        with run_server(command, PORT):
            assert "count\t1\t0\t0" in run("gearadmin --status", tmp_path, environment)


def test_jobs_are_seen_and_steered_as_the_how_to_says(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    look, cancel, dead, again, count = snippets("docs/dead-letters.md", "sh")
    (program,) = snippets("docs/dead-letters.md", "python")
    command = [*geartrain_command("geartrain"), "server", "--store", "memory:"]
    with run_server(command, PORT) as server:
        later = submit_later(server, b"resize", 900, b"order-17")
        submit(server, b"resize", b"picture 2")
        listed = run(look, tmp_path, environment)
        assert f"\n{later} " in listed
        assert f"handle      {later}\n" in listed
        assert (tmp_path / "workload").read_text() == "later"
        assert run(cancel, tmp_path, environment) == "1 cancelled\n"
        fail_all(server, b"resize", b"no such picture")
        submit(server, b"resize", b"picture 3")
        fail_all(server, b"resize", b"no such picture")
        # Both snippets are one session: the second uses the first's handle.
        printed = run(f"{dead}\n{again}", tmp_path, environment)
        assert "reason      exception\n" in printed
        assert printed.endswith(
            "workload\n  picture 2\n1 retried\n1 retried\n0 dropped\n"
        )
        fail_all(server, b"resize", b"no such picture")
        counted = run(count, tmp_path, environment).splitlines()
        assert re.match(r"resize +3 +0 ", counted[1])
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        assert len(re.findall(r"exception no such picture\n", done.stdout)) == 2
        assert run("geartrain dead list --json", tmp_path, environment) == ""


def test_programs_are_configured_as_the_reference_says(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (file,) = snippets("docs/configuration.md", "toml")
    (show,) = snippets("docs/configuration.md", "sh")
    shown, mistakes = snippets("docs/configuration.md", "text")
    path = tmp_path / "geartrain.toml"
    path.write_text(file)
    printed = [line.split() for line in run(show, tmp_path, environment).splitlines()]
    assert all(line.split() in printed for line in shown.splitlines())
    worker = run(
        "geartrain worker --config geartrain.toml --show-config", tmp_path, environment
    )
    assert ["processes", "4", "geartrain.toml:8"] in map(str.split, worker.splitlines())

    for line, key, variable in zip(
        mistakes.splitlines(),
        ("max_memry = 1", "max_memory = '2X'", ""),
        ("", "", "7000"),
        strict=True,
    ):
        path.write_text(f"[server]\n\n{key}\n")
        done = subprocess.run(
            ["geartrain", "server", "--config", "geartrain.toml"],
            cwd=tmp_path,
            env=environment | ({"GEARTRAIN_PROT": variable} if variable else {}),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert (done.returncode, done.stderr) == (2, f"{line}\n")


def test_the_store_is_looked_after_as_the_how_to_says(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    # The how-to's paths are the system's; here they are below this test's folder.
    check, compact, copy = (
        snippet.replace("/var/lib/geartrain", str(tmp_path))
        for snippet in snippets("docs/store.md", "sh")
    )
    location = f"sqlite://{tmp_path}/jobs.db"
    command = [*geartrain_command("geartrain"), "server", "--store", location]
    with run_server(command, PORT) as server:
        handle = submit(server, b"resize")
    printed = run(check, tmp_path, environment)
    assert printed.endswith(
        "/jobs.db: 1 jobs, 0 dead letters, 0 recurring jobs, 0 problems\n"
    )
    assert " bytes before, " in run(compact, tmp_path, environment)
    assert run(copy, tmp_path, environment) == "1 imported\n"
    command[-1] = f"sqlite://{tmp_path}/copy.db"
    with run_server(command, PORT):
        assert handle in run("geartrain jobs", tmp_path, environment)


def test_script_server_starts_a_server_and_says_how_to_try_it(
    tmp_path: Path, state: Path
) -> None:
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [ROOT / "script/server", "--port", "0"], stdout=output, stderr=output
        )
    try:
        deadline = time.monotonic() + 50
        while b"ready on 127.0.0.1:" not in log.read_bytes():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
    finally:
        assert stop(process) == 0
    tools = re.findall(
        r"^    (\S+/(?:gearman|gearadmin)) ", log.read_text(), re.MULTILINE
    )
    assert len(tools) == 3
    for tool in tools:
        assert os.access(ROOT / tool, os.X_OK), tool
    assert (state / "jobs.db").exists()


def test_every_snippet_is_run_by_a_test_above() -> None:
    counts = {
        str(document.relative_to(ROOT)): len(
            re.findall(r"^ *```\w+$", document.read_text(), re.MULTILINE)
        )
        for document in DOCUMENTS
    }
    assert {name: count for name, count in counts.items() if count} == {
        "README.md": 10,
        "docs/client.md": 7,
        "docs/configuration.md": 4,
        "docs/dead-letters.md": 6,
        "docs/delayed-jobs.md": 2,
        "docs/durable-jobs.md": 2,
        "docs/import.md": 3,
        "docs/policies.md": 4,
        "docs/replace-gearmand.md": 4,
        "docs/store.md": 3,
        "docs/testing.md": 4,
        "docs/tls.md": 5,
        "docs/tools.md": 5,
        "docs/worker-processes.md": 7,
        "docs/worker.md": 4,
    }


def test_links_lead_somewhere() -> None:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#:]+)[^):]*\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda each: each.name)
def test_protocol_md_lists_the_deviation(deviation: Deviation) -> None:
    cells = (
        f"`{deviation.name}`",
        deviation.gearmand,
        deviation.geartrain,
        deviation.why,
    )
    row = f"| {' | '.join(cells)} |"
    assert row in (ROOT / "PROTOCOL.md").read_text().splitlines()


@pytest.mark.parametrize("packet_type", PacketType, ids=lambda each: each.name)
def test_protocol_md_lists_the_packet_type(packet_type: PacketType) -> None:
    name = "(unused)" if packet_type is PacketType.UNUSED else packet_type.name
    assert f"\n| {int(packet_type)} | {name} | " in (ROOT / "PROTOCOL.md").read_text()


def test_the_tools_that_the_documents_use_are_here() -> None:
    for tool in ("gearman", "gearadmin", "php", "nc"):
        assert shutil.which(tool), f"{tool} is missing: script/test installs it"
