"""A lease counts by the steady clock of who looks at it."""

from __future__ import annotations

from geartrain.stores.postgresql.leases import Leases


def test_a_lease_that_is_renewed_does_not_end() -> None:
    leases = Leases()
    for second in range(100):
        # The database's clock may say what it likes.
        leases.look([(1, 1000 - second, False)], float(second))
        assert leases.end_of(1, float(second), 10.0) == 0 or second == 0


def test_one_that_is_not_renewed_ends() -> None:
    leases = Leases()
    for second in range(9):
        leases.look([(1, 500, True), (2, 700, True)], float(second))
    leases.look([(1, 500, True), (2, 800, True)], 9.9)
    assert leases.end_of(1, 9.9, 10.0) == 0
    assert (leases.end_of(1, 10.0, 10.0), leases.end_of(2, 10.0, 10.0)) == (500, 0)


def test_time_in_which_nobody_could_look_does_not_count() -> None:
    """A database that was away would have one node take over from all others."""
    leases = Leases()
    leases.look([(1, 500, True), (2, 700, True)], 0.0)
    leases.look([(1, 500, False), (2, 700, False)], 60.0)
    assert leases.end_of(1, 61.0, 10.0) == 0
    for second in range(61, 68):
        leases.look([(1, 500, False), (2, 800, True)], float(second))
    assert (leases.end_of(1, 67.0, 10.0), leases.end_of(2, 67.0, 10.0)) == (500, 0)


def test_the_first_look_believes_what_the_database_says() -> None:
    leases = Leases()
    leases.look([(1, 500, False), (2, 700, True)], 0.0)
    assert (leases.end_of(1, 0.0, 10.0), leases.end_of(2, 0.0, 10.0)) == (500, 0)
    leases.look([(2, 700, True), (3, 400, False)], 1.0)
    assert leases.end_of(3, 1.0, 10.0) == 0


def test_a_node_that_has_gone_is_forgotten() -> None:
    leases = Leases()
    leases.look([(1, 500, False)], 0.0)
    leases.look([], 1.0)
    assert leases.end_of(1, 20.0, 10.0) == 0


def test_who_was_there_before_is_aware_of_us_once_it_has_renewed_its_lease() -> None:
    leases = Leases()
    leases.look([(1, 500, True), (2, 700, True)], 0.0)
    assert not leases.are_aware(2)
    leases.look([(1, 500, True), (2, 800, True), (3, 900, True)], 1.0)
    assert not leases.are_aware(2)
    # However its clock was set back.
    leases.look([(1, 400, True), (2, 800, True), (3, 900, True)], 2.0)
    assert leases.are_aware(2)
    leases.doubt()
    assert not leases.are_aware(2)
    leases.look([(2, 850, True)], 3.0)
    assert leases.are_aware(2)
