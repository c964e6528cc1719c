"""Endpoints: the table from which routes, checks, OpenAPI and documents follow.

An ``Endpoint`` says everything about one method of one path. A request's parameters are
read and checked as it declares them, so that its function gets values of the right type
and an unknown or wrong one is a problem that names it.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response

from geartrain.admin.connection import handle_word, word
from geartrain.durations import read_duration
from geartrain.engine.model.submission_options import SUBMISSION_OPTIONS
from geartrain.http.bridge import Bridge
from geartrain.http.gate import Gate
from geartrain.http.names import read_name
from geartrain.http.prefix import prefix_of
from geartrain.http.problems import ProblemError
from geartrain.http.visitors import SERVER, visitor_of

__all__ = [
    "Answer",
    "Body",
    "Call",
    "Endpoint",
    "Parameter",
    "Schema",
    "asked_option",
    "header",
    "in_path",
    "query",
    "read_values",
    "sorting",
]

Schema = Mapping[str, Any]

_TRUE: Final = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A value in a request's path, query or headers.

    Attributes:
        name: its name there.
        place: ``path``, ``query`` or ``header``.
        description: what it is.
        schema: its values: a type with ``minimum``, ``maximum``, ``enum``, ``default``.
        example: one of them.
        is_required: a request without it is refused.
    """

    name: str
    place: str
    description: str
    schema: Schema
    example: Any = None
    is_required: bool = False

    @property
    def key(self) -> str:
        """Return what its value is called in ``Call.values``."""
        return self.name.lower().replace("-", "_")

    def read(self, text: str) -> Any:
        """Return the value that a text stands for.

        Raises:
            ProblemError: it stands for none.
        """
        kind = self.schema["type"]
        if kind == "string":
            return self._chosen(text)
        if kind == "boolean":
            value = _TRUE.get(text.lower())
            if value is None:
                raise self._wrong(text, "true or false")
            return value
        try:
            number = int(text) if kind == "integer" else _number(text)
        except ValueError:
            raise self._wrong(text, self._range()) from None
        least = self.schema.get("minimum", -math.inf)
        most = self.schema.get("maximum", math.inf)
        if not least <= number <= most:
            raise self._wrong(text, self._range())
        return number

    def _chosen(self, text: str) -> str:
        words = self.schema.get("enum")
        if words is not None and text not in words:
            raise self._wrong(text, "one of " + ", ".join(words))
        if len(text) < self.schema.get("minLength", 0):
            raise self._wrong(text, "not empty: name one, or leave it out")
        return text

    def _range(self) -> str:
        kind = "a whole number" if self.schema["type"] == "integer" else "a number"
        least = self.schema.get("minimum")
        most = self.schema.get("maximum")
        if least is None:
            return kind
        return f"{kind} from {least}" + ("" if most is None else f" to {most}")

    def _wrong(self, text: str, wanted: str) -> ProblemError:
        return ProblemError(
            "invalid",
            f"{self.name}={text[:60]!r}: it is {wanted}",
            parameter=self.name,
        )


def _number(text: str) -> float:
    """Read a number, or a time such as ``20m`` in seconds; raises ValueError."""
    seconds = read_duration(text)
    return float(text) if seconds is None else seconds


class OptionParameter(Parameter):
    """An option of a submission in the query."""

    def read(self, text: str) -> Any:
        """Return the value that the job server reads; raises ProblemError."""
        option = SUBMISSION_OPTIONS[self.name]
        value = option.read(text.encode("utf-8", "surrogateescape"))
        if value is None:
            raise self._wrong(text, option.allowed)
        return value


def in_path(name: str, description: str, example: str) -> Parameter:
    """Return a name in the path: bytes, percent-encoded."""
    schema = {"type": "string", "minLength": 1}
    return Parameter(
        name=name,
        place="path",
        description=f"{description}, percent-encoded.",
        schema=schema,
        example=example,
        is_required=True,
    )


def query(
    name: str, description: str, kind: str = "string", **schema: Any
) -> Parameter:
    """Return a parameter of the query; ``schema`` is more of its values' schema."""
    if kind == "string" and "enum" not in schema:
        schema.setdefault("minLength", 1)
    return Parameter(
        name=name,
        place="query",
        description=description,
        schema={"type": kind, **schema},
    )


def sorting(
    *names: str, default: str, description: str = "What they are sorted by."
) -> Parameter:
    """Return the parameter that rows are sorted by: a name, or one after a minus."""
    enum = [sign + each for each in names for sign in ("", "-")]
    return query("sort", description, enum=enum, default=default)


def asked_option(name: str) -> Parameter:
    """Return an option of a submission, as a parameter of the query."""
    option = SUBMISSION_OPTIONS[name]
    return OptionParameter(
        name=name,
        place="query",
        description=f"{option.meaning} It is {option.allowed}.",
        schema={"type": "string", "minLength": 1},
    )


def header(name: str, description: str) -> Parameter:
    """Return a header that says something about what is asked."""
    return Parameter(
        name=name, place="header", description=description, schema={"type": "string"}
    )


