"""The log: levels, formats, files, rotation, the system's log."""

from __future__ import annotations

import logging
import re
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from geartrain.errors import StartError
from geartrain.server.logs import (
    LEVELS,
    NOTICE,
    GearmandFormatter,
    Logs,
    LogTarget,
    PlainFormatter,
    flush_logs,
    open_logs,
    startup_log,
)

OpenLogs = Callable[[LogTarget], Logs]

log = logging.getLogger("geartrain.server")


@pytest.fixture
def opened() -> Iterator[OpenLogs]:
    """Open logs that are closed, and the levels put back, after the test."""
    root = logging.getLogger()
    before = (root.level, startup_log.level, logging.raiseExceptions)
    open_now: list[Logs] = []

    def opening(target: LogTarget) -> Logs:
        open_now.append(open_logs(target))
        return open_now[-1]

    yield opening
    for logs in open_now:
        logs.close()
    root.setLevel(before[0])
    startup_log.setLevel(before[1])
    logging.raiseExceptions = before[2]


def said(path: Path) -> str:
    """Return what the log has in a file, once all that was logged is in it."""
    flush_logs()
    return path.read_text()


def to_file(path: Path, level: str = "INFO") -> LogTarget:
    return LogTarget(file=str(path), level=level, formatter=GearmandFormatter())


def test_a_line_looks_like_the_originals(tmp_path: Path, opened: OpenLogs) -> None:
    opened(to_file(tmp_path / "log"))
    log.error("no %s", "room")
    log.log(NOTICE, "accepted,reverse,-,0")
    lines = said(tmp_path / "log").splitlines()
    when = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}"
    assert re.fullmatch(rf"  ERROR {when} \[  main \] no room", lines[0])
    assert re.fullmatch(rf" NOTICE {when} \[  main \] accepted,reverse,-,0", lines[1])


@pytest.mark.parametrize(("name", "number"), LEVELS.items())
def test_a_level_lets_through_itself_and_what_is_graver(
    name: str, number: int, tmp_path: Path, opened: OpenLogs
) -> None:
    opened(to_file(tmp_path / "log", level=name))
    for level in LEVELS.values():
        log.log(level, "said")
    written = [line.split()[0] for line in said(tmp_path / "log").splitlines()]
    assert written == [other for other, value in LEVELS.items() if value >= number]


def test_startup_is_told_at_every_level(tmp_path: Path, opened: OpenLogs) -> None:
    opened(to_file(tmp_path / "log", level="FATAL"))
    startup_log.warning("--threads has no meaning here")
    log.error("hidden")
    assert said(tmp_path / "log").endswith("--threads has no meaning here\n")
    assert "hidden" not in said(tmp_path / "log")


