"""What Redis is set to: how durable a commit is, and whether jobs may be evicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from geartrain.errors import OptionError, StoreError
from geartrain.stores.redis.connection import RedisConnection

__all__ = ["Settings", "check_durability", "read_settings"]

_DURABILITIES: Final = ("disk", "os", "memory")
_ASKED: Final = (
    "appendonly",
    "appendfsync",
    "no-appendfsync-on-rewrite",
    "maxmemory-policy",
)
_SET_ALWAYS: Final = (
    "CONFIG SET appendonly yes, CONFIG SET appendfsync always, and CONFIG REWRITE to"
    " keep that"
)


def check_durability(durability: str) -> None:
    """Check the name of a durability.

    Raises:
        OptionError: there is none of that name.
    """
    if durability not in _DURABILITIES:
        raise OptionError(f"{durability!r} is no durability: use disk, os or memory")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a Redis server that a store depends on, and how it is.

    Attributes:
        version: of the server.
        has_log: it writes an append-only file.
        fsync: when that is forced to the disk: ``always``, ``everysec``, ``no``, or
            nothing if the server does not tell.
        is_held_back: not while the file is rewritten.
        policy: what it does when its memory is full.
        primary: the server that it is a replica of; empty if it is none.
        is_cluster: it is part of a Redis Cluster.
        log_error: its last write to the file failed.
        used: the bytes of memory in use.
        most: the bytes that it may use; 0 is without limit.
    """

    version: str
    has_log: bool
    fsync: str
    is_held_back: bool
    policy: str
    primary: str
    is_cluster: bool
    log_error: bool
    used: int
    most: int

    def in_force(self) -> str:
        """Return the durability in force, as operators read it."""
        if not self.has_log:
            return "memory: appendonly is no"
        what = {"always": "disk", "everysec": "os", "no": "os"}.get(self.fsync, "os")
        if self.is_held_back:
            what = "os"
        fsync = self.fsync or "not told (CONFIG GET is forbidden)"
        return f"{what}: appendonly is yes, appendfsync {fsync}"

    def check(self, durability: str) -> str:
        """Return a warning for the operator about the durability asked for, or nothing.

        Raises:
            StoreError: jobs would be less durable than asked for, could be evicted, or
                cannot be written at all.
        """
        self._check_writable()
        if durability == "disk":
            self._check_disk()
        if durability == "os" and not self.has_log:
            raise StoreError(
                "it writes no append-only file, so that jobs end with its process, but"
                " --durability os wants them to stay: CONFIG SET appendonly yes, or"
                " start with --durability memory"
            )
        if not self.has_log:
            return (
                "Redis keeps jobs in its memory alone (appendonly is no): they are lost"
                " when it stops"
            )
        if self.fsync == "always" and not self.is_held_back:
            return ""
        return (
            f"Redis has appendfsync {self.fsync or 'unknown'}: a power cut or crash of"
            " its machine loses jobs of the last second or more that were acknowledged"
        )

    def _check_writable(self) -> None:
        if self.primary:
            raise StoreError(
                f"it is a replica of {self.primary}, which takes no writes: name that"
                " one"
            )
        if self.is_cluster:
            raise StoreError(
                "it is part of a Redis Cluster, whose servers keep keys apart that"
                " belong together: name a server that is none"
            )
        if self.policy != "noeviction":
            raise StoreError(
                f"its maxmemory-policy is {self.policy}, by which it may drop jobs:"
                " CONFIG SET maxmemory-policy noeviction"
            )
        if self.log_error:
            raise StoreError("it cannot write its append-only file: see its log")

    def _check_disk(self) -> None:
        if not self.has_log:
            raise StoreError(
                "it writes no append-only file, which --durability disk needs:"
                f" {_SET_ALWAYS}"
            )
        if not self.fsync:
            raise StoreError(
                "it does not tell its appendfsync (CONFIG GET is forbidden), and"
                " --durability disk needs to know that it is always: allow the user"
                " +config|get, or start with --durability os"
            )
        if self.fsync != "always":
            raise StoreError(
                f"its appendfsync is {self.fsync}, by which a power cut loses jobs that"
                f" were acknowledged: {_SET_ALWAYS}; or start with --durability os"
            )
        if self.is_held_back:
            raise StoreError(
                "its no-appendfsync-on-rewrite is yes, by which a power cut during a"
                " rewrite loses jobs: CONFIG SET no-appendfsync-on-rewrite no"
            )


def read_settings(connection: RedisConnection) -> Settings:
    """Ask a server for its settings.

    Raises:
        StoreError: it does not answer.
    """
    (info,) = connection.ask(("INFO",))
    told = _told(info)
    config = _config(connection)
    host, port = told.get("master_host", ""), told.get("master_port", "")
    return Settings(
        version=told.get("valkey_version") or told.get("redis_version", ""),
        has_log=config.get("appendonly", "no") == "yes"
        if "appendonly" in config
        else told.get("aof_enabled") == "1",
        fsync=config.get("appendfsync", ""),
        is_held_back=config.get("no-appendfsync-on-rewrite") == "yes",
        policy=config.get("maxmemory-policy")
        or told.get("maxmemory_policy", "unknown"),
        primary=f"{host}:{port}" if told.get("role") == "slave" else "",
        is_cluster=told.get("cluster_enabled") == "1",
        log_error=told.get("aof_last_write_status", "ok") != "ok",
        used=int(told.get("used_memory", 0)),
        most=int(told.get("maxmemory", 0)),
    )


def _told(info: Any) -> dict[str, str]:
    """Return what INFO tells; redis-py may have read it already."""
    if isinstance(info, dict):
        return {str(name): str(value) for name, value in info.items()}
    lines = [line.partition(":") for line in info.decode().splitlines()]
    return {name: value.strip() for name, _, value in lines}


def _config(connection: RedisConnection) -> dict[str, str]:
    """Return settings; none where CONFIG is forbidden, as hosted servers have it."""
    try:
        answers = connection.ask(*(("CONFIG GET", name) for name in _ASKED))
    except StoreError as error:
        if "CONFIG" in str(error).upper() or "permission" in str(error):
            return {}
        raise
    config: dict[str, str] = {}
    for answer in answers:
        items = answer.items() if isinstance(answer, dict) else [tuple(answer)]
        config |= {_text(name): _text(value) for name, value in items if name}
    return config


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
