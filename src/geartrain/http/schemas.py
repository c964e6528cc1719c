"""JSON schemas of what is answered, from the rows that the text client reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Final, get_args, get_origin, get_type_hints

from geartrain.admin.batches import BatchRow
from geartrain.admin.cluster import ClusterRow
from geartrain.admin.hooks import HookRow
from geartrain.admin.job_rows import JobRow
from geartrain.admin.keys import KeyRow
from geartrain.admin.owners import OwnerRow
from geartrain.admin.rows import (
    FailureRow,
    FunctionRow,
    MarkRow,
    ProblemRow,
    StoreRow,
)
from geartrain.admin.schedules import ScheduleRow
from geartrain.admin.servers import OptionRow, ServerRow
from geartrain.admin.worker_rows import ProcessRow, WorkerRow

__all__ = [
    "ACTION",
    "BATCH",
    "CONDITION",
    "CONNECTION",
    "COUNTERS",
    "FAILURE",
    "FUNCTION",
    "HOOK",
    "JOB",
    "KEY",
    "MARK",
    "NODE",
    "OPTION",
    "POLICY",
    "PROBLEM",
    "PROCESS",
    "REASON",
    "RESULT",
    "SCHEDULE",
    "SERVER",
    "STATISTICS",
    "STORE",
    "SUBMITTED",
    "TIME",
    "UPCOMING",
    "items",
    "reference",
]

Schema = dict[str, Any]

_TYPES: Final = {str: "string", int: "integer", float: "number", bool: "boolean"}


def _schema_of(row: type, *, without: frozenset[str] = frozenset()) -> Schema:
    """Return the schema of a row's JSON; it may have more than is named."""
    hints = get_type_hints(row)
    properties = {
        each.name: _typed(hints[each.name])
        for each in fields(row)
        if each.name not in without
    }
    # What has a default is not in every row.
    required = {
        each.name
        for each in fields(row)
        if each.default is MISSING and each.default_factory is MISSING
    }
    return {
        "type": "object",
        "required": [name for name in properties if name in required],
        "properties": properties,
    }


def _typed(hint: Any) -> Schema:
    if get_origin(hint) is UnionType:
        nested = [each for each in get_args(hint) if is_dataclass(each)]
        if nested:
            return {"anyOf": [*map(_typed, nested), {"type": "null"}]}
        kinds = [
            "null" if each is NoneType else _TYPES[each] for each in get_args(hint)
        ]
        return {"type": kinds}
    if get_origin(hint) is tuple:
        return {"type": "array", "items": _typed(get_args(hint)[0])}
    if get_origin(hint) is Mapping:
        return {
            "type": "object",
            "additionalProperties": _typed(get_args(hint)[1]),
        }
    if isinstance(hint, type) and is_dataclass(hint):
        return _schema_of(hint)
    return {} if hint is Any else {"type": _TYPES[hint]}


_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}

SCHEMAS: Final[dict[str, Schema]] = {
    "Job": _schema_of(JobRow, without=frozenset({"workload", "data"})),
    "Failure": _schema_of(FailureRow),
    "Function": _schema_of(FunctionRow),
    "Batch": _schema_of(BatchRow),
    "Key": _schema_of(KeyRow),
    "Node": _schema_of(ClusterRow),
    "Mark": _schema_of(MarkRow),
    "Connection": _schema_of(WorkerRow),
    "Process": _schema_of(ProcessRow),
    "Owner": _schema_of(OwnerRow),
    "Store": _schema_of(StoreRow),
    "Server": _schema_of(ServerRow),
    "Option": _schema_of(OptionRow),
    "Hook": _schema_of(HookRow),
    # "Problem" is what RFC 9457 calls the answer to a request that failed.
    "Condition": _schema_of(ProblemRow),
    "Counters": {
        "type": "object",
        "required": ["function"],
        "properties": {"function": {"type": "string"}},
        "additionalProperties": {"type": ["integer", "string"]},
    },
    "Policy": {
        "type": "object",
        "properties": {"pattern": {"type": "string"}},
        "additionalProperties": {"type": ["number", "boolean", "string"]},
    },
    "Schedule": _schema_of(ScheduleRow, without=frozenset({"workload"})),
    "Time": {
        "type": "object",
        "required": ["time"],
        "properties": {"time": {"type": "number"}},
    },
    "Upcoming": {
        "type": "object",
        "required": ["kind", "when", "function"],
        "properties": {
            "kind": {"enum": ["job", "schedule", "stored"]},
            "when": {"type": "number"},
            "function": {"type": "string"},
            "handle": {"type": "string"},
            "fields": {"type": "string"},
            "last": {"type": ["number", "null"]},
            "count": {"type": "integer"},
            "node": {"type": "string"},
        },
    },
    "Reason": {
        "type": "object",
        "required": ["handle", "state", "code", "why"],
        "properties": {
            "handle": {"type": "string"},
            "state": {"type": "string"},
            "code": {"type": "string"},
            "why": {"type": "string"},
        },
    },
    "Result": {
        "type": "object",
        "required": ["handle", "state", "kept", "result", "encoding"],
        "properties": {
            "handle": {"type": "string"},
            "state": {"type": "string"},
            "kept": {"type": "string", "enum": ["whole", "too_large", "none"]},
            "result": {"type": ["string", "null"]},
            "encoding": {"type": ["string", "null"]},
        },
    },
    # The numbers are many; docs/http.md and PROTOCOL tell them.
    "Statistics": {"type": "object"},
    "Action": {"type": "object"},
    "Submitted": {
        "type": "object",
        "required": ["handle", "function", "unique"],
        "properties": {
            "handle": {"type": "string"},
            "function": {"type": "string"},
            "unique": {"type": ["string", "null"]},
        },
    },
    "Problem": {
        "type": "object",
        "description": "What is wrong and what to do, as RFC 9457 has it.",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
        },
    },
}
"""The schemas that the OpenAPI document names."""


def reference(name: str) -> Schema:
    """Return a reference to one of ``SCHEMAS``."""
    assert name in SCHEMAS
    return {"$ref": f"#/components/schemas/{name}"}


def items(of: Mapping[str, Any]) -> Schema:
    """Return the schema of a listing."""
    return {
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": dict(of)},
            "next": {
                "type": ["string", "null"],
                "description": "The cursor of what follows; null at the end.",
            },
        },
    }


ACTION: Final = reference("Action")
CONDITION: Final = reference("Condition")
HOOK: Final = reference("Hook")
JOB: Final = reference("Job")
KEY: Final = reference("Key")
BATCH: Final = reference("Batch")
MARK: Final = reference("Mark")
FAILURE: Final = reference("Failure")
FUNCTION: Final = reference("Function")
PROCESS: Final = reference("Process")
OWNER: Final = reference("Owner")
CONNECTION: Final = reference("Connection")
STATISTICS: Final = reference("Statistics")
STORE: Final = reference("Store")
NODE: Final = reference("Node")
SERVER: Final = reference("Server")
OPTION: Final = reference("Option")
COUNTERS: Final = reference("Counters")
POLICY: Final = reference("Policy")
REASON: Final = reference("Reason")
RESULT: Final = reference("Result")
SCHEDULE: Final = reference("Schedule")
TIME: Final = reference("Time")
UPCOMING: Final = reference("Upcoming")
SUBMITTED: Final = reference("Submitted")
PROBLEM: Final = reference("Problem")
