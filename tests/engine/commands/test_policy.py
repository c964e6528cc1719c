"""``policy`` and ``show policies``, byte for byte, and that a change has its effect."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.dialogue import (
    H1,
    DialoguePeer,
    World,
    job_assign,
    job_created,
    no_job,
    work_fail,
)

# A world's own.
DEFAULTS = (
    b"OK max_attempts=1 max_crashes=0 backoff=exponential backoff_delay=0"
    b" backoff_cap=3600 backoff_jitter=0.1 timeout=0 ttl=0 delay=0"
    b" dedupe=join dedupe_window=0 dedupe_wait=0"
    b" max_waiting=0 when_full=refuse when_no_worker=wait no_worker_grace=10"
    b" rate=none burst=0 concurrency=0 key_rate=none key_concurrency=0"
    b" key_from=none order=priority"
    b" options_in_names=false"
    b" paused=false draining=false"
    b" alert_age=300 alert_no_worker=0 alert_dead=1 dead_letter=true history=3600"
    b" result_ttl=0 result_size=1048576 cache_ttl=0\n"
)


def rows(admin: DialoguePeer) -> list[dict[str, Any]]:
    """Return what ``show policies`` lists."""
    answer = admin.text("show policies")
    assert answer.endswith(b".\n")
    return [json.loads(line) for line in answer.splitlines()[:-1]]


# What is told


def test_every_setting_of_a_function_is_told(admin: DialoguePeer) -> None:
    assert admin.text("policy f") == DEFAULTS


@pytest.mark.parametrize("pointer", [b"/a%20b", b"/a%0Ab", b"/%FF", b"/a%3D100%25"])
def test_a_value_is_told_as_the_word_that_was_given(
    admin: DialoguePeer, pointer: bytes
) -> None:
    assert admin.text(b"policy f key_from=" + pointer) == b"OK\r\n"
    assert b" key_from=" + pointer + b" " in admin.text("policy f")


def test_asking_brings_no_function_about(admin: DialoguePeer) -> None:
    admin.text("policy f")
    assert admin.text("status") == b".\n"


def test_nothing_was_set_at_first(admin: DialoguePeer) -> None:
    assert admin.text("show policies") == b".\n"
    assert admin.text("SHOW Policies\r") == b".\n"


def test_a_change_is_told_afterwards(admin: DialoguePeer) -> None:
    line = (
        "POLICY f max_attempts=3 max_crashes=0 backoff=fixed backoff_delay=0.5"
        " backoff_cap=60 backoff_jitter=1 timeout=1e-07 ttl=86400 delay=1.50"
        " dead_letter=false"
        " alert_age=300 alert_no_worker=0 alert_dead=1 history=3600"
    )
    assert admin.text(line) == b"OK\r\n"
    assert admin.text("policy f") == (
        b"OK max_attempts=3 max_crashes=0 backoff=fixed backoff_delay=0.5"
        b" backoff_cap=60 backoff_jitter=1 timeout=1e-07 ttl=86400 delay=1.5"
        b" dedupe=join dedupe_window=0 dedupe_wait=0"
        b" max_waiting=0 when_full=refuse when_no_worker=wait no_worker_grace=10"
        b" rate=none burst=0 concurrency=0 key_rate=none key_concurrency=0"
        b" key_from=none order=priority"
        b" options_in_names=false"
        b" paused=false draining=false"
        b" alert_age=300 alert_no_worker=0 alert_dead=1 dead_letter=false history=3600"
        b" result_ttl=0 result_size=1048576 cache_ttl=0\n"
    )
    assert admin.text("policy g") == DEFAULTS


def test_rows_are_what_was_given_in_the_order_in_which_it_applies(
    admin: DialoguePeer,
) -> None:
    for line in ("f ttl=1", "mail.* timeout=2.5", "* dead_letter=false", "f delay=3"):
        assert admin.text(f"policy {line}") == b"OK\r\n"
    assert admin.text("show policies") == (
        b'{"pattern": "mail.*", "source": "runtime", "timeout": 2.5}\n'
        b'{"pattern": "*", "source": "runtime", "dead_letter": false}\n'
        b'{"pattern": "f", "source": "runtime", "ttl": 1, "delay": 3}\n'
        b".\n"
    )


def test_a_glob_and_a_name_apply_together(admin: DialoguePeer) -> None:
    admin.text("policy mail.send ttl=1")
    admin.text("policy mail.* ttl=2 timeout=2")
    answer = admin.text("policy mail.send")
    assert b" timeout=2 ttl=1 " in answer
    assert b" timeout=2 ttl=2 " in admin.text("policy mail.read")


def test_names_and_values_are_percent_encoded(admin: DialoguePeer) -> None:
    admin.text("policy a%20b%25 ttl=%31%2E%35 %74imeout=2")
    (row,) = rows(admin)
    assert row["pattern"] == "a b%"
    assert (row["ttl"], row["timeout"]) == (1.5, 2.0)
    assert b" timeout=2 ttl=1.5 " in admin.text("policy a%20b%25")


def test_a_time_may_have_units(admin: DialoguePeer) -> None:
    assert admin.text("policy f ttl=1h30m delay=500ms") == b"OK\r\n"
    assert b" ttl=5400 delay=0.5 " in admin.text("policy f")


def test_names_are_bytes(admin: DialoguePeer) -> None:
    admin.text(b"policy \xff%fe ttl=1")
    assert rows(admin) == [{"pattern": "\udcff\udcfe", "source": "runtime", "ttl": 1.0}]
    assert b" ttl=1 " in admin.text("policy %FF%FE")


@given(
    backoff_delay=st.floats(0, 1e9),
    backoff_jitter=st.floats(0, 1),
    max_attempts=st.integers(1, 1_000_000_000),
)
def test_what_is_told_can_be_given(**settings: float) -> None:
    admin = World().admin()
    words = " ".join(f"{name}={value!r}" for name, value in settings.items())
    assert admin.text(f"policy f {words}") == b"OK\r\n"
    told = admin.text("policy f").removeprefix(b"OK ").rstrip()
    assert admin.text(b"policy g " + told) == b"OK\r\n"
    assert admin.text("policy g") == b"OK " + told + b"\n"
    (row,) = [row for row in rows(admin) if row["pattern"] == "f"]
    assert row == {"pattern": "f", "source": "runtime", **settings}


def test_an_empty_value_takes_back_what_was_changed(world: World) -> None:
    admin = world.admin()
    world.engine.change_policy(b"mail.*", {"ttl": 5, "timeout": 7})
    assert admin.text("policy mail.* ttl=1 timeout=2") == b"OK\r\n"
    assert admin.text("policy mail.send delay=3") == b"OK\r\n"
    assert b" timeout=2 ttl=1 " in admin.text("policy mail.send")
    assert admin.text("policy mail.* ttl=") == b"OK\r\n"
    assert b" timeout=2 ttl=5 " in admin.text("policy mail.send")
    assert admin.text("show policies mail.send") == (
        b'{"pattern": "mail.*", "source": "file", "ttl": 5, "timeout": 7}\n'
        b'{"pattern": "mail.*", "source": "runtime", "timeout": 2}\n'
        b'{"pattern": "mail.send", "source": "runtime", "delay": 3}\n'
        b".\n"
    )
    assert admin.text("show policies mail.read").count(b"\n") == 3


# What is refused


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("", "policy takes a function, or a pattern and name=value words"),
        ("f ttl", "'ttl' has no value: write name=value"),
        ("f ttl=2 ttl=3", "'ttl' is given twice"),
        (
            "f time_out=3",
            "'time_out' is no setting of a policy: did you mean 'timeout'?",
        ),
        ("f =3", "'' is no setting of a policy: use max_attempts, max_crashes,"),
        ("f %FF=3", "'\\udcff' is no setting of a policy: use max_attempts,"),
        ("f tl=", "'tl' is no setting of a policy: did you mean 'ttl'?"),
        ("f ttl=1x", "ttl cannot be '1x': it is a number of seconds from 0,"),
        ("f ttl=-1", "ttl cannot be '-1': it is a number of seconds from 0,"),
        ("f ttl=nan", "ttl cannot be 'nan': it is a number of seconds from 0,"),
        ("f ttl=1=2", "ttl cannot be '1=2': it is a number of seconds from 0,"),
        ("f ttl=%0A", "ttl cannot be '\\n': it is a number of seconds from 0,"),
        (
            "f max_attempts=0",
            "max_attempts cannot be '0': it is a whole number from 1 ",
        ),
        ("f backoff=%FF", "backoff cannot be '\\udcff': it is fixed or exponential"),
        ("f backoff=gr%C3%BCn", "backoff cannot be 'grün': it is fixed or exponential"),
        ("f dead_letter=no", "dead_letter cannot be 'no': it is true or false"),
        ("%% ttl=x", "ttl cannot be 'x': it is a number of seconds from 0,"),
    ],
)
def test_what_is_wrong_is_told_in_a_line_and_changes_nothing(
    admin: DialoguePeer, words: str, reason: str
) -> None:
    admin.text("policy f ttl=7")
    answer = admin.text(f"policy {words}").decode()
    quoted = reason.replace(" ", "+")
    assert answer.startswith(f"ERR INVALID_ARGUMENTS {quoted}")
    assert answer.endswith("\r\n")
    assert answer.count("\n") == 1
    assert rows(admin) == [{"pattern": "f", "source": "runtime", "ttl": 7.0}]


def test_one_wrong_setting_refuses_all(admin: DialoguePeer) -> None:
    answer = admin.text("policy f ttl=1 timeout=2 delay=soon")
    assert answer.startswith(b"ERR INVALID_ARGUMENTS delay+cannot+be+'soon':")
    assert admin.text("policy f") == DEFAULTS
    assert admin.text("show policies") == b".\n"


# What a change does


def test_a_change_is_for_functions_that_are_there_and_for_later_ones(
    world: World, client: DialoguePeer, admin: DialoguePeer
) -> None:
    early = world.worker("early")
    admin.text("policy * delay=60")
    late = world.worker("late")
    for worker, function in ((early, b"early"), (late, b"late")):
        client.submit_job_bg(function, b"", b"w")
        worker.grab_job()
        assert worker.received == [no_job()]
    world.advance(60)
    for worker in (early, late):
        worker.grab_job()
        (answer,) = worker.received
        assert answer.name == "job_assign"


def test_a_time_to_live_is_for_jobs_that_wait_already(
    world: World, client: DialoguePeer, admin: DialoguePeer
) -> None:
    client.submit_job(b"f", b"", b"w")
    world.advance(10)
    admin.text("policy f ttl=15")
    world.advance(4.9)
    assert client.received == [job_created(H1)]
    world.advance(0.2)
    assert client.received == [work_fail(H1)]
    assert admin.text("status") == b"f\t0\t0\t0\n.\n"


def test_more_attempts_are_for_a_job_that_runs_already(
    world: World, client: DialoguePeer, admin: DialoguePeer
) -> None:
    worker = world.worker("f")
    client.submit_job(b"f", b"", b"w")
    worker.grab_job()
    admin.text("policy f max_attempts=2 backoff_delay=0")
    worker.work_fail(H1)
    worker.grab_job()
    assert worker.received == [job_assign(H1, b"f", b"w")] * 2
    assert client.received == [job_created(H1)]
    worker.work_fail(H1)
    assert client.received == [work_fail(H1)]
