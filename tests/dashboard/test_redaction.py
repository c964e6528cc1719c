"""The redaction hook: found at the start, or the server does not start."""

from __future__ import annotations

import pytest

from geartrain.dashboard.redaction import load_redaction
from geartrain.errors import OptionError
from tests.support.programs import run


def test_a_hook_is_named_by_module_and_function() -> None:
    redaction = load_redaction("builtins:repr")
    assert redaction.is_on
    assert not load_redaction("").is_on


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("hook", "write package.module:function"),
        ("no_such_module:hook", "cannot be imported: No module named"),
        ("builtins:no_such", "cannot be imported"),
        ("sys:path", "is no function"),
    ],
)
def test_what_cannot_be_used_is_refused(text: str, reason: str) -> None:
    with pytest.raises(OptionError, match=reason):
        load_redaction(text)


def test_a_server_whose_hook_is_wrong_does_not_start() -> None:
    status, _, said = run(
        "geartrain",
        *("server", "--port", "0", "--store", "memory:", "--http", "127.0.0.1:5399"),
        *("--dashboard-redact", "no_such_module:hook"),
    )
    assert status != 0
    assert "no_such_module:hook cannot be imported" in said
