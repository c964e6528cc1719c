"""The text protocol's commands.

PROTOCOL, "Administrative Protocol"; what it leaves open follows gearmand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from geartrain.engine.commands.actions import actions, is_change, record, recorded
from geartrain.engine.commands.attempts import fail, release, retry
from geartrain.engine.commands.batches import batch, batches
from geartrain.engine.commands.cluster import cluster
from geartrain.engine.commands.common import TOO_MANY_FUNCTIONS
from geartrain.engine.commands.control import (
    drain,
    move,
    pause,
    priority,
    purge,
    resume,
    run,
)
from geartrain.engine.commands.dead import dead
from geartrain.engine.commands.events import events
from geartrain.engine.commands.failures import failures
from geartrain.engine.commands.history import history
from geartrain.engine.commands.hooks import hooks
from geartrain.engine.commands.inquiring import has_others
from geartrain.engine.commands.jobs import cancel, job
from geartrain.engine.commands.keys import keys
from geartrain.engine.commands.marks import marks
from geartrain.engine.commands.others import answer_with_others, spans
from geartrain.engine.commands.permission import check_command
from geartrain.engine.commands.policy import policy
from geartrain.engine.commands.problems import problems
from geartrain.engine.commands.processes import announce
from geartrain.engine.commands.results import follow, result
from geartrain.engine.commands.schedule import schedule
from geartrain.engine.commands.search import jobs
from geartrain.engine.commands.server import server
from geartrain.engine.commands.statistics import statistics
from geartrain.engine.commands.status import (
    counters,
    prioritystatus,
    show,
    status,
    workers,
)
from geartrain.engine.commands.store import store
from geartrain.engine.commands.trace import trace
from geartrain.engine.commands.upcoming import upcoming
from geartrain.engine.commands.why import why
from geartrain.engine.model.access import ADMINISTER
from geartrain.engine.model.functions import Function
from geartrain.engine.model.peers import Peer
from geartrain.engine.state import functions, overrides, tracing
from geartrain.engine.state.following import unfollow
from geartrain.engine.state.state import State
from geartrain.errors import PacketError
from geartrain.protocol.admin import (
    END_OF_LIST,
    OK,
    PART,
    SPANS,
    UNTIL,
    Command,
    error,
    ok,
)

__all__ = ["COMMANDS", "run_command"]

TextCommand = Callable[[State, Peer, list[bytes]], bytes]

# Units of work, as ``turns`` counts it, of a line of text beside a message's.
_LINE: Final = 10

_INCOMPLETE: Final = "An incomplete set of arguments was sent to this command "


_LATE: Final = error(b"TOO_LATE", "this was to be done before")
_CONFINED: Final = error(
    b"NOT_ALLOWED",
    "this address takes no command that changes something: use one of --admin-listen,"
    " or HTTP",
)


def run_command(state: State, peer: Peer, command: Command) -> None:
    """Answer one line; what the answer has beyond this is left in ``peer.rest``."""
    # Before somebody sees them.
    functions.forget_idle(state)
    span, words = _span_of(command.words)
    is_late = False
    if span == PART and len(words) > 1 and words[0].startswith(UNTIL):
        is_late = _is_over(state, words[0])
        words = words[1:]
    if state.followers and unfollow(state, peer):
        peer.send(END_OF_LIST)
    if state.traces:
        tracing.end(state, peer)
    state.turns.work += _LINE
    name = words[0].lower()
    handler = COMMANDS.get(name)
    if handler is None or len(words) < _LEAST_WORDS.get(name, 1):
        # gearmand glues the word to its sentence and sends its bytes as they are.
        peer.send(b"ERR UNKNOWN_COMMAND Unknown+server+command" + words[0] + b"\r\n")
        return
    if is_late:
        peer.send(_LATE)
        return
    if peer.is_confined and is_change(words):
        peer.send(_CONFINED)
        return
    if span or peer.is_part or has_others(state):
        answer = _answer_for_all(state, peer, words, handler, span)
    else:
        answer = _answer(state, peer, words, handler)
    if is_change(words):
        _record(state, peer, words, answer)
    if answer:
        peer.send(answer)


def _span_of(words: list[bytes]) -> tuple[bytes, list[bytes]]:
    """Part the words of a command from the one before them, if there is one."""
    if len(words) > 1 and words[0].lower() in SPANS:
        return words[0].lower(), words[1:]
    return b"", words


def _is_over(state: State, word: bytes) -> bool:
    """Tell whether a time has passed until which a command is to be carried out."""
    try:
        return state.server_time() > float(word[len(UNTIL) :])
    except ValueError:
        return True


def _record(state: State, peer: Peer, words: list[bytes], answer: bytes) -> None:
    """Record a command that has changed something, or does so with the rest."""
    # One that has to ask the store is run again.
    if answer.startswith(b"OK"):
        record(state, peer, words, answer)
        if words[0].lower() != b"shutdown":
            state.journal.hold_change(peer, is_text=True)
    elif peer.rest is not None and not answer:
        peer.rest = recorded(state, peer, words, peer.rest)


def _answer(
    state: State, peer: Peer, words: list[bytes], handler: TextCommand
) -> bytes:
    """Return the answer to a command, which may be that its peer lacks the right."""
    try:
        check_command(state, peer, words)
        return handler(state, peer, words)
    except PacketError as refusal:
        return error(refusal.code, refusal.text.decode())


def _answer_for_all(
    state: State, peer: Peer, words: list[bytes], handler: TextCommand, span: bytes
) -> bytes:
    """Answer a command that may be about other job servers, too."""
    is_for_all = spans(state, words, span)
    peer.is_part = span == PART
    if not is_for_all:
        return _answer(state, peer, words, handler)
    try:
        return answer_with_others(
            state, peer, words, lambda own: _answer(state, peer, own, handler)
        )
    except PacketError as refusal:
        return error(refusal.code, refusal.text.decode())


def version(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Tell the job server's version."""
    return ok(state.options.version)


