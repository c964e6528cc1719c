"""Errors that differ only in what varies are of one kind."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from geartrain.engine.commands.failure_kinds import kind_of
from tests.support.dialogue import World
from tests.support.stored_engine import grab, rows, stored, submit


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("no route to 10.0.0.7:4730 after 31 s", "no route to # after # s"),
        ("no route to fe80::17 after 3,000.5 s", "no route to # after # s"),
        ("job H:web-1:17 lost at 2026-11-30T07:49:52.5Z", "job # lost at #"),
        ("job H:web-2:9 lost at 7:49", "job # lost at #"),
        ("user bob@mail.example.com bounced", "user # bounced"),
        ("page 0x7f3a of 550e8400-e29b-41d4-a716-446655440000", "page # of #"),
        ("digest a1b2c3d4e5f6 is not DEADBEEF00", "digest # is not #"),
        ("user_17 picture-7 7.jpg 12ms -3", "user_# picture-# #.jpg #ms -#"),
        ("""no 'a b', "c" or `d` in ''""", """no '…', "…" or `…` in '…'"""),
    ],
)
def test_what_varies_does_not_tell_errors_apart(error: str, kind: str) -> None:
    assert kind_of(error.encode()) == kind


@pytest.mark.parametrize(
    "error", ["user's file can't open", "sha256 of utf8 in S3", "std::string, a facade"]
)
def test_words_tell_errors_apart(error: str) -> None:
    assert kind_of(error.encode()) == error


@given(st.binary(max_size=400))
@example(b'""0')
@example(b"no 0'a' here")
def test_the_kind_of_a_kind_is_itself(error: bytes) -> None:
    kind = kind_of(error)
    assert kind_of(kind.encode("utf-8", "surrogateescape")) in (kind, kind.strip())


def died(world: World, *errors: bytes, function: str = "mail") -> None:
    """Have jobs of a function die of these errors, one each second."""
    worker, client = world.worker(function), world.client()
    for error in errors:
        submit(client, "w", function=function.encode())
        worker.work_exception(grab(worker)[0], error)
        world.advance(1)
    worker.leave()


ERRORS = (b"no route to 10.0.0.7\n at 1", b"disk full", b"no route to 10.0.0.9")


@pytest.mark.parametrize("command", ["failures", "dead groups"])
def test_a_kind_is_told_with_its_latest_as_example(command: str) -> None:
    world = stored()
    died(world, *ERRORS)
    first, second = rows(world.admin(), command)
    assert (first["kind"], first["count"]) == ("no route to #", 2)
    assert first["error"] == "no route to 10.0.0.9"
    assert first["last"] - first["first"] == 2
    assert (second["kind"], second["error"]) == ("disk full", "disk full")


@pytest.mark.parametrize("command", ["dead list", "jobs state=all", "history"])
def test_the_jobs_of_a_kind_are_found(command: str) -> None:
    world = stored()
    died(world, *ERRORS)
    found = rows(world.admin(), f"{command} kind=no%20route%20to%20%23")
    assert sorted(row["handle"] for row in found) == ["H:test:1", "H:test:3"]
    assert rows(world.admin(), f"{command} kind=no%20route") == []


def test_the_dead_letters_of_a_kind_are_run_again() -> None:
    world = stored()
    died(world, *ERRORS)
    admin = world.admin()
    admin.text("dead retry all kind=no%20route%20to%20%23")
    world.deliver()
    (left,) = rows(admin, "dead list")
    assert left["handle"] == "H:test:2"
