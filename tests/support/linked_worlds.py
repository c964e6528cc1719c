"""Job servers that are asked for each other, without sockets."""

from __future__ import annotations

import json
from math import inf
from typing import Any
from urllib.parse import quote

from geartrain.engine.model.health import StoreNode
from geartrain.engine.model.links import AWAY, CONNECTED, LinkReport
from geartrain.server.cron import calendar
from tests.support.dialogue import DialoguePeer, World

__all__ = ["LinkedWorlds", "led_worlds"]


class LinkedWorlds:
    """The job server that is asked, and others that it has links to.

    Attributes:
        first: the one that is asked.
        others: the others, by their names.
        asked: the lines that they were sent.
        silent: the names of those that do not answer.
        deaf_to: how a line begins that these do not answer; empty for any.
        client_id: the client id of the first where it asks others; empty for none.
    """

    def __init__(self, first: World, **others: World) -> None:
        self.first = first
        self.others = others
        self.asked: list[bytes] = []
        self.silent: set[str] = set()
        self.deaf_to = b""
        self.client_id = b""
        self.links = {}
        for name in others:
            link = LinkReport(f"{name}:4730", name.encode() * 2, name.encode())
            link.state = CONNECTED
            self.links[name] = link
        first.engine.helping.follow(tuple(self.links.values()))

    def lose(self, name: str) -> None:
        """Have a link end."""
        self.links[name].state = AWAY
        self.links[name].error = "refused"

    def text(self, peer: DialoguePeer, line: str | bytes) -> bytes:
        """Send a line to the first, and return the answer."""
        answer = peer.text(line)
        while self._let_answer():
            for each in peer.received:
                assert each.name == "text"
                answer += each.arguments[0]
        return answer

    def rows(self, peer: DialoguePeer, line: str) -> list[dict[str, Any]]:
        """Return the rows that answer a line."""
        lines = self.text(peer, line).splitlines()
        assert lines[-1] == b".", lines
        return [json.loads(each) for each in lines[:-1]]

    def pages(self, peer: DialoguePeer, line: str) -> list[list[dict[str, Any]]]:
        """Return the rows of all pages of a list."""
        pages, after = [], ""
        while True:
            rows = self.rows(peer, line + after)
            following = rows.pop()["after"] if rows and "after" in rows[-1] else None
            pages.append(rows)
            if following is None:
                return pages
            after = f" after={quote(following)}"

    def all(self) -> list[World]:
        """Return all of them, the one that is asked first."""
        return [self.first, *self.others.values()]

    def let_answer(self) -> None:
        """Have the others say what they are asked, until nobody asks any more."""
        while self._let_answer():
            pass

    def _let_answer(self) -> bool:
        inquiries = self.first.engine.take_inquiries()
        for inquiry in inquiries:
            for said in inquiry.said:
                name = said.name.decode()
                if said.link is None:
                    continue
                self.asked.append(said.line)
                if name in self.silent and said.line.startswith(self.deaf_to):
                    said.error = "it was silent"
                    continue
                asking = self.others[name].admin()
                if self.client_id:
                    asking.set_client_id(self.client_id)
                said.data = asking.text(said.line.rstrip(b"\n"))
            self.first.engine.informed(inquiry, self.first.now)
        self.first.deliver()
        return bool(inquiries)


def led_worlds() -> LinkedWorlds:
    """Return job servers that share a store and a schedule, of which b leads."""
    first, b, c = (World(calendar("UTC")) for _ in range(3))
    worlds = LinkedWorlds(first, b=b, c=c)
    for world in (worlds.first, *worlds.others.values()):
        world.engine.state.is_shared = True
        world.engine.sharing.lead(is_leading=world is worlds.others["b"])
        world.admin().text("schedule add nightly function=f every=60")
    nodes = [
        StoreNode(name, name.encode() * 2, "", "", 0.0, inf, (1,), name == "b", False)
        for name in worlds.others
    ]
    worlds.first.engine.state.health.nodes = tuple(nodes)
    return worlds
