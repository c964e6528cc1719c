"""Problems: how HTTP says what is wrong and what to do (RFC 9457).

A problem is told in JSON as ``application/problem+json``: ``type``, which programs
compare, ``title``, ``status`` and ``detail``, which people read. What the engine
refuses is one of these, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from geartrain.errors import GeartrainError
from geartrain.texts import cut, visible

__all__ = ["KINDS", "ProblemError", "problem_of"]

_TYPES: Final = "urn:geartrain:problem:"
_MAX_DETAIL: Final = 2000
# Seconds after which it is worth trying again where the job server has no room.
_RETRY_AFTER: Final = "1"

KINDS: Final[dict[str, tuple[int, str]]] = {
    "bad-request": (400, "The request cannot be understood"),
    "unauthorized": (401, "It is not known who asks"),
    "cross-site": (403, "Web pages of other sites may not change anything"),
    "wrong-host": (403, "The host is not this one"),
    "not-allowed": (403, "This is not allowed"),
    "not-found": (404, "There is nothing here"),
    "unknown-batch": (404, "There is no such batch"),
    "unknown-job": (404, "There is no such job"),
    "unknown-function": (404, "There is no such function"),
    "method-not-allowed": (405, "The method is not for this path"),
    "not-acceptable": (406, "No such form can be given"),
    "too-slow": (408, "The request took too long to arrive"),
    "conflict": (409, "What is there forbids it"),
    "draining": (409, "The function takes no new jobs"),
    "no-result": (410, "The job has ended, and its result is not kept"),
    "expired-cursor": (410, "The list is no longer kept"),
    "length-required": (411, "The size has to be told"),
    "too-large": (413, "The body is too large"),
    "unsupported-type": (415, "The body has the wrong type"),
    "invalid": (422, "A value is wrong"),
    "too-many-logins": (429, "There were too many attempts to log in"),
    "queue-full": (429, "The function has as many jobs as it may"),
    "too-many": (429, "There are too many of these"),
    "failed": (500, "The server has a defect"),
    "unsupported": (501, "The job server does not know this"),
    "job-failed": (502, "The job failed"),
    "no-worker": (503, "No worker has the function"),
    "unavailable": (503, "The job server takes nothing now"),
    "job-timeout": (504, "The job took longer than was waited"),
}
"""The status and title of each kind of problem, by what follows its type's prefix."""

# Of the codes with which text commands and packets are refused.
_CODES: Final = {
    "UNKNOWN_BATCH": "unknown-batch",
    "UNKNOWN_JOB": "unknown-job",
    "UNKNOWN_FUNCTION": "unknown-function",
    "INVALID_ARGUMENTS": "invalid",
    "INVALID_ARGUMENT": "invalid",
    "UNKNOWN_COMMAND": "unsupported",
    "NOT_ALLOWED": "not-allowed",
    "DEAD_LETTERS": "conflict",
    "PAUSED": "conflict",
    "DRAINING": "draining",
    "QUEUE_ERROR": "unavailable",
    "STORE_ERROR": "unavailable",
    "TOO_MANY": "unavailable",
    "DATA_TOO_LARGE": "too-large",
    "UNANSWERED": "unavailable",
    "NO_WORKER": "no-worker",
    "NO_RESULT": "no-result",
    "RESULT_TOO_LARGE": "no-result",
}
# Refusals of submissions have one code, as at gearmand, and are told by their words.
_QUEUE_FULL: Final = "Job queue is full"
_TOO_MANY: Final = re.compile(r"(-per-address| of \[access\.[^]]+\]) allows")
_DRAINING: Final = "is draining and takes no new jobs"


class ProblemError(GeartrainError):
    """A request that cannot be answered as it wants.

    Attributes:
        kind: which of ``KINDS`` it is.
        status: the HTTP status.
    """

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        """``detail`` says what is wrong and what to do; ``members`` are more of it."""
        super().__init__(detail)
        self.kind = kind
        self.status, self._title = KINDS[kind]
        self._detail = cut(visible(detail), _MAX_DETAIL)
        self._headers = dict(headers or {})
        self._members = members
        if self.status in (429, 503):
            self._headers.setdefault("Retry-After", _RETRY_AFTER)

    def members(self) -> dict[str, Any]:
        """Return what the body says."""
        return {
            "type": _TYPES + self.kind,
            "title": self._title,
            "status": self.status,
            "detail": self._detail,
            **self._members,
        }

    def response(self) -> Response:
        """Return the answer."""
        return Response(
            json.dumps(self.members()).encode() + b"\n",
            status_code=self.status,
            headers=self._headers,
            media_type="application/problem+json",
        )


def problem_of(code: str, text: str) -> ProblemError:
    """Return the problem that a refusal of the job server is."""
    kind = _CODES.get(code, "bad-request")
    if text == _QUEUE_FULL:
        kind = "queue-full"
        text = "The function has as many jobs as maxqueue allows: try again later"
    if _TOO_MANY.search(text):
        kind = "too-many"
    if text.endswith(_DRAINING):
        kind = "draining"
    if kind == "unknown-job" and not text:
        text = (
            "no job has this name now: it has ended and is no longer remembered, or"
            " never was"
        )
    if kind == "unknown-function" and not text:
        text = (
            "the job server has no such function now: nobody has used it lately, or"
            " its name is another"
        )
    return ProblemError(kind, text or f"the job server refuses: {code}", code=code)
