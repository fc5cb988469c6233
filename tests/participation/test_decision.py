"""Decisions: made once, with an owner and a day, and told of until they are done."""

from __future__ import annotations

import pytest

from datalab.errors import FieldRefused, Stale, UnknownItem
from datalab.participation import decision, journal
from datalab.participation.decision import Decision
from datalab.participation.session import Session
from datalab.participation.store import Store
from tests.participation.room import accepted, idea, opened


def made_in(store: Store, session: Session, **more: object) -> Decision:
    told = {"text": "Poser 10 bancs", "owner": "Service voirie", "due": "2026-12-01", **more}
    with store.writing() as connection:
        return decision.make(
            connection,
            session,
            receipt="r1",
            now=9.0,
            actor="ana",
            **told,  # type: ignore[arg-type]
        )


def test_a_decision_answers_contributions_that_everybody_reads(store: Store) -> None:
    session = opened(store)
    shown, hidden = accepted(store, session, "Des bancs"), idea(store, session, "Des arbres")
    one = made_in(store, session, answers=[shown.id, hidden.id, "nothing"], objections=["", "Cher"])
    assert one.answers == [shown.id]
    assert one.objections == ["Cher"]
    assert made_in(store, session) == one, "the same receipt makes it once"


def test_it_changes_state_with_news_and_is_taken_back(store: Store) -> None:
    session = opened(store)
    one = made_in(store, session)
    with store.writing() as connection:
        news = {"state": "started", "news": "Commande passée."}
        after = decision.update(connection, session, one, news, now=10.0, actor="ben", seen=1)
        assert (after.state, after.news, after.updated_at) == ("started", "Commande passée.", 10.0)
        with pytest.raises(Stale):
            decision.update(connection, session, one, news, now=11.0, actor="ana", seen=1)
        decision.remove(connection, session, after, now=12.0, actor="ana")
        with pytest.raises(UnknownItem):
            decision.get(connection, session, one.id)
        journal.undo(connection, journal.newest(connection), at=13.0, actor="ana")
        assert decision.get(connection, session, one.id).news == "Commande passée."


@pytest.mark.parametrize(
    ("name", "value"), [("text", ""), ("owner", " "), ("due", "demain"), ("state", "finished")]
)
def test_what_cannot_be_kept_is_refused_by_its_name(store: Store, name: str, value: str) -> None:
    session = opened(store)
    one = made_in(store, session)
    with pytest.raises(FieldRefused) as refused, store.writing() as connection:
        decision.update(connection, session, one, {name: value}, now=10.0, actor="ana")
    assert refused.value.facts["name"] == name
