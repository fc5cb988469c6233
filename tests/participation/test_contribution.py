"""Contributions: sent once, read before they are shown, reworded, taken back."""

from __future__ import annotations

import pytest

from datalab.errors import (
    CannotMove,
    FieldRefused,
    ReceiptTaken,
    SessionNotOpen,
    Stale,
    UnknownItem,
)
from datalab.participation import contribution, session
from datalab.participation.journal import since
from datalab.participation.store import Store
from tests.participation.room import accepted, idea, joined, opened, prepared


def test_what_is_sent_twice_is_kept_once(store: Store) -> None:
    made = opened(store)
    who = joined(store, made, "Merle")
    assert idea(store, made, "Des bancs", who) == idea(store, made, "Des bancs", who)
    with store.reading() as connection:
        assert len(contribution.contributions(connection, made)) == 1


def test_the_receipt_of_somebody_else_shows_nothing_of_theirs(store: Store) -> None:
    made = opened(store)
    idea(store, made, "Des bancs", joined(store, made, "Merle"))
    with pytest.raises(ReceiptTaken):
        idea(store, made, "Des bancs", joined(store, made, "Pinson"))


def test_nothing_is_sent_to_a_draft_or_a_closed_session(store: Store) -> None:
    made = prepared(store)
    with pytest.raises(SessionNotOpen):
        idea(store, made, "Trop tôt")
    with store.writing() as connection:
        made = session.open(connection, made, now=1.0, actor="ana")
        made = session.close(connection, made, now=2.0, actor="ana")
    with pytest.raises(SessionNotOpen):
        idea(store, made, "Trop tard")


@pytest.mark.parametrize("text", ["", " \n", "x" * 1_001, "\x00\x07"])
def test_an_empty_or_endless_text_is_refused(store: Store, text: str) -> None:
    made = opened(store)
    with pytest.raises(FieldRefused):
        idea(store, made, text)


def test_it_waits_for_a_moderator_who_lets_the_screened_text_be_read(store: Store) -> None:
    made = opened(store)
    one = idea(store, made, "Appelez-moi au 06 12 34 56 78", joined(store, made, "Merle"))
    assert (one.state, one.said) == ("submitted", "")
    assert one.concerns
    with store.writing() as connection:
        shown = contribution.accept(connection, made, one, now=4.0, actor="ana", seen=1)
    assert shown.state == "accepted"
    assert "06 12" not in shown.said
    assert shown.text == one.text, "what was typed stays for its author"
    with store.writing() as connection:
        again = contribution.reword(
            connection, made, shown, wording="Un numéro d’appel", now=5.0, actor="ben", seen=2
        )
    assert again.said == "Un numéro d’appel"


def test_afterwards_means_at_once_but_for_what_is_of_concern(store: Store) -> None:
    made = opened(store, moderation="after")
    assert idea(store, made, "Des bancs").state == "accepted"
    assert idea(store, made, "Mon numéro : 06 12 34 56 78").state == "submitted"


def test_a_rejection_has_a_reason_and_shows_nothing(store: Store) -> None:
    made = opened(store)
    one = accepted(store, made, "Hors sujet")
    with pytest.raises(FieldRefused), store.writing() as connection:
        contribution.reject(connection, made, one, reason=" ", now=5.0, actor="ana")
    with store.writing() as connection:
        told = contribution.reject(
            connection, made, one, reason="Parle d’un autre quartier", now=5.0, actor="ana"
        )
    assert (told.state, told.said, told.reason) == ("rejected", "", "Parle d’un autre quartier")


def test_two_moderators_do_not_decide_twice(store: Store) -> None:
    made = opened(store)
    one = idea(store, made, "Des bancs")
    with store.writing() as connection:
        contribution.accept(connection, made, one, now=4.0, actor="ana", seen=one.version)
    with pytest.raises(Stale), store.writing() as connection:
        contribution.reject(
            connection, made, one, reason="Non", now=4.0, actor="ben", seen=one.version
        )


def test_only_its_author_takes_it_back(store: Store) -> None:
    made = opened(store)
    mine, other = joined(store, made, "Merle"), joined(store, made, "Pinson")
    one = accepted(store, made, "Des bancs", mine)
    with pytest.raises(UnknownItem), store.writing() as connection:
        contribution.withdraw(connection, made, one, now=5.0, author=other)
    with store.writing() as connection:
        gone = contribution.withdraw(connection, made, one, now=5.0, author=mine)
        assert (gone.state, gone.said) == ("withdrawn", "")
        with pytest.raises(CannotMove):
            contribution.accept(connection, made, gone, now=6.0, actor="ana")


def test_a_comment_is_about_an_idea_that_is_shown(store: Store) -> None:
    made = opened(store)
    hidden, shown = idea(store, made, "Des bancs"), accepted(store, made, "Des arbres")
    told = idea(store, made, "Oui !", kind="comment", parent=shown.id)
    assert told.parent_id == shown.id
    with pytest.raises(UnknownItem):
        idea(store, made, "Non !", kind="comment", parent=hidden.id)
    with pytest.raises(FieldRefused):
        idea(store, made, "Alors ?", kind="comment")


def test_live_pages_hear_of_every_step(store: Store) -> None:
    made = opened(store)
    accepted(store, made, "Des bancs", joined(store, made, "Merle"))
    with store.reading() as connection:
        kinds = [change.kind for change in since(connection, 0, made.scope)]
    assert kinds == [
        "session.create",
        "session.open",
        "contribution.submit",
        "contribution.accept",
    ]
