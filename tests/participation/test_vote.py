"""Votes: a quota of dots each, counted where an idea went, hidden while people vote."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from datalab.errors import FieldRefused, NoDotsLeft, UnknownItem, VoteClosed
from datalab.participation import session, vote
from datalab.participation.contribution import Contribution
from datalab.participation.session import Session
from datalab.participation.store import Store
from tests.participation.room import accepted, idea, joined, opened


def voting(store: Store, dots: int = 3) -> Session:
    made = opened(store, dots=dots)
    with store.writing() as connection:
        return vote.open_vote(connection, made, now=5.0, actor="ana")


def cast(store: Store, made: Session, who: str, one: Contribution, dots: int) -> int:
    with store.writing() as connection:
        made = session.get(connection, made.id)
        return vote.cast(connection, made, who, one, dots, now=6.0)


def counts(store: Store, made: Session) -> dict[str, int]:
    with store.reading() as connection:
        return dict(vote.counts(connection, made))


def test_dots_are_given_moved_and_taken_back_within_the_quota(store: Store) -> None:
    made = voting(store)
    benches, trees = accepted(store, made, "Des bancs"), accepted(store, made, "Des arbres")
    who = joined(store, made, "Merle")
    assert cast(store, made, who, benches, 2) == 1
    assert cast(store, made, who, benches, 2) == 1, "twice is once"
    with pytest.raises(NoDotsLeft) as refused:
        cast(store, made, who, trees, 2)
    assert refused.value.facts == {"dots": 3, "left": 1}
    assert cast(store, made, who, benches, 0) == 3
    assert cast(store, made, who, trees, 3) == 0
    assert counts(store, made) == {trees.id: 3, benches.id: 0}


def test_many_requests_at_once_give_no_dot_too_many(store: Store) -> None:
    made = voting(store, dots=2)
    ideas = [accepted(store, made, f"Idée {n}") for n in range(6)]
    who = joined(store, made, "Merle")

    def once(one: Contribution) -> bool:
        try:
            cast(store, made, who, one, 1)
        except NoDotsLeft:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(once, ideas)) == 2
    assert sum(counts(store, made).values()) == 2


def test_nobody_votes_when_closed_for_what_is_not_shown_or_without_joining(store: Store) -> None:
    made = opened(store)
    one, who = accepted(store, made, "Des bancs"), joined(store, made, "Merle")
    with pytest.raises(VoteClosed):
        cast(store, made, who, one, 1)
    with store.writing() as connection:
        vote.open_vote(connection, made, now=5.0, actor="ana")
    with pytest.raises(UnknownItem):
        cast(store, made, who, idea(store, made, "En attente"), 1)
    with pytest.raises(UnknownItem):
        cast(store, made, joined(store, opened(store, receipt="other"), "Pie"), one, 1)
    for dots in (-1, 4):
        with pytest.raises(FieldRefused):
            cast(store, made, who, one, dots)


def test_counts_are_hidden_while_people_vote_where_the_session_says_so(store: Store) -> None:
    made = voting(store)
    assert not vote.counts_shown(made)
    with store.writing() as connection:
        made = vote.close_vote(connection, made, now=7.0, actor="ana")
        assert vote.counts_shown(made)
        made = vote.open_vote(connection, made, now=8.0, actor="ana")
        kept = {"counts_hidden": False}
        made = session.edit(connection, made, kept, seen=None, now=9.0, actor="ana")
    assert vote.counts_shown(made)
