"""The text protocol's commands.

PROTOCOL, "Administrative Protocol"; what it leaves open follows gearmand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from geartrain.engine.commands.attempts import fail, release, retry
from geartrain.engine.commands.dead import dead
from geartrain.engine.commands.jobs import cancel, job, jobs
from geartrain.engine.commands.policy import policy, show_policies
from geartrain.engine.functions import Function
from geartrain.engine.jobs import Job
from geartrain.engine.peers import Peer
from geartrain.engine.rows import row, text
from geartrain.engine.state import State
from geartrain.protocol.admin import END_OF_LIST, OK, Command, error, ok

__all__ = ["COMMANDS", "run_command"]

TextCommand = Callable[[State, Peer, list[bytes]], bytes]

# Above that, a list made in one go would keep everybody waiting.
_MOST_SHOWN: Final = 100_000

_INCOMPLETE: Final = "An incomplete set of arguments was sent to this command "


def run_command(state: State, peer: Peer, command: Command) -> None:
    """Answer one line."""
    words = command.words
    name = words[0].lower()
    handler = COMMANDS.get(name)
    if handler is None or len(words) < _LEAST_WORDS.get(name, 1):
        # gearmand glues the word to its sentence and sends its bytes as they are.
        peer.send(b"ERR UNKNOWN_COMMAND Unknown+server+command" + words[0] + b"\r\n")
        return
    answer = handler(state, peer, words)
    # One that has to ask the store is run again.
    if answer:
        peer.send(answer)


def version(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Tell the job server's version."""
    return ok(state.options.version)


def getpid(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Tell the job server's process."""
    return ok(str(state.options.process_id).encode())


def verbose(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Tell the log level."""
    return ok(state.options.log_level)


def status(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List functions with their jobs, how many of these run, and the workers."""
    rows = [
        b"%s\t%d\t%d\t%d\n"
        % (
            _shown(function.name),
            function.job_count(),
            len(function.running),
            len(function.workers),
        )
        for function in state.functions.values()
    ]
    return b"".join(rows) + END_OF_LIST


def prioritystatus(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List functions with their waiting jobs by priority, and the workers."""
    rows = []
    for function in state.functions.values():
        counts = [
            queue.size() + backlog.size()
            for queue, backlog in zip(function.ready, function.backlogs, strict=True)
        ]
        for scheduled in function.scheduled:
            counts[scheduled.priority] += 1
        rows.append(
            b"%s\t%d\t%d\t%d\t%d\n"
            % (
                _shown(function.name),
                counts[0],
                counts[1],
                counts[2],
                len(function.workers),
            )
        )
    return b"".join(rows) + END_OF_LIST


def workers(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List all connections with their abilities, the newest registration first."""
    rows = []
    for other in state.peers:
        names = [b" " + _shown(function.name) for function in other.abilities]
        names.reverse()
        rows.append(
            b"%d %s %s :%s\n"
            % (other.descriptor, other.address, other.client_id, b"".join(names))
        )
    return b"".join(rows) + END_OF_LIST


def _shown(name: bytes) -> bytes:
    """Return a function's name as lists show it: as a C string, up to a NUL."""
    return name.partition(b"\0")[0]


def show(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List jobs, their uniques, or schedules."""
    what = [word.lower() for word in words[1:]]
    if what in ([b"jobs"], [b"unique", b"jobs"]):
        count = sum(function.job_count() for function in state.functions.values())
        if count > _MOST_SHOWN or count > len(state.jobs):
            return error(
                b"TOO_MANY", f"there are {count} jobs: list them by geartrain jobs"
            )
        return _show_jobs(state) if len(what) == 1 else _show_unique_jobs(state)
    if what == [b"schedules"]:
        return _show_schedules(state)
    if what == [b"policies"]:
        return show_policies(state)
    return error(b"UNKNOWN_SHOW_ARGUMENTS")


def _show_jobs(state: State) -> bytes:
    """Give each job's handle, losses, 0 (gearmand's ignored), and 1 if background."""
    rows = [
        b"%s\t%d\t0\t%d\n" % (job.handle, _losses(job), job.background)
        for job in state.jobs.values()
    ]
    return b"".join(rows) + END_OF_LIST


def _losses(job: Job) -> int:
    return 0 if job.failures is None else job.failures.crashes


def _show_unique_jobs(state: State) -> bytes:
    rows = [job.unique + b"\n" for job in state.jobs.values()]
    return b"".join(rows) + END_OF_LIST


def _show_schedules(state: State) -> bytes:
    """Give each schedule's handle, function, unique, fields and next time."""
    rows = [
        b"%s\t%s\t%s\t%s\t%d\n"
        % (
            schedule.handle,
            schedule.function.name,
            schedule.unique,
            b" ".join(field or b"*" for field in schedule.fields),
            int(schedule.due),
        )
        for schedule in state.schedules.values()
    ]
    return b"".join(rows) + END_OF_LIST


def create(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Create a function, unless there is one."""
    if len(words) != 3 or words[1].lower() != b"function":
        return _incomplete(b"create")
    state.function(words[2])
    return OK


def drop(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Forget each function of this name, in whatever case, that nobody needs."""
    if len(words) != 3 or words[1].lower() != b"function":
        return _incomplete(b"drop")
    name = words[2].lower()
    found = [each for each in state.functions.values() if each.name.lower() == name]
    if not found:
        return b"ERR function not found\r\n"
    return b"".join(_drop(state, function) for function in found)


def _drop(state: State, function: Function) -> bytes:
    is_scheduled = any(
        schedule.function is function for schedule in state.schedules.values()
    )
    if function.dead:
        return error(b"DEAD_LETTERS", "drop the function's dead letters first")
    if function.workers or function.job_count() or is_scheduled:
        return b"ERR there are still connected workers or executing clients\r\n"
    del state.functions[function.name]
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
    state.function(words[1]).limits = [*limits, 0, 0, 0][:3]
    return OK


def _limit(word: bytes) -> int:
    """Read a limit; what is no positive number is no limit."""
    return int(word) if word.isdigit() and len(word) <= 18 else 0


def counters(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List what has become of each function's jobs since the start."""
    return b"".join(map(_counters_row, state.functions.values())) + END_OF_LIST


def _counters_row(function: Function) -> bytes:
    counted = function.counters
    return row(
        {
            "function": text(function.name),
            "submitted": counted.submitted,
            "completed": counted.completed,
            "failed": counted.failed,
            "retried": counted.retried,
            "crashed": counted.crashed,
            "timed_out": counted.timed_out,
            "dead": counted.dead,
            "cancelled": counted.cancelled,
            "expired": counted.expired,
            "refused_results": counted.refused_results,
        }
    )


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
    b"cancel": cancel,
    b"jobs": jobs,
    b"job": job,
    b"dead": dead,
    b"release": release,
    b"retry": retry,
    b"fail": fail,
    b"policy": policy,
    b"counters": counters,
    b"shutdown": shutdown,
}

# With fewer words gearmand does not know these.
_LEAST_WORDS: Final = {b"show": 2, b"cancel": 3}
