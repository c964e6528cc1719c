"""A connection to a job server that is asked without being waited for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Final, TypeVar

from geartrain.admin import Admin
from geartrain.errors import AdminError, RefusedError
from geartrain.transport.connect import Connector

__all__ = ["Link"]

# Seconds of silence after which a job server is given up, and asked anew.
_TIMEOUT: Final = 10.0

_T = TypeVar("_T")
_Question = tuple[Callable[[Admin], Any], asyncio.Future[Any]]


class Link:
    """Asks a job server on a thread of its own, and connects anew when it was lost.

    ``Admin`` blocks, and an answer may take seconds; the screen must not. The thread is
    a daemon, unlike those of ``concurrent.futures``, so that nobody who quits waits for
    a server that hangs.
    """

    def __init__(self, server: Connector) -> None:
        """Prepare; the first question connects."""
        self._server = server
        self._questions: SimpleQueue[_Question | None] = SimpleQueue()
        self._admin: Admin | None = None
        threading.Thread(target=self._serve, daemon=True).start()

    async def ask(self, question: Callable[[Admin], _T]) -> _T:
        """Return what a function gets from the job server.

        Questions are asked one after the other. Who is cancelled meanwhile does not
        keep his from being asked.

        Raises:
            AdminError: the job server does not answer, or refuses.
        """
        answer: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        self._questions.put((question, answer))
        return await answer

    def close(self) -> None:
        """Leave the job server, once it has answered."""
        self._questions.put(None)

    def _serve(self) -> None:
        while (asked := self._questions.get()) is not None:
            question, answer = asked
            if answer.cancelled():
                continue
            try:
                outcome = self._answer(question)
            except Exception as error:
                self._tell(answer, error, None)
            else:
                self._tell(answer, None, outcome)
        self._leave()

    def _answer(self, question: Callable[[Admin], _T]) -> _T:
        try:
            if self._admin is None:
                self._admin = Admin(self._server, _TIMEOUT)
            return question(self._admin)
        except RefusedError:
            raise
        except AdminError:
            self._leave()
            raise

    def _leave(self) -> None:
        if self._admin is not None:
            self._admin.close()
            self._admin = None

    def _tell(
        self, answer: asyncio.Future[_T], error: Exception | None, outcome: Any
    ) -> None:
        try:
            answer.get_loop().call_soon_threadsafe(_settle, answer, error, outcome)
        except RuntimeError:
            # The event loop has ended: nobody waits any more.
            self._leave()


def _settle(answer: asyncio.Future[_T], error: Exception | None, outcome: Any) -> None:
    if answer.done():
        return
    if error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(outcome)
