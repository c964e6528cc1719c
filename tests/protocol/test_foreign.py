"""Lines of other protocols: what a web page can send to the job server's port."""

from __future__ import annotations

import contextlib
import time

import pytest

from geartrain.engine.commands.admin import COMMANDS
from geartrain.errors import ForeignError, LineError
from geartrain.protocol.admin import COMMAND_WORDS, Command
from geartrain.protocol.constants import MAX_LINE, PacketType
from geartrain.protocol.foreign import check_lines
from geartrain.protocol.packets import request
from geartrain.protocol.parser import LOOKING, Parser
from tests.support.parsing import LIMIT, parsed, taken

HTTP = [
    b"POST / HTTP/1.1",
    b"GET / HTTP/1.0",
    b"get / http/1.1",
    b"GET /",
    b"GET",
    b"PRI * HTTP/2.0",
    b"CONNECT 127.0.0.1:4730 HTTP/1.1",
    b"OPTIONS * HTTP/1.1",
    b"PURGE /cached HTTP/1.1",
    b"purge http://example.net/ HTTP/1.1",
    b"frobnicate /status HTTP/1.1",
    b"M-SEARCH * HTTP/1.1",
    b"create /function HTTP/1.1",
    b"Drop /function HTTP/1.1",
    b"shutdown * HTTP/1.1",
    b"status http://127.0.0.1/ HTTP/1.1",
    b"GET /" + b"a" * 5000 + b" HTTP/1.1",
    b"POST\t/\tHTTP/1.1",
    b"  POST / HTTP/1.1",
    b"\r\r POST / HTTP/1.1",
    b"HTTP/1.1 200 OK",
    b"Host: 127.0.0.1:4730",
    b"host:localhost",
    b"HOST : localhost",
    b"Content-Type: text/plain",
    b"Sec-Fetch-Mode:cors",
    b"X-Anything: at all",
    b"Origin:null",
]
OTHERS = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"EHLO page.example",
    b"helo page",
    b"USER anonymous",
    b"NICK page",
    b"SSH-2.0-OpenSSH_9.2",
    b"PROXY TCP4 192.0.2.1 192.0.2.2 1 4730",
    b"DESCRIBE rtsp://127.0.0.1/ RTSP/1.0",
    b"INVITE sip:a@b SIP/2.0",
]
GEARMAN = [
    b"status",
    b"Shutdown graceful",
    b"create function /",
    b"create function HTTP/1.1",
    b"drop function GET / HTTP/1.1",
    b"maxqueue Host: 3",
    b"maxqueue get 1 2 3",
    b"cancel job H:host:4730",
    b"job Host:%20x",
    b"jobs function=/ unique=http://x/ limit=3",
    b"policy get / ttl=5",
    b"policy * ttl=5",
    b"dead retry H:a:1",
    b"retry job H:a:1 delay=1 error=HTTP/1.1",
    b"getpid",
    b"posted",
    b"nonsense of a human",
    b"userless",
    b"foo/bar",
    b"a:b",
    b"",
    b"\r",
    b"\xff\xfe",
    b"\x16",
    b"\t",
]


def refused(data: bytes) -> ForeignError:
    with pytest.raises(ForeignError) as caught:
        check_lines(data, 0, MAX_LINE)
    return caught.value


@pytest.mark.parametrize("line", HTTP)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_http_is_answered_as_such(line: bytes, end: bytes) -> None:
    error = refused(line + end)
    assert error.answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"Gearman" in error.answer
    head, _, body = error.answer.partition(b"\r\n\r\n")
    assert b"Content-Length: %d\r\n" % len(body) in head
    assert error.text.startswith(b"it speaks HTTP: '")
    assert len(error.text) < 400


@pytest.mark.parametrize("line", OTHERS)
def test_another_protocol_is_answered_by_a_line(line: bytes) -> None:
    assert refused(line + b"\n").answer == (
        b"ERR UNKNOWN_PROTOCOL this+is+the+port+of+a+Gearman+job+server\r\n"
    )


@pytest.mark.parametrize("line", GEARMAN)
def test_lines_that_may_be_gearmans_are_none_of_these(line: bytes) -> None:
    data = line + b"\r\n"
    assert check_lines(data, 0, MAX_LINE) == len(data)