@pytest.mark.parametrize("formatter", [GearmandFormatter(), PlainFormatter()])
def test_a_name_from_the_network_cannot_forge_a_line(
    formatter: logging.Formatter,
    tmp_path: Path,
    opened: OpenLogs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Without pytest's handlers, whose report has no way to carry such a name.
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    path = tmp_path / "log"
    opened(LogTarget(file=str(path), formatter=formatter))
    log.info("job of %s", "f\n  ERROR 2026-01-01 forged\x1b[2J\udc80")
    text = said(path)
    assert text.count("\n") == 1
    assert "f\\n  ERROR 2026-01-01 forged\\x1b[2J\\x80" in text


def test_the_plain_format_names_the_logger(tmp_path: Path, opened: OpenLogs) -> None:
    path = tmp_path / "log"
    opened(LogTarget(file=str(path), formatter=PlainFormatter()))
    log.log(NOTICE, "hello")
    assert re.fullmatch(
        r"[-0-9]{10} [:0-9]{8}\.\d{3} NOTICE  geartrain\.server: hello\n",
        said(path),
    )


def test_a_traceback_follows_its_line(tmp_path: Path, opened: OpenLogs) -> None:
    opened(to_file(tmp_path / "log"))
    try:
        raise ZeroDivisionError("by zero")
    except ZeroDivisionError:
        log.exception("a defect")
    text = said(tmp_path / "log")
    assert "] a defect\n  | Traceback" in text
    assert text.endswith("  | ZeroDivisionError: by zero\n")


def test_reopening_goes_on_in_a_new_file(tmp_path: Path, opened: OpenLogs) -> None:
    path = tmp_path / "log"
    logs = opened(to_file(path))
    log.info("before")
    path.rename(tmp_path / "log.1")
    logs.reopen()
    log.info("after")
    assert "before" in said(tmp_path / "log.1")
    assert "SIGHUP, reopening log file" in said(tmp_path / "log.1")
    assert said(path).endswith("after\n")
    assert "before" not in said(path)


def test_a_log_that_cannot_be_reopened_is_written_on(
    tmp_path: Path, opened: OpenLogs
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    logs = opened(to_file(folder / "log"))
    folder.rename(tmp_path / "moved")
    logs.reopen()
    log.info("after")
    # The thread that could not has yet to say so.
    flush_logs()
    text = said(tmp_path / "moved" / "log")
    assert "Could not reopen log file" in text
    assert "] after\n" in text


def test_a_log_is_appended_to(tmp_path: Path, opened: OpenLogs) -> None:
    path = tmp_path / "log"
    path.write_text("older\n")
    opened(to_file(path))
    log.info("newer")
    assert said(path).startswith("older\n")
    assert said(path).endswith("newer\n")


def test_an_unwritable_log_falls_back_to_stderr(
    tmp_path: Path, opened: OpenLogs, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "missing" / "log"
    logs = opened(
        LogTarget(
            file=str(path), level="ERROR", formatter=GearmandFormatter(), fallback=True
        )
    )
    log.error("said")
    flush_logs()
    shown = capfd.readouterr().err
    assert f'Could not open log file "{path}" (No such file or directory)' in shown
    assert "switching to stderr" in shown
    assert shown.endswith("said\n")
    assert logs.reaches_stderr


def test_an_unwritable_log_is_refused_where_it_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="Could not open log file"):
        open_logs(to_file(tmp_path / "missing" / "log"))


def test_none_logs_nothing(opened: OpenLogs, capfd: pytest.CaptureFixture[str]) -> None:
    logs = opened(LogTarget(file="none", formatter=PlainFormatter()))
    log.critical("lost")
    flush_logs()
    assert capfd.readouterr().err == ""
    assert not logs.reaches_stderr


def test_syslog_gets_each_level_under_its_own_name(
    tmp_path: Path, opened: OpenLogs
) -> None:
    path = str(tmp_path / "syslog")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(path)
        syslog.settimeout(5)
        opened(
            LogTarget(
                file="none",
                level="DEBUG",
                formatter=GearmandFormatter(),
                syslog=True,
                program="gearmand",
                syslog_socket=path,
            )
        )
        received = []
        for name, number in LEVELS.items():
            log.log(number, "at %s", name)
            received.append(syslog.recv(1024))
    daemon = 3 << 3
    severities = [0, 1, 2, 3, 4, 5, 6, 7]
    priorities = [b"<%d>gearmand[" % (daemon | number) for number in severities]
    assert [line[: line.index(b"[") + 1] for line in received] == priorities
    assert received[0].endswith(b"at FATAL")


def test_a_missing_syslog_is_said_in_the_log(tmp_path: Path, opened: OpenLogs) -> None:
    opened(
        LogTarget(
            file=str(tmp_path / "log"),
            level="FATAL",
            formatter=GearmandFormatter(),
            syslog=True,
            syslog_socket=str(tmp_path / "nobody"),
        )
    )
    assert "no system log answers at" in said(tmp_path / "log")


def test_what_python_would_write_to_stderr_is_logged(
    tmp_path: Path, opened: OpenLogs, capfd: pytest.CaptureFixture[str]
) -> None:
    opened(to_file(tmp_path / "log"))
    failing = threading.Thread(target=lambda: 1 / 0, name="of mine")
    failing.start()
    failing.join()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    text = said(tmp_path / "log")
    assert "thread of mine was ended\n  | Traceback" in text
    assert "  | ZeroDivisionError: division by zero\n" in text
    assert "DeprecationWarning: old" in text
    assert capfd.readouterr().err == ""
