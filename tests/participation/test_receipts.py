"""What comes twice is kept once; another thing under the receipt of an earlier one is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, inspect

from datalab.database import schema
from datalab.errors import ReceiptReused
from datalab.participation import (
    campaign,
    contribution,
    paper,
    request,
    response,
    rewriting,
    session,
    survey,
)
from datalab.participation.answers import check
from datalab.participation.batch import Ahead
from datalab.participation.campaign import Draft
from datalab.participation.migrations.schema import FOLDER, LOCK
from datalab.participation.report import Report, review
from datalab.participation.request_receipt import digest_of, recorded
from datalab.participation.response import Sender
from datalab.participation.store import Store
from datalab.participation.tables.survey import RESPONSE
from tests.participation.room import idea, joined, opened
from tests.participation.test_batch import at_once
from tests.participation.test_flag import raised
from tests.participation.test_questionnaire import small
from tests.participation.test_survey import opened as asked_in
from tests.participation.test_survey import send

RECEIPT = "receipt-of-a-form-0001"


def again(store: Store, one: contribution.Contribution, **sent: Any) -> contribution.Contribution:
    """``one`` comes once more, as ``sent``."""
    with store.reading() as connection:
        found = session.get(connection, one.session_id)
        kept = contribution.get(connection, found, one.id)
        return rewriting.require_same(connection, found, kept, sent)


def test_an_idea_is_the_same_as_long_as_its_words_are(store: Store) -> None:
    made = opened(store)
    one = idea(store, made, "Des bancs", joined(store, made, "Merle"), receipt=RECEIPT)
    assert again(store, one, text="Des bancs", parent_id=None).id == one.id
    for other in ({"text": "Des arbres"}, {"text": "Des bancs", "place": "rue Monge"}):
        with pytest.raises(ReceiptReused):
            again(store, one, **other)


def test_an_idea_that_was_accepted_meanwhile_is_still_told_from_another(store: Store) -> None:
    made = opened(store)
    one = idea(store, made, "Des bancs", joined(store, made, "Merle"), receipt=RECEIPT)
    with store.writing() as connection:
        contribution.accept(connection, made, one, now=4.0, actor="ana", wording="Bancs")
    assert again(store, one, text="Des bancs").id == one.id
    with pytest.raises(ReceiptReused):
        again(store, one, text="Des arbres")


def test_an_idea_that_was_rewritten_is_the_one_that_was_sent_first(store: Store) -> None:
    made = opened(store)
    who = joined(store, made, "Merle")
    one = idea(store, made, "Des bancs", who, receipt=RECEIPT)
    with store.writing() as connection:
        told: dict[str, Any] = {"author": who, "now": 4.0, "seen": None}
        rewriting.rewrite(connection, made, one, text="Des bancs à l’ombre", **told)
    assert again(store, one, text="Des bancs").text == "Des bancs à l’ombre"


def test_a_sheet_of_paper_is_typed_once_and_another_text_is_refused(store: Store) -> None:
    made = opened(store)

    def type_in(text: str) -> paper.Typed:
        return store.write(
            lambda connection: paper.enter(
                connection,
                made,
                sheet=1,
                key="secret of the lab",
                text=text,
                commune=None,
                minor=False,
                receipt=RECEIPT,
                language="fr",
                now=3.0,
                days=365,
                actor="ana",
            )
        )

    first = type_in("Un banc")
    assert type_in(" Un banc\r\n").one.id == first.one.id
    with pytest.raises(ReceiptReused):
        type_in("Une fontaine")


def test_answers_are_kept_once_and_others_are_refused(store: Store) -> None:
    asked, to = asked_in(store)
    first = send(store, asked, to, 1)
    assert send(store, asked, to, 1).id == first.id
    with pytest.raises(ReceiptReused):
        send(store, asked, to, 1, commune="first_ring")
    with store.writing() as connection:  # they belong to nobody any more
        connection.execute(RESPONSE.update().values(author_id=None))
    assert send(store, asked, to, 1, commune="first_ring").id == first.id
    with store.reading() as connection:
        assert len(response.counted(connection, asked)) == 1


EVERY_KIND = """
  - {name: number, type: integer, label: Combien}
  - {name: share, type: decimal, label: Quelle part}
  - {name: day, type: date, label: Quel jour}
  - name: ways
    type: select_multiple
    label: Comment
    choices: [{name: walk, label: À pied}, {name: bus, label: Bus}, {name: car, label: Auto}]
  - {name: spot, type: geopoint, label: Où}
  - {name: words, type: text, label: En mots}