@dataclass(frozen=True, kw_only=True)
class Body:
    """What a request may have as its body.

    Attributes:
        description: what it is.
        media_type: its type; ``*/*`` is any.
        schema: of its JSON, if it is that.
        example: one.
    """

    description: str
    media_type: str = "application/json"
    schema: Schema = field(default_factory=dict)
    example: Any = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A successful answer.

    Attributes:
        status: its status.
        description: what it says.
        content: the schema of each media type that it may have; none has no body.
    """

    status: int = 200
    description: str
    content: Mapping[str, Schema] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One method of one path.

    Attributes:
        method: the method.
        path: the path, with ``{names}`` in it.
        name: what it is called in OpenAPI, where a client's function is named after it.
        summary: what it does, in some words.
        description: more of that, in Markdown.
        tag: the group it is shown in.
        call: the function that answers.
        parameters: what it takes in its path, query and headers.
        body: what it takes as its body, if anything.
        answers: its successful answers.
        problems: the kinds of problems that it may answer with, beside those that any
            request may.
    """

    method: str
    path: str
    name: str
    summary: str
    tag: str
    call: Callable[[Call], Awaitable[Response]]
    answers: tuple[Answer, ...]
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    problems: tuple[str, ...] = ()

    def read(self, request: Request) -> dict[str, Any]:
        """Return the values of a request's parameters; those not given are left out.

        Raises:
            ProblemError: one is wrong, missing, unknown, or given twice.
        """
        return read_values(self.parameters, request)


def read_values(
    parameters: Sequence[Parameter], request: Request, *, may_be_empty: bool = False
) -> dict[str, Any]:
    """Return the values of parameters in a request; those not given are left out.

    ``may_be_empty`` leaves out also what is given empty, as the forms of a page send
    the fields that nobody filled in.

    Raises:
        ProblemError: one is wrong, missing, unknown, or given twice.
    """
    given = _given(request)
    if may_be_empty:
        given = {name: value for name, value in given.items() if value}
    values: dict[str, Any] = {}
    for each in parameters:
        text = _text(each, request, given)
        if text is not None:
            values[each.key] = each.read(text)
        elif "default" in each.schema:
            values[each.key] = each.schema["default"]
        elif each.is_required:
            raise ProblemError(
                "invalid", f"{each.name} is missing", parameter=each.name
            )
    if given:
        raise _unknown(next(iter(given)), parameters)
    return values


def _unknown(name: str, parameters: Sequence[Parameter]) -> ProblemError:
    known = [each.name for each in parameters if each.place == "query"]
    takes = f"it takes {', '.join(known)}" if known else "it takes none"
    return ProblemError(
        "invalid", f"{name[:60]!r} is no parameter here: {takes}", parameter=name
    )


def _given(request: Request) -> dict[str, str]:
    """Return the parameters of a query, each of which is given once."""
    found: dict[str, str] = {}
    text = request.scope["query_string"].decode("latin-1")
    for part in filter(None, text.split("&")):
        name, _, value = (_decoded(each) for each in part.partition("="))
        if name in found:
            raise ProblemError(
                "invalid", f"{name[:60]!r} is given twice", parameter=name
            )
        found[name] = value
    return found


def _decoded(text: str) -> str:
    return unquote(text.replace("+", " "), errors="surrogateescape")


def _text(each: Parameter, request: Request, given: dict[str, str]) -> str | None:
    if each.place == "path":
        return read_name(request.path_params[each.name])
    if each.place == "query":
        return given.pop(each.name, None)
    values = request.headers.getlist(each.name)
    if not values:
        return None
    return ", ".join(values).encode("latin-1").decode("utf-8", "surrogateescape")


class Call:
    """A request to an endpoint.

    Attributes:
        request: the request.
        values: the values of its parameters; names are text as ``os.fsdecode`` makes.
        bridge: the way to the job server.
        gate: lets people log in.
        visitor: who it is from.
        unanswered: why rows of other job servers are missing, by their names.
    """

    def __init__(
        self, request: Request, values: dict[str, Any], bridge: Bridge, gate: Gate
    ) -> None:
        self.request = request
        self.values = values
        self.bridge = bridge
        self.gate = gate
        self.visitor = visitor_of(request)
        self.unanswered: dict[str, str] = {}

    def word(self, name: str) -> str:
        """Return a parameter as a word of a text command."""
        return word(str(self.values[name]))

    def handle(self) -> str:
        """Return the handle in the path as a word of a text command."""
        return handle_word(self.values["handle"])

    def filters(self, *names: str) -> str:
        """Return these parameters, where given, as arguments of a text command."""
        given = (name for name in names if name in self.values)
        return "".join(f" {name}={self.word(name)}" for name in given)

    async def line(self, command: str) -> str:
        """Ask a command with an answer of one line; raises ProblemError."""
        return await self.bridge.line(command, self.visitor)

    async def rows(self, command: str) -> list[bytes]:
        """Ask a command that lists few rows; raises ProblemError."""
        return await self.bridge.rows(command, self.visitor, self.unanswered)

    async def own_rows(self, command: str) -> list[bytes]:
        """Ask what the server may tell of itself to everybody; raises ProblemError."""
        return await self.bridge.rows(command, SERVER)

    def path_of_job(self, handle: str) -> str:
        """Return the path of a job."""
        encoded = quote(handle, safe=":", errors="surrogateescape")
        return f"{prefix_of(self.request)}/v1/jobs/{encoded}"
