"""How people appear to each other, and what the tables of rights say."""

from __future__ import annotations

import pytest

from datalab.errors import NotEntitled, SignInRefused
from datalab.people import accounts, openid
from datalab.people.identity import (
    colour,
    contrast_with_white,
    group_names,
    identity,
    initials,
)
from datalab.people.openid import Rules
from datalab.people.reference import reference
from datalab.people.rights import GROUPS, PROJECT_RIGHTS, RIGHTS, lakes, may, may_in_project
from datalab.people.store import Store

RULES = Rules.of("https://id.example", "l’école", "groups", "eleves=students, profs=agents", "")


def test_a_colour_is_always_the_same_and_can_be_read() -> None:
    names = [f"account-{number}" for number in range(300)]
    assert [colour(name) for name in names] == [colour(name) for name in names]
    found = {colour(name) for name in names}
    assert len(found) > 20
    for text in found:
        parts = [int(text[start : start + 2], 16) for start in (1, 3, 5)]
        assert contrast_with_white(parts) >= 4.5


@pytest.mark.parametrize(
    ("display", "short"),
    [
        ("Jeanne d’Arc", "JD"),
        ("Jean-Baptiste Martin", "JM"),
        ("Étudiante", "É"),
        ("🦉 Chouette", "C"),
        ("<b>Zoé</b>", ""),
        ("李 明", "李明"),
        ("", ""),
    ],
)
def test_initials(display: str, short: str) -> None:
    assert initials(display) == short


def test_who_has_no_initials_gets_that_of_the_account() -> None:
    shown = identity("zoe", "🦉", ["citizens"])
    assert shown["initials"] == "Z"
    assert shown["group"] == "Citoyens"


def test_groups_have_names_in_both_languages() -> None:
    assert len(group_names(GROUPS)) == len(group_names(GROUPS, "en")) == len(GROUPS)
    assert group_names(["operators"], "en") == ["Operators"]


def test_every_right_has_a_holder_and_a_line_in_the_page() -> None:
    page = reference()
    for right in (*RIGHTS, *PROJECT_RIGHTS):
        assert f"`{right}`" in page
    assert all(RIGHTS.values())
    assert all(PROJECT_RIGHTS.values())


def test_who_is_in_no_group_or_no_member_may_nothing() -> None:
    assert not any(may([], right) for right in RIGHTS)
    assert not any(may(["wheel"], right) for right in RIGHTS)
    assert not any(may_in_project(None, right) for right in PROJECT_RIGHTS)
    assert not any(may_in_project("admin", right) for right in PROJECT_RIGHTS)


def test_a_restricted_lake_is_read_by_whom_its_steward_named() -> None:
    audiences = {"restricted-a": ["agents", "jeanne"], "restricted-b": []}
    assert lakes(["students"], audiences) == ("open", "members")
    assert lakes(["students"], audiences, "jeanne") == ("open", "members", "restricted-a")
    assert lakes(["agents"], audiences) == ("open", "members", "restricted-a")
    assert lakes(["citizens"], audiences) == ("open",)
    assert lakes([], {"restricted-a": [""]}) == ("open",)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Marie.Curie@example.org", "marie-curie"),
        ("Éloïse d’Aubigné", "eloise-daubigne"),
        ("proj-atelier", "u-proj-atelier"),
        ("invite-00", "u-invite-00"),
        ("proj", "u-proj"),
        ("007", "u-007"),
        ("../../etc/passwd", "etc-passwd"),
        ("ΩΩ", ""),
        ("", ""),
        ("a" * 300, "a" * 32),
    ],
)
def test_a_name_from_elsewhere_becomes_one_of_ours(said: str, name: str) -> None:
    assert openid.slug(said) == name
    if name:
        accounts.checked_name(name)


def test_a_person_is_known_by_the_subject_and_nothing_else(store: Store) -> None:
    claims = {"sub": "1", "preferred_username": "operator", "groups": ["eleves"]}
    first = openid.account_of(store, 1, RULES, claims)
    assert first.name == "operator-2"
    again = openid.account_of(store, 2, RULES, {**claims, "preferred_username": "other"})
    assert again.name == "operator-2"
    other = openid.account_of(store, 3, RULES, {**claims, "sub": "2"})
    assert other.name == "operator-3"
    elsewhere = Rules.of("https://other.example", "x", "groups", "eleves=students", "")
    assert openid.account_of(store, 4, elsewhere, claims).name == "operator-4"


@pytest.mark.parametrize("subject", [None, "", 7, ["1"], "x" * 256])
def test_without_a_subject_there_is_nobody(store: Store, subject: object) -> None:
    with pytest.raises(SignInRefused):
        openid.account_of(store, 1, RULES, {"sub": subject, "groups": ["eleves"]})


@pytest.mark.parametrize("said", [None, 7, {"eleves": 1}, [], ["chorale"], "chorale", [["eleves"]]])
def test_in_none_of_our_groups_nobody_enters_unless_there_is_a_default(
    store: Store, said: object
) -> None:
    with pytest.raises(NotEntitled):
        openid.account_of(store, 1, RULES, {"sub": "1", "groups": said})
    assert len(accounts.accounts(store)) == 1
    open_to_all = Rules.of("https://id.example", "x", "groups", "", "citizens")
    account = openid.account_of(store, 1, open_to_all, {"sub": "1", "groups": said})
    assert account.groups == ("citizens",)


def test_an_address_counts_where_it_was_verified(store: Store) -> None:
    claims = {"sub": "1", "email": "a@example.org", "groups": "eleves profs"}
    account = openid.account_of(store, 1, RULES, claims)
    assert account.email is None
    assert account.name == "membre"
    assert account.groups == ("students", "agents")
    verified = {**claims, "sub": "2", "email_verified": True}
    assert openid.account_of(store, 1, RULES, verified).email == "a@example.org"


def test_leaving_a_group_there_is_leaving_it_here(store: Store) -> None:
    claims = {"sub": "1", "preferred_username": "zoe", "groups": ["eleves"]}
    openid.account_of(store, 1, RULES, claims)
    with pytest.raises(NotEntitled):
        openid.account_of(store, 2, RULES, {**claims, "groups": []})
    assert not accounts.get(store, "zoe").may_enter(3)
    assert openid.account_of(store, 4, RULES, claims | {"groups": ["profs"]}).groups == ("agents",)