"""
GIVEN = {
    "number": ["3"],
    "share": ["0,1"],
    "day": ["2026-11-22"],
    "ways": ["car", "walk"],
    "spot": ["47.3224187", "5.0414793"],
    "words": [" Été\r\nl’ombre "],
}


def test_answers_of_every_kind_are_known_again(store: Store) -> None:
    with store.writing() as connection:
        made = survey.make(connection, small(EVERY_KIND), "every-kind", 1.0, "agent")
        asked = survey.open_(connection, made, 1.0, "agent")
        to = campaign.add(connection, asked, Draft("Tous", "Tous", 4), 1.0, "agent")
    sender = Sender("secret-of-somebody", "fr")

    def answer(given: dict[str, list[str]]) -> response.Response:
        checked = check(asked.questionnaire, given, date(2026, 11, 23))
        assert (checked.problems, checked.answers.keys()) == ({}, GIVEN.keys())
        return store.write(
            lambda connection: response.submit(connection, asked, to, sender, checked, RECEIPT, 2.0)
        )

    first = answer(GIVEN)
    assert answer(GIVEN).id == first.id
    for name, other in (
        ("ways", ["car"]),
        ("spot", ["47.3324188", "5.0414793"]),
        ("share", ["0,2"]),
    ):
        with pytest.raises(ReceiptReused):
            answer({**GIVEN, name: other})


def test_a_flag_is_kept_once_and_another_is_refused(store: Store) -> None:
    first = raised(store, row={"insee_code": "21231"})
    assert raised(store, row={"insee_code": "21231"}).id == first.id
    for other in ({"text": "Another thing is wrong."}, {"column": ""}, {"row": {"row": 1}}):
        with pytest.raises(ReceiptReused):
            raised(store, **{"row": {"insee_code": "21231"}, **other})


def reported(words: str, receipt: str = RECEIPT) -> Any:
    made = Report("street-furniture", receipt, "web", words, 47.3, 5.0, "21231")
    return review(replace(made, digest=digest_of(made)))


def test_two_reports_under_one_receipt_in_one_commit(store: Store) -> None:
    with at_once(store):
        sent = [
            store.submit(
                lambda connection, words=words: request.submit(connection, reported(words), 1.0),
                Ahead(recorded, RECEIPT),
            )
            for words in ("Un banc cassé", "Un banc cassé", "Un arbre tombé")
        ]
    assert sent[0].result(20).key == sent[1].result(20).key
    with pytest.raises(ReceiptReused):
        sent[2].result(20)


class Earlier(Store):
    """A database as it was before reports had a digest."""

    def prepare(self, engine: Engine) -> None:
        schema.bring_up_to_date(engine, FOLDER, LOCK, to="0005")


def test_a_report_of_before_digests_is_taken_for_the_same(empty_database: str) -> None:
    old = Earlier(empty_database)
    with old.writing() as connection:
        assert "digest" not in {one["name"] for one in inspect(connection).get_columns("request")}
    old.close()
    store = Store(empty_database)
    before = review(Report("street-furniture", RECEIPT, "web", "Un banc", 47.3, 5.0, "21231"))
    first = store.write(lambda connection: request.submit(connection, before, 1.0))
    then = store.write(lambda connection: request.submit(connection, reported("Autre"), 2.0))
    assert (then.key, then.repeated) == (first.key, True)
    store.close()