def getpid(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Tell the job server's process."""
    return ok(str(state.options.process_id).encode())


def verbose(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Tell the log level."""
    return ok(state.options.log_level)


def create(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Create a function, unless there is one."""
    if len(words) != 3 or words[1].lower() != b"function":
        return _incomplete(b"create")
    function = functions.name(state, words[2])
    if function is None:
        return _too_many()
    overrides.limit(state, function, function.limits)
    state.journal.hold_change(peer, is_text=True)
    return OK


def drop(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Forget each function of this name, in whatever case, that nobody needs."""
    if len(words) != 3 or words[1].lower() != b"function":
        return _incomplete(b"drop")
    peer.rest = _drop_each(state, peer, words[2].lower())
    return b""


def _drop_each(state: State, peer: Peer, name: bytes) -> Iterator[bytes]:
    is_any = False
    state.turns.work += len(state.functions) >> 6
    for each in list(state.functions):
        found = state.functions.get(each) if each.lower() == name else None
        if found is not None and not peer.may(ADMINISTER, each):
            found = None
        is_any = is_any or found is not None
        yield b"" if found is None else _drop(state, peer, found)
    if not is_any:
        yield b"ERR function not found\r\n"


def _drop(state: State, peer: Peer, function: Function) -> bytes:
    if function.dead:
        return error(b"DEAD_LETTERS", "drop the function's dead letters first")
    if function.workers or function.job_count() or function.recurring:
        return b"ERR there are still connected workers or executing clients\r\n"
    functions.forget(state, function)
    state.journal.hold_change(peer, is_text=True)
    return OK


def maxqueue(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Limit a function's jobs: for all priorities, or high, normal and low."""
    if len(words) < 2:
        return _incomplete(b"maxqueue")
    if len(words) > 5:
        return error(b"INVALID_ARGUMENTS", "maxqueue takes at most three limits")
    limits = [_limit(word) for word in words[2:]]
    if len(limits) == 1:
        limits = limits * 3
    function = functions.name(state, words[1])
    if function is None:
        return _too_many()
    overrides.limit(state, function, [*limits, 0, 0, 0][:3])
    state.journal.hold_change(peer, is_text=True)
    return OK


def _limit(word: bytes) -> int:
    """Read a limit; what is no positive number is no limit."""
    return int(word) if word.isdigit() and len(word) <= 18 else 0


def shutdown(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Stop the job server, where only this machine can ask for it."""
    if not peer.is_trusted:
        return error(
            b"NOT_ALLOWED", "shutdown works on loopback and unix listeners only"
        )
    if len(words) == 1:
        state.shutdown = "now"
    elif len(words) == 2 and words[1].lower() == b"graceful":
        state.shutdown = "graceful"
    else:
        return error(b"UNKNOWN_ARGS", "shutdown takes nothing or the word graceful")
    return OK


def _too_many() -> bytes:
    return error(b"TOO_MANY", TOO_MANY_FUNCTIONS.decode())


def _incomplete(command: bytes) -> bytes:
    return error(b"INVALID_ARGUMENTS", _INCOMPLETE + command.decode())


COMMANDS: Final[dict[bytes, TextCommand]] = {
    b"version": version,
    b"getpid": getpid,
    b"verbose": verbose,
    b"status": status,
    b"prioritystatus": prioritystatus,
    b"workers": workers,
    b"show": show,
    b"create": create,
    b"drop": drop,
    b"maxqueue": maxqueue,
    b"actions": actions,
    b"announce": announce,
    b"cancel": cancel,
    b"pause": pause,
    b"resume": resume,
    b"drain": drain,
    b"purge": purge,
    b"priority": priority,
    b"move": move,
    b"run": run,
    b"schedule": schedule,
    b"upcoming": upcoming,
    b"jobs": jobs,
    b"job": job,
    b"dead": dead,
    b"release": release,
    b"retry": retry,
    b"fail": fail,
    b"failures": failures,
    b"policy": policy,
    b"result": result,
    b"follow": follow,
    b"why": why,
    b"counters": counters,
    b"history": history,
    b"hooks": hooks,
    b"cluster": cluster,
    b"marks": marks,
    b"keys": keys,
    b"batch": batch,
    b"batches": batches,
    b"statistics": statistics,
    b"store": store,
    b"server": server,
    b"problems": problems,
    b"shutdown": shutdown,
    b"events": events,
    b"trace": trace,
}

# With fewer words gearmand does not know these.
_LEAST_WORDS: Final = {b"show": 2, b"cancel": 3}
