"""Batch rows: a batch that several job servers have jobs of is told as one.

Each counts the jobs that were sent to it, and lists a batch where the first of these
came. So a name is at other places in the lists of others, or on other pages: for the
batches of a page all are asked what they have of these.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from typing import Any, Final
from urllib.parse import quote_from_bytes

from geartrain.engine.commands.batches import batch_values
from geartrain.engine.commands.inquiring import ask, parts_of, unanswered
from geartrain.engine.commands.rows import row
from geartrain.engine.commands.sums import added
from geartrain.engine.model.inquiries import Said
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State

__all__ = ["one_row_each"]

_Row = dict[str, Any]

# Units of work, as ``turns`` counts it, of a row.
_ROW: Final = 6
# Bytes of names in a command, which has 8,191 at most.
_NAMES: Final = 7000


def one_row_each(
    state: State,
    peer: Peer,
    words: list[bytes],
    others: list[Said],
    found: list[tuple[bytes, _Row]],
) -> Iterator[bytes]:
    """Give the batches of a page, with what ``others`` have of these added.

    ``found`` has a row of each, with the identity of the job server that it is of. A
    batch is left out that was on an earlier page: another began it later.
    """
    state_wanted = b"".join(
        each.removeprefix(b"state=") for each in words if each.startswith(b"state=")
    )
    told: list[_Row] = []
    while found:
        now, found = _few(found)
        names = [str(values["name"]) for _, values in now]
        rows = yield from _all_rows(state, peer, others, names)
        for identity, values in now:
            state.turns.work += _ROW
            each = rows.get(str(values["name"]), {})
            each.setdefault(identity, values)
            if _is_here(values, each, state_wanted):
                told.append(_total(each))
    told.sort(key=lambda each: -each["began"])
    for values in told:
        yield row(values)


def _few(found: list[tuple[bytes, _Row]]) -> tuple[list[tuple[bytes, _Row]], ...]:
    """Return as many as a command has room for the names of, and the others."""
    size = count = 0
    for _, values in found:
        size += len(_word(str(values["name"]))) + 1
        if count and size > _NAMES:
            break
        count += 1
    return found[:count], found[count:]


def _word(name: str) -> bytes:
    return quote_from_bytes(name.encode("utf-8", "surrogateescape")).encode()


def _all_rows(
    state: State, peer: Peer, others: list[Said], names: list[str]
) -> Generator[bytes, None, dict[str, dict[bytes, _Row]]]:
    """Return what each job server tells of some batches, by name and identity.

    Gives the rows that tell whose rows are missing.
    """
    words = [b"batch", *map(_word, names)]
    asked = [_again(each) for each in others]
    inquiry = ask(state, peer, words, asked, is_list=True)
    yield b""
    peer.take_answers()
    rows: dict[str, dict[bytes, _Row]] = {name: {} for name in names}
    for name in names:
        own = batch_values(state, peer, name.encode("utf-8", "surrogateescape"))
        if own is not None:
            rows[name][state.options.node_identity] = {**own}
    for part in parts_of(inquiry):
        for line in part.lines:
            state.turns.work += _ROW
            values = json.loads(line)
            if not peer.is_shown_all():
                # The functions of these jobs are not known here.
                values["waiting"] = []
            rows.get(str(values["name"]), {})[part.identity] = values
    yield b"".join(unanswered(words, inquiry))
    return rows


def _again(said: Said) -> Said:
    """Return one to be asked something else."""
    asked = Said(said.identity, said.name, said.address)
    asked.link, asked.error = said.link, said.error
    return asked


def _is_here(values: _Row, rows: dict[bytes, _Row], wanted: bytes) -> bool:
    """Tell whether this is the first of the rows of a batch that are listed."""
    left = any(each["left"] for each in rows.values())
    if wanted == b"ended" and left:
        return False
    listed = [
        each
        for each in rows.values()
        if not wanted or (wanted == b"open") == (each["left"] > 0)
    ]
    return all(each["began"] <= values["began"] for each in listed)


def _total(rows: dict[bytes, _Row]) -> _Row:
    total: _Row = {}
    for values in rows.values():
        total = added(total, values) if total else values
    return total
