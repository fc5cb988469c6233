"""Invitations: so many places, until a day, for no more than a guest may be."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from datalab.errors import InvalidInvitation, UnknownGroup, UnknownInvitation
from datalab.people import accounts, audit, invitations
from datalab.people.store import Store

HOUR = 3600.0


def test_a_code_makes_a_guest_whose_account_ends(store: Store) -> None:
    made = invitations.issue(store, 0, "facilitator", "citizens", stay=HOUR)
    guest = invitations.join(store, 10, made.shown.lower(), "Zoé")
    assert guest.kind == "guest"
    assert accounts.GUEST.fullmatch(guest.name)
    assert guest.groups == ("citizens",)
    assert guest.expires_at == 10 + HOUR
    assert guest.display == "Zoé"
    assert guest.invitation == made.id


def test_without_a_name_one_is_drawn(store: Store) -> None:
    made = invitations.issue(store, 0, "x", "citizens")
    assert len(invitations.join(store, 1, made.code, " \u202e ").display.split()) >= 2


@pytest.mark.parametrize("typed", ["{c}", " {c} ", "{h}", "{h} .", "{l}", "{s}"])
def test_a_code_is_read_as_people_type_it(store: Store, typed: str) -> None:
    made = invitations.issue(store, 0, "x", "citizens")
    spaced = " ".join(made.code)
    text = typed.format(c=made.code, h=made.shown, l=made.code.lower(), s=spaced)
    assert invitations.look(store, 1, text).id == made.id


@pytest.mark.parametrize("code", ["", "AAAAAAAA", "' OR 1=1 --", "x" * 10_000, "\ud800", "%00"])
def test_a_forged_code_opens_nothing(store: Store, code: str) -> None:
    invitations.issue(store, 0, "x", "citizens")
    with pytest.raises(InvalidInvitation):
        invitations.join(store, 1, code)


def test_an_expired_withdrawn_or_full_one_says_which(store: Store) -> None:
    made = invitations.issue(store, 0, "x", "citizens", places=1, lifetime=HOUR)
    with pytest.raises(InvalidInvitation, match="expiré"):
        invitations.join(store, HOUR, made.code)
    invitations.join(store, 1, made.code)
    with pytest.raises(InvalidInvitation, match="places"):
        invitations.join(store, 2, made.code)
    other = invitations.issue(store, 0, "x", "citizens")
    invitations.withdraw(store, 1, "x", other.id)
    with pytest.raises(InvalidInvitation, match="retiré"):
        invitations.join(store, 2, other.code)
    with pytest.raises(UnknownInvitation):
        invitations.withdraw(store, 1, "x", "nothing")


def test_of_many_at_once_no_more_enter_than_there_are_places(store: Store) -> None:
    made = invitations.issue(store, 0, "x", "citizens", places=7)

    def join(_: int) -> bool:
        try:
            invitations.join(store, 1, made.code)
        except InvalidInvitation:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        said = Counter(pool.map(join, range(40)))
    assert said[True] == 7
    assert invitations.get(store, made.id).used == 7
    assert sum(account.kind == "guest" for account in accounts.accounts(store)) == 7


def test_withdrawing_ends_the_stay_of_who_came_with_it_and_of_nobody_else(store: Store) -> None:
    one, two = (invitations.issue(store, 0, "x", "citizens") for _ in range(2))
    mine, other = (invitations.join(store, 1, code.code) for code in (one, two))
    invitations.withdraw(store, 5, "x", one.id)
    assert not accounts.get(store, mine.name).may_enter(5)
    assert accounts.get(store, other.name).may_enter(5)


@pytest.mark.parametrize("group", ["operators", "agents", "stewards", "facilitators", "wheel"])
def test_no_code_gives_more_than_a_guest_may_have(store: Store, group: str) -> None:
    with pytest.raises(UnknownGroup):
        invitations.issue(store, 0, "x", group)


def test_numbers_without_measure_are_brought_back(store: Store) -> None:
    made = invitations.issue(
        store, 0, "x", "citizens", places=10**9, lifetime=1e12, stay=1e12, note="<b>" * 500
    )
    assert made.places == invitations.MOST_PLACES
    assert made.expires_at == invitations.LONGEST_LIFE
    assert made.stay == invitations.LONGEST_STAY
    assert len(made.note) <= invitations.LONGEST_NOTE
    assert invitations.issue(store, 0, "x", "citizens", places=-1).places == 1


def test_codes_differ_and_use_letters_that_nobody_mixes_up(store: Store) -> None:
    codes = {invitations.issue(store, 0, "x", "citizens").code for _ in range(50)}
    assert len(codes) == 50
    assert set("".join(codes)) <= set("BCDFGHJKLMNPQRSTVWXZ")
    assert {len(code) for code in codes} == {8}


def test_issue_use_and_withdrawal_are_written_down_without_the_code(store: Store) -> None:
    made = invitations.issue(store, 0, "x", "citizens")
    invitations.join(store, 1, made.code)
    invitations.withdraw(store, 2, "x", made.id)
    found = audit.entries(store)
    actions = {entry.action for entry in found}
    assert {"invitation.issue", "invitation.use", "invitation.withdraw"} <= actions
    assert made.code not in str(found)


def test_the_database_of_codes_is_private(store: Store, tmp_path: Path) -> None:
    assert {oct(p.stat().st_mode & 0o777) for p in tmp_path.iterdir()} == {"0o600"}
