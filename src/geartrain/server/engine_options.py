"""What the engine is told of a job server's options."""

from __future__ import annotations

import os
import secrets

from geartrain import __version__
from geartrain.engine.model.limits import Limits
from geartrain.engine.model.options import EngineOptions
from geartrain.engine.model.policies import Policy
from geartrain.server.memory import largest_packet, limit_of
from geartrain.server.options import Options, default_handle_prefix
from geartrain.server.told import told_options
from geartrain.stores.locations import cluster_of

__all__ = ["engine_options"]

# Clients compare it: net_gearman sends CAN_DO_TIMEOUT in milliseconds from 1.1.18 on.
# What follows a + does not count for whoever compares versions.
_ANSWERED = {"1.1": "1.1.21", "2.0": "2.0.0"}

# The most dead letters held in memory, where no store keeps them.
_MOST_DEAD = 10_000


def engine_options(options: Options) -> EngineOptions:
    """Tell the engine what concerns it."""
    choice = "priority"
    if options.compat == "1.1":
        choice = "turns" if options.round_robin else "order"
    return EngineOptions(
        handle_prefix=_handle_prefix(options).encode(),
        max_packet=largest_packet(limit_of(options.max_memory), options.max_packet),
        max_outbox=options.max_outbox,
        policy=_default_policy(options),
        max_history=options.max_history,
        most_dead=_MOST_DEAD if options.store == "memory:" else 0,
        exceptions=options.exceptions,
        choice=choice,
        version=f"{_ANSWERED[options.compat]}+geartrain-{__version__}".encode(),
        process_id=os.getpid(),
        log_level=options.log_level.encode(),
        limits=Limits(
            connections=options.max_connections_per_address,
            submissions=options.max_submissions_per_address,
            jobs=options.max_jobs_per_address,
            size=options.max_bytes_per_address,
        ),
        node_identity=secrets.token_hex(8).encode(),
        node_name=options.node_name.encode(),
        told=tuple(told_options(options)),
    )


def _handle_prefix(options: Options) -> str:
    """Return what handles begin with: the same for all that share a store."""
    given = options.handle_prefix
    if given != default_handle_prefix():
        return given
    cluster = cluster_of(options.store)
    return f"H:{cluster}" if cluster else given


def _default_policy(options: Options) -> Policy:
    policy = Policy()
    # --job-retries: 0 and 1 both mean the first lost worker, and -1 means never.
    policy.max_crashes = max(options.job_retries, 1) if options.job_retries >= 0 else 0
    policy.backoff_delay = options.backoff_delay
    policy.options_in_names = options.options_in_names
    return policy
