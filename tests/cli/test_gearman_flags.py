"""The command line of ``gearman``."""

from __future__ import annotations

import pytest

from geartrain.cli.gearman_flags import GearmanFlags, usage


def test_flags_stand_anywhere_and_several_letters_in_one_word() -> None:
    flags = GearmanFlags(["one", "-bvf", "a", "two", "-fb", "-p4731"])
    assert (flags.error, flags.functions, flags.words) == (
        "",
        ["a", "b"],
        ["one", "two"],
    )
    assert flags.given == {"b", "v"}
    assert flags.number("p") == 4731
    assert flags.number("t") is None


def test_two_dashes_end_the_flags_and_one_is_a_word() -> None:
    flags = GearmanFlags(["-f", "a", "-", "--", "-x", "--"])
    assert (flags.error, flags.words) == ("", ["-", "-x", "--"])


@pytest.mark.parametrize(
    ("given", "priority"),
    [([], "normal"), (["-I"], "high"), (["-L"], "low"), (["-I", "-L"], "low")],
)
def test_priority(given: list[str], priority: str) -> None:
    assert GearmanFlags(["-f", "a", *given]).priority == priority


@pytest.mark.parametrize("given", ["-n", "-N", "-nN"])
def test_by_line(given: str) -> None:
    assert GearmanFlags(["-f", "a", given]).by_line
    assert not GearmanFlags(["-f", "a"]).by_line


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["-x"], "No Functions were provided"),
        (["-f", "a", "-x"], "-?"),
        (["-f", "a", "-t"], "-?"),
        (["-f", "a", "-p", "http"], "-p: 'http' is no number"),
        (["-f", "a", "-c", "1.5"], "-c: '1.5' is no number"),
        (["-f", "a", "-t", "-1"], ""),
    ],
)
def test_what_is_wrong(words: list[str], error: str) -> None:
    assert GearmanFlags(words).error == error


def test_the_usage_names_the_error_and_what_was_switched_on() -> None:
    text = usage(GearmanFlags(["-f", "a", "-Nbt"]))
    assert text.startswith("\ngearman\tError in usage(-?).\n")
    assert "background(true)" in text
    assert text.count("(true)") == 5
