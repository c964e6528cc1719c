"""Rules of access that tests write, and who may do what by them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Final

from geartrain.configuration.file import ConfigFile
from geartrain.engine.model.access import Rules
from geartrain.engine.model.principals import Principal
from geartrain.server.access import read_access, token_line

TOKENS: Final = {
    name: f"{name}-token-0123456789abcdef".encode()
    for name in ("submitter", "worker", "viewer", "operator", "administrator", "all")
}
"""The tokens of the principals of ``SHOP``."""

INCLUDED: Final = {
    "submitter": {"submit"},
    "worker": {"work"},
    "viewer": {"see"},
    "operator": {"see", "operate"},
    "administrator": {"see", "operate", "administer"},
    "all": {"submit", "work", "see", "operate", "administer"},
    "nobody": set[str](),
}
"""The rights of each principal of ``SHOP``, on functions that begin with mail."""

_RIGHTS: Final = {
    "submitter": 'submit = "mail.*"',
    "worker": 'work = "mail.*"',
    "viewer": 'see = "mail.*"',
    "operator": 'operate = "mail.*"',
    "administrator": 'administer = "mail.*"',
    "all": 'submit = "*"\nwork = "*"\nadminister = "*"',
}


def _text_of(rights: Mapping[str, str]) -> str:
    return "\n".join(
        f'[access.{name}]\ntoken = "{token_line(TOKENS[name])}"\n{each}\n'
        for name, each in rights.items()
    )


SHOP: Final = _text_of(_RIGHTS)
"""A file with a principal for each right, and one for all on all functions."""


def file_of(text: str) -> ConfigFile:
    """Return a configuration file with this text."""
    return ConfigFile(path="geartrain.toml", text=text, tables=tomllib.loads(text))


def rules_of(text: str) -> Rules:
    """Return the rules that the text of a configuration file makes."""
    return Rules(read_access(file_of(text)))


def access_of(*names: str, **others: str) -> tuple[Principal, ...]:
    """Return principals of ``SHOP``, and such that have other rights."""
    rights = {name: _RIGHTS[name] for name in names} | others
    return read_access(file_of(_text_of(rights)))


def is_allowed(principal: str, rights: set[str], function: str) -> bool:
    """Tell whether a principal of ``SHOP`` has one of some rights on a function."""
    if not rights or principal == "all":
        return True
    return function.startswith("mail.") and bool(rights & INCLUDED[principal])
