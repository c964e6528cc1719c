"""Registering functions: the same for both workers, and at any time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from geartrain.errors import WorkerError
from geartrain.worker.functions import Function, key
from geartrain.worker.log import LOG
from geartrain.worker.partitions import Aggregator, Partition, Partitioner
from geartrain.worker.session import Session
from geartrain.worker.signatures import check_call, check_name

if TYPE_CHECKING:
    from geartrain.codecs import Codec
    from geartrain.seconds import Seconds

__all__ = ["Registration"]

_Handler = TypeVar("_Handler", bound=Callable[..., Any])


class Registration(ABC):
    """The functions that a worker serves.

    Attributes:
        codec: what workloads and results are, for functions that name no codec.
    """

    codec: str | Codec | None
    _functions: dict[bytes, Function]
    _session: Session

    @abstractmethod
    def _tell(self, change: Callable[[], None]) -> None:
        """Change what is said to job servers, and send it if there are connections."""

    def function(
        self,
        name: str,
        *,
        timeout: Seconds | None = None,
        codec: str | Codec | None = None,
    ) -> Callable[[_Handler], _Handler]:
        """Register the function that follows, as ``register`` does."""
        check_name(name)

        def registered(handler: _Handler) -> _Handler:
            self.register(name, handler, timeout=timeout, codec=codec)
            return handler

        return registered

    def register(
        self,
        name: str,
        handler: Callable[..., Any],
        *,
        timeout: Seconds | None = None,
        codec: str | Codec | None = None,
    ) -> None:
        """Serve a function; in place of another handler, which is logged.

        ``geartrain.worker.functions.Function`` says what the handler is called with.
        What it returns is the result; what it yields, as a generator, is sent piece by
        piece. ``Retry`` has the job tried again, any other exception ends the attempt
        and is sent with its traceback. ``timeout`` is in seconds: when they have
        passed, the attempt has failed (CAN_DO_TIMEOUT; less than one second is one).
        Other job servers than Geartrain give the job to another worker then.
        ``codec`` None is the worker's.

        Raises:
            WorkerError: the name, handler or timeout cannot be one, or the handler
                cannot be called with what it would be.
            OptionError: there is no such codec.
        """
        chosen = self.codec if codec is None else codec
        self._add(Function(name, handler, timeout, chosen))

    def unregister(self, name: str) -> None:
        """Serve a function no longer; its jobs at hand go to other workers."""
        if self._functions.pop(key(name), None) is not None:
            self._tell(partial(self._session.unregister, key(name)))

    def partitioner(
        self,
        name: str,
        *,
        aggregator: Aggregator,
        reducer: str = "",
        timeout: Seconds | None = None,
    ) -> Callable[[Partitioner], Partitioner]:
        """Register the function that follows as one that splits its workload.

        It is called with the job, or its workload, and gives the pieces. Each is a
        foreground job of the function that the client named as the reducer, else of
        ``reducer``; without either the pieces are the results. ``aggregator`` is
        called with the list of their results, in order, and returns the job's. If a
        reducer fails, the job does.

        Other workers must serve the reducer: this one has its hands full meanwhile.
        """
        check_name(name)
        _check_part(name, aggregator)

        def registered(split: Partitioner) -> Partitioner:
            _check_part(name, split)
            partition = Partition(split, aggregator, reducer)
            self._add(Function(name, partition, timeout))
            return split

        return registered

    @property
    def functions(self) -> list[str]:
        """The names of the functions it serves."""
        return [function.name for function in self._functions.values()]

    def _add(self, function: Function) -> None:
        function.check()
        name = key(function.name)
        if name in self._functions:
            LOG.warning("%r has a new handler in place of another", function.name)
        self._functions[name] = function
        self._tell(partial(self._session.register, name, function.milliseconds))


def _check_part(name: str, part: Callable[..., Any]) -> None:
    if not callable(part):
        raise WorkerError(f"a part of {name!r} cannot be called: {part!r}")
    check_call(name, part, spreads=False)
