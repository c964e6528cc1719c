"""A job server and its event loop on a thread."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from geartrain.errors import StartError
from geartrain.server.options import Options
from geartrain.server.server import Server
from geartrain.testing.clock import MovedClock
from geartrain.testing.driver import TappedDriver
from geartrain.testing.recorder import Recorder

__all__ = ["ServerThread"]

_Result = TypeVar("_Result")

_NOT_RUNNING: Final = "this job server does not run: use it in a with block, or start()"


class ServerThread:
    """One life of a job server, from ``start`` to ``stop``.

    Attributes:
        addresses: where it listens, once started.
    """

    def __init__(self, options: Options, clock: MovedClock, recorder: Recorder) -> None:
        self.addresses: list[str] = []
        self._options = options
        self._clock = clock
        self._recorder = recorder
        self._thread = threading.Thread(
            target=self._run, name="job server", daemon=True
        )
        self._is_started = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: Server | None = None
        self._driver: TappedDriver | None = None

    def start(self) -> None:
        """Return once it serves; raise what ``Server.start`` raises."""
        self._thread.start()
        self._is_started.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._failure = error
        finally:
            self._is_started.set()

    async def _serve(self) -> None:
        self._server = Server(self._options, self._make_driver)
        await self._server.start()
        self.addresses = self._server.addresses
        self._loop = asyncio.get_running_loop()
        self._is_started.set()
        await self._server.wait_stopped()
        self._loop = None

    def _make_driver(self, engine: Any, options: Options) -> TappedDriver:
        self._driver = TappedDriver(engine, options, self._clock, self._recorder)
        return self._driver

    def stop(self) -> None:
        """Stop, in order if jobs are kept; return when it has stopped."""
        loop, server = self._loop, self._server
        if loop is not None and server is not None:
            is_in_memory = self._options.store == "memory:"
            loop.call_soon_threadsafe(server.abort if is_in_memory else server.stop)
        self._thread.join()

    def adopt(self, connection: socket.socket) -> None:
        """Serve a connected socket.

        Raises:
            StartError: the job server has stopped.
        """
        self.call(lambda driver: driver.adopt(connection))

    def call(
        self, ask: Callable[[TappedDriver], Coroutine[Any, Any, _Result]]
    ) -> _Result:
        """Call ``ask`` with the driver on its thread; return the result.

        Raises:
            StartError: the job server has stopped.
        """
        loop, driver = self._loop, self._driver
        if loop is None or driver is None:
            raise StartError(_NOT_RUNNING)
        if threading.current_thread() is self._thread:
            raise StartError("a job server cannot wait for itself")
        return asyncio.run_coroutine_threadsafe(ask(driver), loop).result()
