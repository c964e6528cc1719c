"""Mail by way of a real SMTP server."""

from __future__ import annotations

import email
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from geartrain.testing import LocalServer
from tests.support.examples import at_work, run
from tests.support.servers import free_port
from tests.support.waiting import wait_until


class Mailbox:
    """What an SMTP server has taken; it knows nobody called nobody."""

    def __init__(self) -> None:
        self.mails: list[Message] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if address.startswith("nobody@"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(email.message_from_bytes(content, policy=default))
        return "250 OK"


@contextmanager
def smtp_server(port: int) -> Iterator[Mailbox]:
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()


def states(server: LocalServer) -> list[str]:
    return [each.state for each in server.submitted("mail")]


def test_a_mail_is_sent_once_however_often_it_is_asked_for(server: LocalServer) -> None:
    port = free_port()
    with smtp_server(port) as mailbox:
        for _ in range(2):
            run(server, "send_mail.py", "ann@example.org", "Order 17", words="Thanks")
        with at_work(server, "send_mail", SMTP=f"127.0.0.1:{port}"):
            server.wait_idle(20)
    (mail,) = mailbox.mails
    assert (mail["To"], mail["Subject"]) == ("ann@example.org", "Order 17")
    assert "Thanks" in str(mail.get_payload())


def test_a_mail_waits_while_the_mail_server_is_away(server: LocalServer) -> None:
    port = free_port()
    run(server, "send_mail.py", "ann@example.org", "Order 17", words="Thanks")
    with at_work(server, "send_mail", SMTP=f"127.0.0.1:{port}"):
        wait_until(lambda: states(server) == ["scheduled"])
        with smtp_server(port) as mailbox:
            server.clock.move(61)
            server.wait_idle(20)
    assert len(mailbox.mails) == 1
    assert states(server) == ["done"]


def test_a_mail_to_nobody_is_a_dead_letter(server: LocalServer) -> None:
    port = free_port()
    run(server, "send_mail.py", "nobody@example.org", "Order 17", words="Thanks")
    with (
        smtp_server(port) as mailbox,
        at_work(server, "send_mail", SMTP=f"127.0.0.1:{port}"),
    ):
        server.wait_idle(20)
    assert mailbox.mails == []
    assert states(server) == ["dead"]
