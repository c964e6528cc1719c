"""All about one job: what people see of it and of its workload."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from geartrain.admin import JobRow
from geartrain.cli.details import job_object, named, write_jobs
from geartrain.cli.times import local
from geartrain.errors import AdminError
from tests.admin.test_rows import JOB


def row(**changes: Any) -> JobRow:
    """Return a row that is like any other but for some changes."""
    return JobRow(**{**JOB, **changes})


def shown(capsys: pytest.CaptureFixture[str], *rows: JobRow) -> list[str]:
    write_jobs(list(rows), time.time(), workload=False, as_json=False)
    return capsys.readouterr().out.splitlines()


def test_what_is_known_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    now = time.time()
    lines = shown(
        capsys,
        row(
            submitted=now - 200,
            due=now + 3605,
            worker="mailer 10.0.0.1",
            error="no route\nto host",
            workload=b"to: me",
        ),
    )
    assert lines == [
        "handle      H:here:1",
        "function    resize",
        "unique",
        "state       ready",
        "priority    high",
        "background  yes",
        f"submitted   {local(now - 200)} (3m 20s ago)",
        f"due         {local(now + 3605)} (in 1h 0m)",
        "worker      mailer 10.0.0.1",
        "attempts    2 failed",
        "crashes     1",
        "reason      fail",
        "size        4 bytes",
        "error",
        "  no route",
        "  to host",
        "workload",
        "  to: me",
    ]


def test_what_is_not_known_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    labels = [line.split()[0] for line in shown(capsys, row(reason=None))]
    assert "due" not in labels
    assert "worker" not in labels
    assert "reason" not in labels
    assert "error" not in labels
    assert "workload" not in labels


def test_several_jobs_are_parted(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, row(), row(handle="H:here:2"))
    assert lines.count("") == 1
    assert lines[lines.index("") + 1] == "handle      H:here:2"


def test_names_and_errors_cannot_steer_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = "\n".join(shown(capsys, row(function="\x1b[2J", error="\udcff\x1b[2J")))
    assert "\x1b" not in text
    assert "function    \\x1b[2J" in text
    assert "  \\xff\\x1b[2J" in text


def test_other_bytes_are_dumped(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, row(workload=b"\xff\0A" + bytes(range(20))))
    assert lines[-2:] == [
        "  0000  ff 00 41 00 01 02 03 04 05 06 07 08 09 0a 0b 0c  ..A.............",
        "  0010  0d 0e 0f 10 11 12 13                             .......",
    ]


def test_text_with_control_characters_is_dumped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert shown(capsys, row(workload=b"\x1b[2J"))[-1].endswith(".[2J")


def test_a_large_dump_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, row(workload=b"\xff" * 100_000))
    assert lines[-1] == "  … 100000 bytes in all: --workload writes them"
    assert len(lines) < 40


def test_long_text_is_whole_where_no_terminal_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = "größe\n" * 10_000
    assert shown(capsys, row(workload=text.encode())).count("  größe") == 10_000


@pytest.mark.parametrize("workload", [b"", b"text", b"\xff\0", "größe".encode()])
def test_json_is_what_the_job_server_writes(workload: bytes) -> None:
    values = job_object(row(workload=workload))
    assert {name: values[name] for name in JOB} == JOB
    json.dumps(values)
    is_text = workload != b"\xff\0"
    assert values["encoding"] == ("utf-8" if is_text else "base64")
    assert "encoding" not in job_object(row())


def test_a_workload_is_written_as_it_is(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    write_jobs([row(workload=b"\xff\r\n\0")], time.time(), workload=True, as_json=False)
    assert capfdbinary.readouterr().out == b"\xff\r\n\0"


def test_of_several_workloads_none_is_written(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    rows = [row(workload=b"1"), row(handle="H:here:2", function="mail", workload=b"2")]
    assert named(rows) == "2 jobs: H:here:1 (resize), H:here:2 (mail)"
    with pytest.raises(AdminError, match="that is the unique of 2 jobs: H:here:1"):
        write_jobs(rows, 0.0, workload=True, as_json=False)
    assert capfdbinary.readouterr().out == b""
