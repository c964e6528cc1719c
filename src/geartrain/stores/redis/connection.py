"""The connection to Redis: what is asked, and errors as an operator reads them."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from geartrain.errors import StoreError
from geartrain.stores.base import ServerAwayError
from geartrain.stores.redis.location import RedisLocation

__all__ = ["LostConnectionError", "RedisConnection", "Words"]

Words = Sequence[bytes | str | int | float]
"""A command: its name and its arguments."""

# Seconds: a server that is there answers sooner, and the job server goes on meanwhile.
_CONNECT_TIMEOUT: Final = 5.0
# A commit may wait for the disk, or for a copy of all of Redis's memory to begin.
_TIMEOUT: Final = 20.0

# What Redis says in one word, and what that means here.
_MEANINGS: Final = {
    "OOM": "it has no memory left for new jobs (maxmemory): free some or raise it",
    "READONLY": "it is a replica, which takes no writes: name the primary",
    "NOAUTH": "it wants a password: redis://:PASSWORD@host",
    "WRONGPASS": "it refuses the user or the password",
    "LOADING": "it is still reading its data",
    "NOREPLICAS": "it has fewer replicas than min-replicas-to-write wants",
}

# The address, which stands in front of all errors anyway.
_CONNECTING: Final = re.compile(r"^Error( -?\d+)? connecting to \S+\. ?")

# redis-py takes these words off.
_WORDS: Final[dict[type[Exception], str]] = {
    redis.exceptions.OutOfMemoryError: "OOM",
    redis.exceptions.ReadOnlyError: "READONLY",
    redis.exceptions.BusyLoadingError: "LOADING",
}


class LostConnectionError(ServerAwayError):
    """Redis did not answer: nobody knows whether it did what it was told.

    Or it has become a replica: another one may be behind its name by now.
    """

    @property
    def is_late(self) -> bool:
        """Tell whether the answer was waited for in vain, over a good connection."""
        return isinstance(self.__cause__, redis.TimeoutError)


class RedisConnection:
    """A client of one Redis server; connects when it is first asked something."""

    def __init__(self, location: RedisLocation) -> None:
        self._location = location
        common: dict[str, Any] = {
            "db": location.database,
            "username": location.server.user or None,
            "password": location.server.password or None,
            # Older servers know no other protocol, and its errors are plainer.
            "protocol": 2,
            "retry": Retry(NoBackoff(), 0),
            "socket_connect_timeout": _CONNECT_TIMEOUT,
            "socket_timeout": _TIMEOUT,
            "client_name": "geartrain",
        }
        if location.path:
            common["unix_socket_path"] = location.path
        else:
            common |= {"host": location.server.host, "port": location.server.port}
        if location.is_tls:
            common |= {
                "ssl": True,
                "ssl_ca_certs": location.ca or None,
                "ssl_certfile": location.cert or None,
                "ssl_keyfile": location.key or None,
            }
        # Its types do not tell of execute_command.
        self._client: Any = redis.Redis(**common)

    def ask(self, *commands: Words) -> list[Any]:
        """Return the answers to commands, sent together; no transaction.

        If the connection is lost they are sent once more, over another one: Redis may
        have been restarted. So they must do no harm twice.

        Raises:
            LostConnectionError: there is no connection, or no answer.
            StoreError: Redis refused one of them.
        """
        if not commands:
            return []
        try:
            return self._ask(commands)
        except LostConnectionError as error:
            if error.is_late:
                raise
        return self._ask(commands)

    def _ask(self, commands: Sequence[Words]) -> list[Any]:
        with self._store_errors():
            if len(commands) == 1:
                return [self._client.execute_command(*commands[0])]
            with self._client.pipeline(transaction=False) as pipeline:
                for words in commands:
                    pipeline.execute_command(*words)
                return list(pipeline.execute())

    def run(
        self, script: bytes, keys: Words, *values: bytes | str | int | float
    ) -> Any:
        """Run a script and return its answer; raises as ``ask``."""
        return self.run_and_wait(script, keys, values, ())[0]

    def run_and_wait(
        self, script: bytes, keys: Words, values: Words, then: Words
    ) -> list[Any]:
        """Run a script and then, if there is one, a command; raises as ``ask``."""
        digest = hashlib.sha1(script, usedforsecurity=False).hexdigest()
        rest = [len(keys), *keys, *values]
        commands = [["EVALSHA", digest, *rest]] + ([then] if then else [])
        try:
            return self.ask(*commands)
        except StoreError as error:
            if not isinstance(error.__cause__, redis.exceptions.NoScriptError):
                raise
        commands[0] = ["EVAL", script, *rest]
        return self.ask(*commands)

    def close(self) -> None:
        """Disconnect; the next question connects again."""
        with contextlib.suppress(redis.RedisError, OSError):
            self._client.close()

    @contextlib.contextmanager
    def _store_errors(self) -> Iterator[None]:
        """Raise the server's errors as StoreError."""
        try:
            yield
        except (redis.ConnectionError, redis.TimeoutError, OSError) as error:
            self.close()
            said = _meaning(error) or f"no answer: {_said(error)}"
            raise LostConnectionError(f"{self._location}: {said}") from error
        except redis.RedisError as error:
            said = _meaning(error) or _said(error)
            if isinstance(error, redis.exceptions.ReadOnlyError):
                self.close()
                raise LostConnectionError(f"{self._location}: {said}") from error
            raise StoreError(f"{self._location}: {said}") from error


def _meaning(error: Exception) -> str:
    """Return what an error of Redis means here; empty if it speaks for itself."""
    if isinstance(error, redis.exceptions.AuthenticationError):
        word = "NOAUTH" if "required" in str(error) else "WRONGPASS"
    else:
        word = _WORDS.get(type(error), str(error).partition(" ")[0])
    return _MEANINGS.get(word, "")


def _said(error: Exception) -> str:
    said = _CONNECTING.sub("", str(error)).strip().rstrip(".")
    return said or type(error).__name__
