"""Where a submission's options come from: the packet before it, and its function name.

PROTOCOL, "Options of a submission". ``model.submission_options`` has what they are.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.model.peers import Peer
from geartrain.engine.model.submission_options import (
    MAX_OPTIONS,
    SubmissionOptions,
    read_options,
)
from geartrain.engine.state import functions
from geartrain.engine.state.state import State
from geartrain.errors import OptionError, PacketError
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import encode
from geartrain.texts import quoted, shown

__all__ = ["announce", "check_none", "read", "split_name", "warn_of_name"]

_TAKEN: Final = encode(PacketType.OPTION_RES, b"options")
_MARK: Final = b"?"
_SCHEDULED: Final = (
    b"SUBMIT_JOB_SCHED takes no options: leave them out, or make a schedule with"
    b" geartrain schedule add, which has some"
)
_TWO_TIMES: Final = (
    b"The packet says when the job is due: leave out delay and at, or submit it by"
    b" another packet"
)


def announce(peer: Peer, data: bytes) -> None:
    """Keep the options of the submission that follows.

    Whether they are right is told in the answer to that: it must not be taken without
    them because its client did not wait for the answer to this.
    """
    # One byte more than is allowed will be refused, however much was sent.
    peer.announce_options(data[: MAX_OPTIONS + 1])
    peer.send(_TAKEN)


def split_name(state: State, peer: Peer, name: bytes) -> tuple[bytes, bytes]:
    """Return the function that a submission is to, and its options as they were sent.

    A name has options if the policy of the function before its ``?`` says so.
    """
    announced = peer.options
    bare, mark, given = name.partition(_MARK)
    if not (mark and state.policies.reads_names and functions.has_options(state, bare)):
        return name, announced
    # Given in both, an option is given twice.
    return bare, announced + b"&" + given if announced else given


def check_none(state: State, peer: Peer, name: bytes) -> None:
    """Refuse options of a recurring job, which are given to its schedule instead.

    Raises:
        PacketError: there are some.
    """
    if split_name(state, peer, name)[1]:
        raise PacketError(b"INVALID_ARGUMENT", _SCHEDULED)


def warn_of_name(state: State, peer: Peer, name: bytes) -> None:
    """Log that a worker takes a name for which no job can be submitted."""
    bare, mark, _ = name.partition(_MARK)
    if mark and functions.has_options(state, bare):
        state.warn(
            "name_with_options",
            f"{shown(peer.address)} ({peer.descriptor}) can do {quoted(name)}, which"
            f" gets no jobs: what is submitted so goes to {quoted(bare)}, whose policy"
            " has options_in_names",
            name,
        )


def read(data: bytes, is_timed: bool) -> SubmissionOptions:
    """Read a submission's options; ``is_timed`` if its packet says when it is due.

    Raises:
        PacketError: they are wrong.
    """
    try:
        options = read_options(data)
    except OptionError as error:
        text = str(error).encode("utf-8", "surrogateescape")
        raise PacketError(b"INVALID_ARGUMENT", text) from None
    if is_timed and options.has_time():
        raise PacketError(b"INVALID_ARGUMENT", _TWO_TIMES)
    return options
