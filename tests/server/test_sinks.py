"""Where lines end: descriptors, files, FIFOs, syslog; none is waited for for ever."""

from __future__ import annotations

import logging
import os
import socket
from pathlib import Path

import pytest

from geartrain.server.sinks import DescriptorSink, FileSink, SyslogSink


def never(waited: float) -> bool:
    return False


def at_once(waited: float) -> bool:
    return True


def test_half_a_line_is_ended_before_the_next_begins() -> None:
    there, here = os.pipe()
    sink = DescriptorSink(here)
    with pytest.raises(OSError, match="nobody reads it"):
        sink.write(logging.INFO, "x" * 1_000_000, at_once)
    with pytest.raises(OSError, match="nobody reads it"):
        sink.write(logging.INFO, "lost", at_once)
    # All that the pipe holds.
    os.read(there, 1_000_000)
    sink.write(logging.INFO, "whole", never)
    os.close(here)
    assert os.read(there, 1_000_000) == b"\nwhole\n"
    os.close(there)


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "log"
    target.write_text("mine\n")
    for leads_to in (target, tmp_path / "missing"):
        link.symlink_to(leads_to)
        with pytest.raises(OSError, match="it is a symbolic link"):
            FileSink(str(link))
        link.unlink()
    assert target.read_text() == "mine\n"
    assert not (tmp_path / "missing").exists()


def test_a_link_that_took_the_files_place_is_not_reopened(tmp_path: Path) -> None:
    target, path = tmp_path / "target", tmp_path / "log"
    target.touch()
    sink = FileSink(str(path))
    path.rename(tmp_path / "log.1")
    path.symlink_to(target)
    with pytest.raises(OSError, match="it is a symbolic link"):
        sink.reopen()
    sink.write(logging.INFO, "still said", never)
    sink.close()
    assert (tmp_path / "log.1").read_text() == "still said\n"
    assert target.read_text() == ""


def test_a_fifo_without_a_reader_takes_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "log"
    os.mkfifo(path)
    sink = FileSink(str(path))
    sink.write(logging.INFO, "first", never)
    with pytest.raises(OSError, match="nobody reads it"):
        sink.write(logging.INFO, "x" * 1_000_000, at_once)
    with path.open("rb") as reader:
        assert reader.readline() == b"first\n"
    sink.close()


@pytest.mark.parametrize("make", ["folder", "socket"])
def test_what_is_no_file_is_refused(make: str, tmp_path: Path) -> None:
    path = tmp_path / "log"
    if make == "folder":
        path.mkdir()
    else:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
    with pytest.raises(OSError, match=r"Is a directory|No such device"):
        FileSink(str(path))


def test_a_stuck_syslog_is_given_up(tmp_path: Path) -> None:
    path = str(tmp_path / "syslog")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(path)
        sink = SyslogSink(path, "gearmand")
        endless = "\n".join(["x" * 2000] * 100_000)
        with pytest.raises(TimeoutError, match="takes no more"):
            sink.write(logging.ERROR, endless, at_once)
        assert syslog.recv(100).startswith(b"<27>gearmand[")
        sink.close()


def test_syslog_gets_a_traceback_line_by_line(tmp_path: Path) -> None:
    path = str(tmp_path / "syslog")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(path)
        syslog.settimeout(20)
        sink = SyslogSink(path, "gearmand")
        sink.write(logging.ERROR, "first\n  | second", never)
        assert syslog.recv(1000).endswith(b": first")
        assert syslog.recv(1000).endswith(b":   | second")
        sink.close()
