from __future__ import annotations

import random

from geartrain.backoff import MAX_PAUSE, Backoff


def test_pauses_double_to_a_limit_and_differ() -> None:
    found = []
    for _ in range(20):
        backoff = Backoff()
        found.append([backoff.next() for _ in range(12)])
        assert backoff.tries == 12
    for number, pauses in enumerate(zip(*found, strict=True)):
        longest = min(MAX_PAUSE, 0.1 * 2**number)
        assert all(longest / 2 <= pause <= longest for pause in pauses)
        assert len(set(pauses)) > 1


def test_reset_begins_with_the_shortest() -> None:
    backoff = Backoff()
    for _ in range(50):
        backoff.next()
    backoff.reset()
    assert backoff.tries == 0
    assert backoff.next() <= 0.1


def test_a_seeded_program_gets_its_numbers_again() -> None:
    random.seed(7)
    expected = random.random()
    random.seed(7)
    Backoff().next()
    assert random.random() == expected
