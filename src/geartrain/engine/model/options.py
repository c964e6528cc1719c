"""What an engine can be told."""

from __future__ import annotations

from dataclasses import dataclass, field

from geartrain.engine.model.limits import NO_LIMITS, Limits
from geartrain.engine.model.policies import Policy

__all__ = ["EngineOptions"]


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """An engine's settings.

    Attributes:
        handle_prefix: what handles begin with; ``:<number>`` follows.
        max_packet: the largest workload or result taken, in bytes.
        max_outbox: bytes that may be due to a peer at once before it is disconnected.
        policy: how the jobs of functions without a policy of their own are treated.
        window: with a store, how many waiting jobs of one function and priority
            are in memory.
        most_functions: the most functions that peers can name; those of a store are
            taken however many there are.
        most_idle: the most functions without use that are listed; of about 2.5 kB each.
        most_dead: the most dead letters kept; 0 is without limit.
        max_history: the most bytes to remember ended jobs with; 0 remembers none.
        exceptions: forward WORK_EXCEPTION to clients that did not ask for it.
        choice: how workers choose among functions: ``"priority"`` first across
            all of them, functions in ``"order"``, or functions in ``"turns"``.
        version: the answer to the text command ``version``.
        process_id: the answer to the text command ``getpid``.
        log_level: the answer to the text command ``verbose``.
        limits: what each address may use, and each site of IPv6.
        node_identity: what tells this process apart from other job servers.
        node_name: what it is called among them.
        told: what ``server options`` tells: name, value and source of each option.
    """

    handle_prefix: bytes = b"H:localhost"
    max_packet: int = 1024 * 1024 * 1024
    max_outbox: int = 256 * 1024 * 1024
    policy: Policy = field(default_factory=Policy)
    window: int = 10_000
    most_functions: int = 100_000
    most_idle: int = 10_000
    most_dead: int = 0
    max_history: int = 64 * 1024 * 1024
    exceptions: bool = False
    choice: str = "priority"
    version: bytes = b""
    process_id: int = 0
    log_level: bytes = b"NOTICE"
    limits: Limits = NO_LIMITS
    node_identity: bytes = b""
    node_name: bytes = b"-"
    told: tuple[tuple[str, str, str], ...] = ()
