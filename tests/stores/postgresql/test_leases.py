"""A lease counts by the steady clock of who looks at it."""

from __future__ import annotations

from geartrain.stores.postgresql.leases import Leases


def test_a_lease_that_is_renewed_does_not_end() -> None:
    leases = Leases()
    for second in range(100):
        # The database's clock may say what it likes.
        leases.look([(1, 1000 - second)], float(second))
        assert leases.end_of(1, 10.0) == 0


def test_one_that_is_not_renewed_ends() -> None:
    leases = Leases()
    for second in range(9):
        leases.look([(1, 500), (2, 700)], float(second))
    leases.look([(1, 500), (2, 800)], 9.9)
    assert leases.end_of(1, 10.0) == 0
    leases.look([(1, 500), (2, 800)], 10.0)
    assert (leases.end_of(1, 10.0), leases.end_of(2, 10.0)) == (500, 0)


def test_time_in_which_nobody_could_look_does_not_count() -> None:
    """A database that was away would have one node take over from all others."""
    leases = Leases()
    leases.look([(1, 500), (2, 700)], 0.0)
    leases.look([(1, 500), (2, 700)], 60.0)
    assert leases.end_of(1, 10.0) == 0
    for second in range(61, 68):
        leases.look([(1, 500), (2, 800)], float(second))
    assert (leases.end_of(1, 10.0), leases.end_of(2, 10.0)) == (500, 0)


def test_a_node_is_settled_once_its_lease_moved_or_did_not_for_long() -> None:
    leases = Leases()
    leases.look([(1, 500), (2, 700), (3, 900)], 0.0)
    assert [leases.is_settled(node, 2.0) for node in (1, 2, 3)] == [False] * 3
    leases.look([(1, 500), (2, 710)], 1.0)
    assert [leases.is_settled(node, 2.0) for node in (1, 2, 3)] == [False, True, True]
    leases.look([(1, 500), (2, 710)], 2.0)
    assert [leases.end_of(node, 2.0) for node in (1, 2)] == [500, 0]
    assert leases.is_settled(1, 2.0)


def test_a_node_that_has_gone_is_forgotten() -> None:
    leases = Leases()
    leases.look([(1, 500)], 0.0)
    leases.look([], 1.0)
    assert leases.end_of(1, 10.0) == 0


def test_who_was_there_before_is_aware_of_us_once_it_has_renewed_its_lease() -> None:
    leases = Leases()
    leases.look([(1, 500), (2, 700)], 0.0)
    assert not leases.are_aware(2)
    leases.look([(1, 500), (2, 800), (3, 900)], 1.0)
    assert not leases.are_aware(2)
    # However its clock was set back.
    leases.look([(1, 400), (2, 800), (3, 900)], 2.0)
    assert leases.are_aware(2)
    leases.doubt()
    assert not leases.are_aware(2)
    leases.look([(2, 850)], 3.0)
    assert leases.are_aware(2)


def test_who_comes_after_the_first_look_is_aware_of_us() -> None:
    leases = Leases()
    leases.look([], 0.0)
    leases.look([(1, 500), (2, 700)], 1.0)
    assert leases.are_aware(1)
