"""What a process runs: a worker of a module, or shell commands."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any, Protocol, cast

from geartrain.errors import OptionError, WorkerError

__all__ = ["CommandTarget", "ModuleTarget", "Runnable", "Target", "module_target"]

_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


class Runnable(Protocol):
    """The part of ``Worker`` and ``AsyncWorker`` that the supervisor uses."""

    servers: Any
    tls: Any
    token: Any
    concurrency: int
    prefetch: int
    observer: Any

    @property
    def functions(self) -> list[str]:
        """Return the names of its functions."""

    def run(self, *, signals: bool = True) -> Any:
        """Work until stopped; AsyncWorker's is a coroutine function."""

    def stop(self, deadline: float | None = None) -> Any:
        """Take no more jobs; after ``deadline`` seconds give back those that run."""


class Target(Protocol):
    """Makes a worker, in the process that will run it."""

    def load(self) -> Runnable:
        """Return the worker.

        Raises:
            Exception: whatever the code that is loaded raises, or WorkerError.
        """

    def __str__(self) -> str:
        """Return its name for the log."""


class ModuleTarget:
    """A worker, or a function that makes one, in a module."""

    def __init__(self, module: str, name: str = "") -> None:
        """Take the dotted name of a module, and perhaps the name of an object in it."""
        self.module = module
        self.name = name

    def __str__(self) -> str:
        return f"{self.module}:{self.name}" if self.name else self.module

    def load(self) -> Runnable:
        """Import the module; return its worker, calling a function that makes it.

        Raises:
            WorkerError: the name is missing, or not a worker's, or the module runs its
                worker while it is imported.
        """
        from geartrain.worker.base import BaseWorker

        # A worker that ran now would do so unsupervised, and the import would not end.
        BaseWorker.refusal = (
            f"{self} runs its worker when it is loaded, which geartrain worker does"
            ' itself: put run() under `if __name__ == "__main__":`'
        )
        try:
            return self._load()
        finally:
            BaseWorker.refusal = ""

    def _load(self) -> Runnable:
        module = import_module(self.module)
        found = _named(module, self.name) if self.name else _only_worker(module)
        if not _is_worker(found) and callable(found):
            found = found()
        if not _is_worker(found):
            raise WorkerError(
                f"{self} is a {type(found).__name__}: name a Worker, an AsyncWorker or"
                " a function that returns one"
            )
        return cast("Runnable", found)


class CommandTarget:
    """Shell commands, each for the jobs of one function."""

    def __init__(self, commands: dict[str, str]) -> None:
        """Take the commands, by the names of their functions."""
        self.commands = commands

    def __str__(self) -> str:
        return "--exec " + ",".join(self.commands)

    def load(self) -> Runnable:
        """Return a worker that runs the commands."""
        from geartrain.supervisor.command_worker import CommandWorker

        return CommandWorker(self.commands)


def module_target(text: str) -> ModuleTarget:
    """Read ``MODULE`` or ``MODULE:NAME``.

    Raises:
        OptionError: the text is neither.
    """
    module, colon, name = text.partition(":")
    if module.endswith(".py") or "/" in module:
        raise OptionError(
            f"{text!r} is a file: name the module, as import does, such as tasks"
        )
    if not _DOTTED.fullmatch(module) or (colon and not _DOTTED.fullmatch(name)):
        raise OptionError(f"{text!r} is not MODULE or MODULE:NAME")
    return ModuleTarget(module, name)


def _named(module: ModuleType, name: str) -> object:
    found: object = module
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise WorkerError(f"{module.__name__} has no {name!r}") from None
    return found


def _only_worker(module: ModuleType) -> object:
    """Return the only worker in a module, or else the object named ``worker``."""
    workers = {id(value): name for name, value in _workers(module)}
    if len(workers) == 1:
        (name,) = workers.values()
        return getattr(module, name)
    if hasattr(module, "worker"):
        return getattr(module, "worker")  # noqa: B009
    names = ", ".join(workers.values())
    if not workers:
        raise WorkerError(
            f"{module.__name__} has no worker: make one, or name a function that"
            f" returns one, as {module.__name__}:NAME"
        )
    raise WorkerError(
        f"{module.__name__} has several workers ({names}): name one, as"
        f" {module.__name__}:NAME"
    )


def _workers(module: ModuleType) -> Iterator[tuple[str, object]]:
    for name, value in vars(module).items():
        if _is_worker(value):
            yield name, value


def _is_worker(value: object) -> bool:
    """Return whether this is a worker, without importing the worker library."""
    library = sys.modules.get("geartrain.worker.base")
    return library is not None and isinstance(value, library.BaseWorker)
