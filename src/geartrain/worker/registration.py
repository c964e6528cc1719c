"""Registering functions, for both workers; possible at any time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from geartrain.errors import WorkerError
from geartrain.worker.functions import Around, WorkerFunction, WrappedFunction, key
from geartrain.worker.log import LOG
from geartrain.worker.partitions import Aggregator, Partition, Partitioner
from geartrain.worker.session import Session
from geartrain.worker.signatures import check_call, check_name

if TYPE_CHECKING:
    from geartrain.client.options import JobOptions
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
    _around: Around | None = None
    _functions: dict[bytes, WorkerFunction]
    _session: Session

    @abstractmethod
    def _tell(self, change: Callable[[], None]) -> None:
        """Make a change to the session under the lock, and send what it wrote."""

    def function(
        self,
        name: str,
        *,
        timeout: Seconds | None = None,
        codec: str | Codec | None = None,
    ) -> Callable[[_Handler], _Handler]:
        """Decorate the handler of a function: ``register`` it."""
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
        """Serve a function. Replacing an earlier handler is logged.

        ``geartrain.worker.functions.WorkerFunction`` describes the handler's arguments.
        What it returns is the result; what a generator yields is sent piece by piece.
        ``Retry`` makes the job server try the job again; any other exception ends the
        attempt and is sent with its traceback. ``timeout`` is in seconds, at least 1:
        a longer attempt fails (CAN_DO_TIMEOUT). Job servers other than Geartrain give
        the job to another worker then. Without a ``codec``, the worker's is used.

        Raises:
            WorkerError: the name, handler or timeout is not valid, or the handler's
                parameters do not fit.
            OptionError: there is no such codec.
        """
        chosen = self.codec if codec is None else codec
        self._add(WorkerFunction(name, handler, timeout, chosen))

    def unregister(self, name: str) -> None:
        """Stop serving a function; its jobs at hand go to other workers."""
        if self._functions.pop(key(name), None) is not None:
            self._tell(partial(self._session.unregister, key(name)))

    def partitioner(
        self,
        name: str,
        *,
        aggregator: Aggregator,
        reducer: str = "",
        window: int = 100,
        timeout: Seconds | None = None,
        **options: Unpack[JobOptions],
    ) -> Callable[[Partitioner], Partitioner]:
        """Decorate a function that splits its workload into pieces.

        It is called with the job or its workload, as handlers are, and returns or
        yields the pieces. Each becomes a foreground job of the reducer that the client
        named, else of ``reducer``; without either the pieces are the results.
        ``aggregator`` is called with an iterator over the results, in order, each as
        soon as it is there, and returns the result of the whole job, which fails if a
        piece's job fails.

        At most ``window`` pieces are submitted before their results are taken: give
        fewer where pieces are large. If the pieces are a list, the job's status is how
        many are done. ``options`` are those of each piece's submission, such as
        ``max_attempts`` and ``ttl``; only Geartrain takes some.

        Other workers must serve the reducer: this one is busy until they are done.

        Raises:
            WorkerError: the name, a function, the window or the timeout is not valid.
            OptionError: there is no such option, or its value is of a wrong type.
        """
        check_name(name)
        _check_part(name, aggregator)
        if options:
            from geartrain.client.options import option_bytes

            option_bytes(options)

        def registered(split: Partitioner) -> Partitioner:
            _check_part(name, split)
            partition = Partition(split, aggregator, reducer, window, options)
            self._add(WorkerFunction(name, partition, timeout))
            return split

        return registered

    def call_through(self, around: Around) -> None:
        """Have handlers called by ``around``, those registered later included.

        It is called with a job and a function that calls its handler, and returns what
        that returns: a value, a generator, or for coroutines something to await.
        """
        self._around = around
        for name, function in self._functions.items():
            self._functions[name] = WrappedFunction(function, around)

    @property
    def functions(self) -> list[str]:
        """The names of the functions it serves."""
        return [function.name for function in self._functions.values()]

    def _add(self, function: WorkerFunction) -> None:
        function.check()
        if self._around is not None:
            function = WrappedFunction(function, self._around)
        name = key(function.name)
        if name in self._functions:
            LOG.warning(
                "%r has a new handler in place of another",
                function.name,
                extra={"action": "handler_replaced"},
            )
        self._functions[name] = function
        self._tell(partial(self._session.register, name, function.milliseconds))


def _check_part(name: str, part: Callable[..., Any]) -> None:
    if not callable(part):
        raise WorkerError(f"a part of {name!r} cannot be called: {part!r}")
    check_call(name, part, spreads=False)
