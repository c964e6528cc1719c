"""Access: rights on functions by globs, and what they include."""

from __future__ import annotations

import pytest

from geartrain.engine.model.access import (
    ADMINISTER,
    OPERATE,
    RIGHTS,
    SEE,
    SUBMIT,
    WORK,
    Access,
    Rules,
)
from geartrain.engine.model.principals import Identity, Principal


def access(**rights: bytes) -> Access:
    return Access([Principal(b"p", {name: (glob,) for name, glob in rights.items()})])


@pytest.mark.parametrize(
    ("right", "included"),
    [
        ("submit", {SUBMIT}),
        ("work", {WORK}),
        ("see", {SEE}),
        ("operate", {SEE, OPERATE}),
        ("administer", {SEE, OPERATE, ADMINISTER}),
    ],
)
def test_a_right_includes_lesser_ones(right: str, included: set[int]) -> None:
    found = access(**{right: b"mail.*"})
    every = range(len(RIGHTS))
    assert {each for each in every if found.may(each, b"mail.send")} == included
    assert {each for each in every if found.has(each)} == included
    assert not any(found.may(each, b"pay") for each in every)
    assert not any(found.has_all(each) for each in every)
    assert found.knows(b"mail.send")
    assert not found.knows(b"pay")


def test_rights_of_several_principals_add_up() -> None:
    both = Access(
        [
            Principal(b"a", {"see": (b"a.*",)}),
            Principal(b"b", {"see": (b"b", b"c")}),
        ]
    )
    assert [both.may(SEE, each) for each in (b"a.x", b"b", b"c", b"d")] == [
        *[True] * 3,
        False,
    ]


def test_a_glob_is_for_the_whole_name() -> None:
    found = access(see=b"mail")
    assert not found.may(SEE, b"mail.send")
    assert not found.may(SEE, b"my mail")
    assert not access(see=b"mail.*").may(SEE, b"mail")
    assert not access(see=b"a").may(SEE, b"a\n")


def test_answers_are_kept_within_bounds() -> None:
    found = access(see=b"mail.*")
    for number in range(10_000):
        assert found.may(SEE, b"mail.%d" % number)
        assert not found.may(SEE, b"pay.%d" % number)
    assert sum(map(len, found._kept)) <= 5 * 4096


def test_names_too_long_for_globs_are_for_who_may_all() -> None:
    name = b"mail." + bytes(2000)
    assert not access(see=b"mail.*").may(SEE, name)
    assert access(see=b"*").may(SEE, name)


def test_without_rules_all_is_allowed_but_to_who_logged_in() -> None:
    rules = Rules()
    assert rules.is_empty()
    assert rules.find(Identity("10.0.0.1")) is None
    person = Identity("10.0.0.1")
    person.role = b"view"
    found = rules.find(person)
    assert found is not None
    assert found.has_all(SEE)
    assert not found.has(OPERATE)


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        (b"view", {SEE}),
        (b"operate", {SEE, OPERATE, SUBMIT}),
        (b"administer", {SEE, OPERATE, ADMINISTER, SUBMIT}),
        (b"unknown", set[int]()),
    ],
)
def test_roles_of_people(role: bytes, rights: set[int]) -> None:
    person = Identity("10.0.0.1")
    person.role = role
    found = Rules().find(person)
    assert found is not None
    assert {each for each in range(len(RIGHTS)) if found.has_all(each)} == rights


def test_a_rule_takes_the_place_of_the_role_of_its_name() -> None:
    rules = Rules([Principal(b"view", {"see": (b"mail.*",)})])
    person = Identity("10.0.0.1")
    person.role = b"view"
    found = rules.find(person)
    assert found is not None
    assert not found.may(SEE, b"pay")


def test_who_are_the_same_share_what_was_found() -> None:
    rules = Rules([Principal(b"p", {"see": (b"mail.*",)})])
    first, second = Identity("10.0.0.1"), Identity("10.0.0.2")
    assert rules.find(first) is rules.find(second)
    first.is_over_all = True
    assert rules.find(first) is None


def test_tokens_and_roles_are_known() -> None:
    principal = Principal(b"p", {"see": (b"*",)})
    principal.tokens = (b"digest",)
    rules = Rules([principal])
    assert rules.knows_token(b"digest")
    assert not rules.knows_token(b"other")
    assert rules.knows_role(b"p")
    assert rules.knows_role(b"operate")
    assert not rules.knows_role(b"q")
