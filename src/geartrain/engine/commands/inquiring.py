"""Inquiring: other job servers are asked the same, each for itself alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from itertools import chain
from typing import Any, Final
from urllib.parse import unquote_plus

from geartrain.engine.commands.columns import column
from geartrain.engine.commands.rows import row, text
from geartrain.engine.model.access import SEE
from geartrain.engine.model.inquiries import Inquiry, Said, is_unknown
from geartrain.engine.model.links import CONNECTED, ITSELF, LinkReport
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State
from geartrain.protocol.admin import PART, error

__all__ = [
    "AFTER",
    "NodePart",
    "after_of",
    "answered_here",
    "ask",
    "gathered",
    "has_columns",
    "has_others",
    "is_seen",
    "named",
    "others_of",
    "own_answer",
    "own_part",
    "parts_of",
    "reason_of",
    "unanswered",
    "unanswered_error",
    "whole_of",
]

AFTER: Final = b'{"after": '
"""How the row begins that tells where a list goes on."""


class NodePart:
    """What one job server tells in a list."""

    def __init__(self, said: Said) -> None:
        self.said = said
        """Which job server it is; of the one that was asked this has no link."""
        self.identity = said.identity
        """Its identity."""
        self.is_own = said.link is None
        """It is the one that was asked."""
        self.lines: list[bytes] = []
        """Its rows, without their ends."""
        self.after = b""
        """Where it goes on; empty if it does not."""

    def take(self, lines: list[bytes]) -> None:
        """Take rows, of which the last may tell where the list goes on."""
        if lines and lines[-1].startswith(AFTER):
            self.after = after_of(lines[-1])
            lines = lines[:-1]
        self.lines = lines


def after_of(line: bytes) -> bytes:
    """Return where a list goes on, as its last row tells."""
    after = json.loads(line)["after"]
    return str(after).encode("utf-8", "surrogateescape")


def has_others(state: State) -> bool:
    """Tell whether there may be other job servers to ask."""
    return bool(state.links) or len(state.health.nodes) > 1


def others_of(state: State) -> list[Said]:
    """Return the other job servers, also those that cannot be asked now."""
    sharing = {each.identity: each for each in state.health.nodes if not each.is_self}
    found: dict[bytes, Said] = {}
    for link in state.links:
        # One that says nothing of itself is no Geartrain.
        if link.state == CONNECTED and link.identity:
            found[link.identity] = _said(link)
    for link in state.links:
        if link.state in (CONNECTED, ITSELF) or link.identity in found:
            continue
        # Of a store that is shared its table tells who is there.
        if not state.is_shared or link.identity in sharing:
            found[link.identity or link.address.encode()] = _said(link)
    for identity, node in sharing.items():
        if identity not in found:
            said = Said(identity, node.name.encode(), node.address or node.host)
            said.error = "there is no link to it"
            found[identity] = said
    return list(found.values())


def _said(link: LinkReport) -> Said:
    said = Said(link.identity, link.name, link.address)
    if link.state == CONNECTED:
        said.link = link
    else:
        said.error = link.error or "it has not been reached yet"
    return said


def ask(
    state: State,
    peer: Peer,
    words: list[bytes],
    said: list[Said],
    *,
    is_list: bool,
    then: Callable[[Inquiry], None] | None = None,
) -> Inquiry:
    """Ask others, where they have no line of their own for the same words.

    Whoever calls this yields once then, and goes on when all that is told is there; or
    ``then`` takes that, unless there is nobody to ask.
    """
    line = b" ".join([PART, *words]) + b"\n"
    for each in said:
        each.line = each.line or line
    inquiry = Inquiry(peer, said, is_list=is_list)
    inquiry.then = then
    if any(each.link is not None for each in said):
        state.inquire(inquiry)
    return inquiry


def own_answer(peer: Peer, answer: bytes) -> Iterator[bytes]:
    """Return the whole answer of this job server, of which the rest is left."""
    rest, peer.rest = peer.rest, None
    return chain((answer,) if answer else (), () if rest is None else rest)


def parts_of(inquiry: Inquiry) -> list[NodePart]:
    """Return the rows that each told; of who told none ``error`` tells why."""
    parts = []
    for said in inquiry.said:
        lines = said.data.split(b"\n")
        if lines[-2:] == [b".", b""]:
            part = NodePart(said)
            part.take(lines[:-2])
            parts.append(part)
        else:
            reason_of(said)
    return parts


def answered_here(
    peer: Peer, words: list[bytes], run: Callable[[list[bytes]], bytes]
) -> Generator[bytes, None, bytes]:
    """Return the whole answer of this job server."""
    # The rest of its answer takes the place of this one's meanwhile.
    this, peer.rest = peer.rest, None
    pieces = []
    for piece in own_answer(peer, run(words)):
        peer.rest = this
        pieces.append(piece)
        yield b""
    peer.rest = this
    return b"".join(pieces)


def own_part(state: State, whole: bytes) -> NodePart:
    """Return the rows of a whole answer of this job server."""
    part = NodePart(Said(state.options.node_identity, b"", ""))
    part.take(whole.split(b"\n")[:-2])
    return part


def whole_of(own: Iterator[bytes]) -> Generator[bytes, None, bytes]:
    """Return the whole of an answer of this job server, taken in steps."""
    pieces = []
    for piece in own:
        pieces.append(piece)
        yield b""
    return b"".join(pieces)


def gathered(
    state: State, peer: Peer, words: list[bytes], said: list[Said], own: Iterator[bytes]
) -> Generator[bytes, None, list[NodePart]]:
    """Return the rows of this job server, and then those of others that it asks.

    Gives the rows that tell whose rows are missing. If this job server's own answer is
    an error, gives that alone and returns no part, unless it does not know what another
    one knows.
    """
    inquiry = ask(state, peer, words, said, is_list=True)
    yield b""
    peer.take_answers()
    whole = yield from whole_of(own)
    if whole.startswith(b"ERR ") and not is_unknown(whole):
        yield whole
        return []
    parts = parts_of(inquiry)
    if not is_unknown(whole):
        parts = [own_part(state, whole), *parts]
    elif not parts:
        missing = [each for each in inquiry.said if each.error]
        yield unanswered_error(missing) if missing else whole
        return []
    yield b"".join(unanswered(words, inquiry))
    return parts


def reason_of(said: Said) -> str:
    """Return why a job server has not answered, which it may have said; else nothing.

    That is kept in ``said``.
    """
    is_refused = said.data.startswith(b"ERR ") and not is_unknown(said.data)
    if is_refused and not said.error:
        code, _, words = text(said.data.strip()).removeprefix("ERR ").partition(" ")
        why = unquote_plus(words) or code
        if code == "UNKNOWN_COMMAND":
            why = "it is an earlier version, which knows nothing of this"
        said.error = why
    return said.error


def named(line: bytes, said: Said) -> bytes:
    """Return a row, as a line, that tells which job server it is of, too."""
    # Within a text a quotation mark has a backslash before it.
    if not line.endswith(b"}") or b', "node": "' in line:
        return line + b"\n"
    told = json.dumps(text(said.name) or said.address).encode()
    return line[:-1] + b', "node": ' + told + b"}\n"


def has_columns(words: list[bytes]) -> bool:
    """Tell whether a list has lines of columns, and not rows of JSON."""
    return _listed(words) in _COLUMNS


def _listed(words: list[bytes]) -> bytes:
    return b" ".join(words).lower() if words[0].lower() == b"show" else words[0].lower()


_COLUMNS: Final[dict[bytes, bytes]] = {
    b"status": b"#unanswered:%s\t0\t0\t0\n",
    b"prioritystatus": b"#unanswered:%s\t0\t0\t0\t0\n",
    b"workers": b"0 - #unanswered:%s :\n",
    b"show jobs": b"#unanswered:%s\t0\t0\t0\n",
    b"show unique jobs": b"#unanswered:%s\n",
    b"show schedules": b"#unanswered:%s\t\t\t\t0\n",
}
"""The lists of columns, with the line of each that tells whose lines are missing."""


def unanswered(words: list[bytes], inquiry: Inquiry) -> list[bytes]:
    """Return the first rows of a list, which tell whose rows are missing."""
    missing = [said for said in inquiry.said if said.error]
    form = _COLUMNS.get(_listed(words))
    if form is not None:
        return [form % column(each.name or each.address.encode()) for each in missing]
    return [
        row(
            {
                "unanswered": text(each.name) or each.address,
                "address": each.address,
                "reason": each.error,
            }
        )
        for each in missing
    ]


def unanswered_error(missing: list[Said], what: str = "") -> bytes:
    """Return the error that tells whose answer is missing."""
    told = [
        f"{text(each.name) or 'the job server'} ({each.address}) did not answer:"
        f" {each.error}"
        for each in missing
    ]
    return error(b"UNANSWERED", what + "; ".join(told))


def is_seen(peer: Peer, values: dict[str, Any]) -> bool:
    """Tell whether a peer may see the row of another job server."""
    if peer.is_shown_all():
        return True
    name = values.get("function")
    if not isinstance(name, str):
        return False
    return peer.may(SEE, name.encode("utf-8", "surrogateescape"))
