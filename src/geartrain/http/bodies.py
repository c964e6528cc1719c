"""Bodies of requests that are small, and read whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request

from geartrain.http.problems import ProblemError

__all__ = ["json_object"]

_MOST: Final = 64 * 1024
_TYPES: Final = ("application/json", "application/merge-patch+json")


async def json_object(request: Request, name: str, example: str) -> Mapping[str, Any]:
    """Return the JSON object that a body is; ``name`` is what errors call it.

    Raises:
        ProblemError: it is none, is empty, or is larger than 64 KiB.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _TYPES:
        raise ProblemError(
            "unsupported-type",
            f"{name} are a JSON object: send it with Content-Type: application/json",
        )
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST:
            raise ProblemError("too-large", f"{name} have at most {_MOST} bytes")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise ProblemError("bad-request", "the body is not JSON") from None
    if not isinstance(found, dict) or not found:
        raise ProblemError("invalid", f"{name} are an object, such as {example}")
    return found
