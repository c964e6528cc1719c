"""Jobs and batches at other job servers, which a submission would wait for.

What waits for others is let go where these end, so it has to be there. Nobody is left
to wait for a part of a batch that goes on elsewhere, or told that a job is not known.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote_from_bytes

from geartrain.engine.commands.inquiring import ask, is_seen, others_of, reason_of
from geartrain.engine.model.graph import BATCH
from geartrain.engine.model.inquiries import Inquiry, Said
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State
from geartrain.texts import quoted, shown

__all__ = ["is_asked", "refusal"]


def is_asked(state: State, peer: Peer, source: bytes) -> bool:
    """Ask others for a job that is not known here, or a batch; tell whether any is.

    Where a part of a batch is here, only those of the same store are asked: job servers
    that share nothing may have batches of one name that are not one.
    """
    if source.startswith(BATCH):
        name = source.removeprefix(BATCH)
        words = [b"batch", quote_from_bytes(name).encode()]
        said = others_of(state)
        if name in state.graph.batches:
            sharing = {each.identity for each in state.health.nodes}
            said = [each for each in said if each.identity in sharing]
    elif state.was_given(source):
        return False
    else:
        words = [b"job", quote_from_bytes(source).encode(), b"workload=no"]
        said = others_of(state)
    inquiry = ask(state, peer, words, said, is_list=True)
    inquiry.about = source
    inquiry.is_for_one = not source.startswith(BATCH)
    return peer.is_asking


def refusal(peer: Peer, inquiry: Inquiry) -> str:
    """Return why what waits for that cannot be submitted here; empty if others say no.

    Those that do not answer are no hindrance to what waits for a batch.
    """
    source = inquiry.about
    if source.startswith(BATCH):
        return _of_batch(inquiry, source.removeprefix(BATCH))
    for said in inquiry.said:
        if any(is_seen(peer, values) for values in _rows(said)):
            return (
                f"the job {quoted(source)} is at the job server {_name(said)}: submit"
                " what waits for it there"
            )
    missing = [_name(said) for said in inquiry.said if reason_of(said)]
    if not missing:
        return ""
    silent = ", ".join(missing)
    return f"no job {quoted(source)} is known here, and {silent} did not answer"


def _of_batch(inquiry: Inquiry, name: bytes) -> str:
    told = [
        f"{values['left']} of its jobs have not ended at {_name(said)}"
        for said in inquiry.said
        for values in _rows(said)
        if values["left"]
    ]
    if not told:
        return ""
    return (
        f"the batch {quoted(name)} is not whole here, {', '.join(told)}: what waits for"
        " a batch is submitted where its jobs are, or when those elsewhere have ended"
    )


def _name(said: Said) -> str:
    return shown(said.name) if said.name else said.address


def _rows(said: Said) -> list[dict[str, Any]]:
    """Return what one knows of it; nothing of one that knows nothing."""
    lines = said.data.split(b"\n")
    rows = [json.loads(line) for line in lines if line.startswith(b"{")]
    return [each for each in rows if each.get("state") != "unknown"]
