"""What an action has to say, carried to the page that is shown after it.

It is in a cookie that the next page takes away, so that a form that was sent without a
script is answered by a redirect, and reloading the page does nothing again.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response

__all__ = ["Message", "drop_message", "keep_message", "kept_message"]

_COOKIE: Final = "geartrain-message"
# Seconds in which the next page is asked for, and characters of a message.
_LIFE: Final = 60
_MOST: Final = 600
# Characters of its value: a browser drops a cookie of more than 4,096 bytes in all. An
# emoji takes 16 of them, so that 600 would be 9,700.
_MOST_ENCODED: Final = 3600


@dataclass(frozen=True)
class Message:
    """What was done, or why it was not.

    Attributes:
        text: a sentence.
        is_error: whether nothing was done.
    """

    text: str
    is_error: bool = False


def keep_message(response: Response, message: Message, path: str) -> None:
    """Have the next page below ``path`` show a message."""
    response.set_cookie(
        _COOKIE,
        _encoded(message),
        max_age=_LIFE,
        path=path,
        httponly=True,
        samesite="strict",
    )


def _encoded(message: Message) -> str:
    """Return a message as a cookie's value, as much of its text as fits."""
    text = message.text[:_MOST]
    while True:
        kept = Message(text, message.is_error)
        value = quote(json.dumps(asdict(kept)), safe="")
        if len(value) <= _MOST_ENCODED:
            return value
        text = text[: len(text) * _MOST_ENCODED // len(value)]


def kept_message(request: Request) -> Message | None:
    """Return the message that a page is to show; None if there is none."""
    text = request.cookies.get(_COOKIE)
    if not text:
        return None
    try:
        found = json.loads(unquote(text))
        return Message(str(found["text"])[:_MOST], bool(found["is_error"]))
    except (ValueError, KeyError, TypeError):
        return None


def drop_message(response: Response, path: str) -> None:
    """Show the message no second time."""
    response.delete_cookie(_COOKIE, path=path, httponly=True, samesite="strict")
