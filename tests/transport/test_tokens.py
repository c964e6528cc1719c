"""Tokens that are shown a job server, from a text or a file."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from geartrain.client import AsyncClient, Client
from geartrain.errors import ConnectError, OptionError
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import encode
from geartrain.transport.address import Address, parse_address
from geartrain.transport.connect import SocketConnector
from geartrain.transport.tokens import VARIABLE, Token, token_of

COVERS = ("transport/introducing",)

TOKEN = "secret-of-the-tests"


def test_a_token_is_a_text_or_in_a_file(tmp_path: Path) -> None:
    assert token_of(TOKEN) == Token(TOKEN)
    file = tmp_path / "token"
    found = token_of(file)
    assert found == Token(file=str(file))
    with pytest.raises(OSError, match=r"the token in .* cannot be read: No such file"):
        found.read()
    file.write_text(f" {TOKEN}\n")
    assert found.read() == TOKEN.encode()
    file.write_text("two words")
    with pytest.raises(OSError, match="does not hold one token"):
        found.read()


def test_a_file_without_a_token_is_refused_before_anybody_connects(
    tmp_path: Path,
) -> None:
    for file in (tmp_path / "none", tmp_path):
        with pytest.raises(OptionError, match=r"the token in .* cannot be read"):
            SocketConnector(Address(host="127.0.0.1", port=1), token=file)
    with pytest.raises(OptionError, match="does not hold one token"):
        SocketConnector(Address(host="127.0.0.1", port=1), token=Path(os.devnull))


def test_the_environment_may_name_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    assert token_of(None) is None
    monkeypatch.setenv(VARIABLE, "/etc/token")
    assert token_of(None) == Token(file="/etc/token")
    assert token_of(TOKEN) == Token(TOKEN)


@pytest.mark.parametrize("text", ["", "two words", "ü", "a\n", "x" * 5000])
def test_what_is_no_token_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(OptionError) as caught:
        token_of(text)
    assert "two words" not in str(caught.value)


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """Answer what comes on connections with this, and close them after it."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve() -> None:
            while True:
                try:
                    accepted, _ = listener.accept()
                except OSError:
                    return
                with accepted:
                    accepted.recv(4096)
                    accepted.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


REFUSALS = [
    (encode(PacketType.ERROR, b"NOT_ALLOWED\0it is unknown"), "it is unknown"),
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", "this is no answer to a token"),
    (b"", "it ended the connection when shown a token"),
]


@pytest.mark.parametrize(("answer", "said"), REFUSALS)
def test_a_refused_token_is_an_error_of_the_connection(
    answer: bytes, said: str
) -> None:
    with answering(answer) as address:
        connector = SocketConnector(parse_address(address), token=TOKEN)
        with pytest.raises(OSError, match=said):
            connector.connect(5.0)
        client = Client(address, token=TOKEN, connect_timeout=0.2)
        with client, pytest.raises(ConnectError, match=said):
            client.submit("f", b"")


@pytest.mark.parametrize(("answer", "said"), REFUSALS)
def test_and_so_it_is_for_asyncio(answer: bytes, said: str) -> None:
    async def run(address: str) -> None:
        client = AsyncClient(address, token=TOKEN, connect_timeout=0.2)
        async with client:
            with pytest.raises(ConnectError, match=said):
                await client.submit("f", b"")

    with answering(answer) as address:
        asyncio.run(run(address))
