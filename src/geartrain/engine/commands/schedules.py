"""The packet that submits a recurring job."""

from __future__ import annotations

from geartrain.engine.commands import options
from geartrain.engine.commands.client import is_admitted
from geartrain.engine.commands.common import TOO_MANY_FUNCTIONS, send_error
from geartrain.engine.jobs.kept_schedules import keep_record
from geartrain.engine.jobs.schedules import add_schedule, check_times, submit
from geartrain.engine.jobs.submissions import coalescing_key
from geartrain.engine.model.cron_fields import cron_of
from geartrain.engine.model.functions import Function
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.schedule_settings import settings_of
from geartrain.engine.model.schedules import Schedule
from geartrain.engine.state import functions, quotas
from geartrain.engine.state.state import State
from geartrain.engine.state.statistics import count_refusal
from geartrain.errors import OptionError
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import Packet, encode

__all__ = ["submit_job_sched"]


def submit_job_sched(state: State, peer: Peer, packet: Packet) -> None:
    """Submit a job in the background whenever its five fields match the time.

    PROTOCOL, "SUBMIT_JOB_SCHED". The answer's handle is the schedule's: GET_STATUS
    knows it and ``cancel job`` ends it. Function and unique name the schedule, so
    that submitting it again changes it instead of adding another.
    """
    name, unique = packet.arguments[0], packet.arguments[1]
    options.check_none(state, peer, name)
    if not is_admitted(state, peer, name, packet):
        return
    fields = packet.arguments[2:7]
    try:
        cron = cron_of(fields)
        check_times(state, settings_of({"cron": cron}))
    except (OptionError, ValueError) as error:
        send_error(peer, b"INVALID_ARGUMENT", str(error).encode())
        return
    key = coalescing_key(unique, packet.arguments[7], packet.more)
    function = functions.admit(state, name)
    if function is None:
        send_error(peer, b"QUEUE_ERROR", TOO_MANY_FUNCTIONS)
        return
    known = function.recurring.get(key) if key else None
    too_many = quotas.recurring_excess(state, peer, packet, known)
    if too_many:
        count_refusal(state, name)
        send_error(peer, b"QUEUE_ERROR", too_many)
        return
    schedule = known or _new_schedule(state, function, unique, key)
    quotas.end_schedule(state, schedule)
    schedule.owner = quotas.owner_of(peer)
    schedule.headers = peer.headers
    submit(state, schedule, fields, cron, [packet.arguments[7], *packet.more])
    quotas.begin_schedule(state, schedule)
    keep_record(state, schedule)
    state.journal.hold_change(peer, is_text=False)
    peer.send(encode(PacketType.JOB_CREATED, schedule.handle))


def _new_schedule(
    state: State, function: Function, unique: bytes, key: bytes
) -> Schedule:
    """Return a new schedule of this identity."""
    number = state.new_number()
    schedule = Schedule(number, state.handle(number), function)
    schedule.unique, schedule.key = unique, key
    add_schedule(state, schedule)
    return schedule