def test_all_commands_are_known() -> None:
    assert set(COMMAND_WORDS) == set(COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
@pytest.mark.parametrize("path", [b"/", b"/function", b"*", b"http://127.0.0.1/"])
def test_no_command_is_a_method(command: bytes, path: bytes) -> None:
    refused(command + b" " + path + b" HTTP/1.1\r\n")


@pytest.mark.parametrize("before", [b"", b"\r\n\r\n", b"status\n", b"\n\nversion\n"])
@pytest.mark.parametrize("line", HTTP[:8] + HTTP[-6:] + OTHERS[:2])
def test_nothing_that_came_along_is_carried_out(before: bytes, line: bytes) -> None:
    parser = Parser(LIMIT)
    inside = b"shutdown\n" + request(PacketType.GRAB_JOB)
    if line.startswith(b"\x16") and before:
        # Only a connection can begin with this.
        return
    parser.feed(before + line + b"\r\n" + inside)
    with pytest.raises(ForeignError):
        parser.next()


@pytest.mark.parametrize("line", HTTP[:8])
def test_a_line_in_pieces_is_refused_as_one(line: bytes) -> None:
    parser = Parser(LIMIT)
    for index in range(len(line)):
        parser.feed(line[index : index + 1])
        assert parser.next() is None
    parser.feed(b"\r\nshutdown\n")
    with pytest.raises(ForeignError):
        parser.next()


def test_a_request_line_without_an_end_is_refused_where_lines_have_to_end() -> None:
    parser = Parser(LIMIT)
    parser.feed(b"FETCH /" + b"a" * MAX_LINE)
    with pytest.raises(ForeignError):
        parser.next()
    parser = Parser(LIMIT)
    parser.feed(b"a" * (MAX_LINE + 1))
    with pytest.raises(LineError):
        parser.next()


def test_what_looks_like_http_in_a_packet_is_a_workload() -> None:
    workload = b"\nPOST / HTTP/1.1\r\nHost: x\r\n\r\n"
    packet = request(PacketType.SUBMIT_JOB, b"f", b"", workload)
    assert parsed(b"status\n" + packet + b"version\n" + packet) == [
        ("command", [b"status"]),
        ("SUBMIT_JOB", [b"f", b"", workload]),
        ("command", [b"version"]),
        ("SUBMIT_JOB", [b"f", b"", workload]),
    ]


@pytest.mark.parametrize("line", [b"getpid", b"jobs", b"create function get / x"])
def test_a_line_that_is_yet_to_come_is_not_judged_by_its_beginning(line: bytes) -> None:
    for place in range(1, len(line)):
        parser = Parser(LIMIT)
        parser.feed(b"status\n" + line[:place])
        assert taken(parser) == [("command", [b"status"])]
        parser.feed(line[place:] + b"\n")
        assert taken(parser) == [("command", line.split())]


def test_lines_behind_a_packet_are_looked_at() -> None:
    parser = Parser(LIMIT)
    parser.feed(request(PacketType.GRAB_JOB) + b"status\nHost: x\n")
    assert parser.next() is not None
    with pytest.raises(ForeignError):
        parser.next()


@pytest.mark.parametrize(
    "text",
    [b" ", b"a", b"a ", b"a\t", b"/", b"\r", b"a:", b" http/", b"create ", b"\n", b"-"],
)
def test_a_look_takes_time_in_proportion_to_the_text(text: bytes) -> None:
    line = (text * MAX_LINE)[:MAX_LINE] + b"\n"
    started = time.process_time()
    for _ in range(20):
        with contextlib.suppress(ForeignError):
            check_lines(line, 0, MAX_LINE)
    # A look that took the square of it would take seconds.
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize("line", [*HTTP[:8], *OTHERS[1:3]])
@pytest.mark.parametrize("before", [b"\n", b"version\n"])
def test_much_text_is_looked_through_in_parts_before_the_first_line(
    line: bytes, before: bytes
) -> None:
    parser = Parser(LIMIT)
    parser.feed(before * 20_000 + line + b"\r\nshutdown\n")
    for _ in range(15):
        assert parser.next() is LOOKING
    with pytest.raises(ForeignError):
        taken(parser)


def test_a_part_takes_no_longer_than_its_size() -> None:
    parser = Parser(LIMIT)
    packet = request(PacketType.GRAB_JOB)
    parser.feed(b"\n" * 250_000 + packet + b"hos\n" * 50_000)
    longest, lines = 0.0, 0
    message: object = LOOKING
    while message is not None:
        started = time.process_time()
        message = parser.next()
        longest = max(longest, time.process_time() - started)
        lines += isinstance(message, Command) and message is not LOOKING
    assert lines == 300_000
    # In one look it is 150 ms and more.
    assert longest < 0.06
