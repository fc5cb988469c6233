"""A finding, its figure, what people answered and what was decided stand together, by a link."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from datalab.errors import FieldRefused
from datalab.i18n import LANGUAGES
from datalab.methods.indicator import LIST
from datalab.participation import campaign, decision, finding_link, response, session, survey
from datalab.participation.answers import check
from datalab.participation.campaign import Draft
from datalab.participation.definition import read_yaml
from datalab.participation.response import Sender
from datalab.participation.store import Store
from datalab.portal.diagnosis_evidence import Evidence, evidence_of
from datalab.portal.diagnosis_words import ASKED
from datalab.portal.survey_upload import question_of, template_text

FONTAINE, DIJON = "21278", "21231"
DAY = date(2026, 11, 22)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(f"sqlite:///{tmp_path / 'participation.sqlite'}")


def decided(store: Store) -> tuple[str, session.Session]:
    """A decision of a workshop that is still open."""
    with store.writing() as connection:
        made = session.create(
            connection,
            title="Atelier de Fontaine-lès-Dijon",
            question="Ces constats sont-ils justes ?",
            template="diagnosis",
            receipt="fontaine-essai-0001",
            now=1.0,
            actor="ana",
        )
        opened = session.open(connection, made, now=2.0, actor="ana")
        one = decision.make(
            connection, opened, text="Douze places de plus", owner="CCAS", due=None,
            receipt="decision-essai-0001", now=3.0, actor="ana",
        )  # fmt: skip
    return one.id, opened


def asked(store: Store, answers: int) -> tuple[survey.Survey, campaign.Campaign]:
    """A campaign to which one in four of those who answered live in the first ring."""
    with store.writing() as connection:
        questions = read_yaml(template_text("childcare").encode())
        made = survey.make(connection, questions, "petite-enfance", 1.0, "ana")
        made = survey.open_(connection, made, 2.0, "ana")
        carried = campaign.add(connection, made, Draft("Courrier", "Parents", 400), 3.0, "ana")
        margins = {
            "margins": {"commune": {"dijon": 500.0, "first_ring": 500.0}},
            "margins_source": "INSEE 2021",
        }
        carried = campaign.change(connection, made, carried, margins, 4.0, "ana")
        for number in range(answers):
            raw = {
                "commune": ["first_ring" if number % 4 == 0 else "dijon"],
                "young_children": ["0"],
                "expecting": ["yes" if number % 4 == 0 else "no"],
            }
            checked = check(made.questionnaire, raw, DAY)
            sender = Sender(f"secret-of-respondent-{number}", "fr")
            response.submit(
                connection, made, carried, sender, checked, f"receipt-{number:012}", 5.0
            )
    return made, carried


def test_a_decision_stands_with_its_finding_by_a_link_once_its_workshop_is_closed(
    store: Store,
) -> None:
    one, opened = decided(store)
    link = {"commune": FONTAINE, "finding": "young_share", "decision": one, "actor": "ana"}
    with store.writing() as connection:
        with pytest.raises(FieldRefused):
            finding_link.add(connection, **link, now=4.0)
        session.close(connection, session.get(connection, opened.id), now=5.0, actor="ana")
        made = finding_link.add(connection, **link, now=6.0)
        assert finding_link.add(connection, **link, now=7.0) == made, "asked twice, made once"
    with store.reading() as connection:
        told = evidence_of(connection, FONTAINE, "fr")
        assert told == {
            "young_share": Evidence(
                (), ("Douze places de plus · CCAS · prévue · Atelier de Fontaine-lès-Dijon",)
            )
        }
        assert evidence_of(connection, DIJON, "fr") == {}, "nothing by a name that is alike"
    with store.writing() as connection:
        session.open(connection, session.get(connection, opened.id), now=8.0, actor="ana")
        assert evidence_of(connection, FONTAINE, "fr")["young_share"] == Evidence(), "open again"
        session.close(connection, session.get(connection, opened.id), now=9.0, actor="ana")
        finding_link.remove(connection, FONTAINE, made.id, now=10.0, actor="ana")
        assert evidence_of(connection, FONTAINE, "fr") == {}


def test_collected_answers_stand_with_the_finding_weighted_and_never_in_few(store: Store) -> None:
    made, carried = asked(store, 40)
    link = {"commune": FONTAINE, "finding": "household_size", "campaign": carried.id}
    with store.writing() as connection:
        with pytest.raises(FieldRefused):
            finding_link.add(connection, **link, question="expecting", now=6.0, actor="ana")
        closed = survey.close(connection, made, 7.0, "ana")
        with pytest.raises(FieldRefused):
            finding_link.add(connection, **link, question="nothing", now=8.0, actor="ana")
        finding_link.add(connection, **link, question="expecting", now=8.0, actor="ana")
    with store.reading() as connection:
        (said,) = evidence_of(connection, FONTAINE, "en")["household_size"].answers
    assert "40 answers" in said
    assert "weighted to the population (INSEE 2021)" in said
    # Ten of forty said yes, all of the first ring, which is half of the population.
    assert "yes 50" in said.replace("\u00a0", " ").lower()
    with store.writing() as connection:
        survey.open_(connection, closed, 9.0, "ana")
        assert evidence_of(connection, FONTAINE, "en")["household_size"] == Evidence()


def test_too_few_answers_are_said_to_be_few(store: Store) -> None:
    made, carried = asked(store, 4)
    with store.writing() as connection:
        survey.close(connection, made, 7.0, "ana")
        finding_link.add(
            connection, commune=FONTAINE, finding="household_size", campaign=carried.id,
            question="expecting", now=8.0, actor="ana",
        )  # fmt: skip
        (said,) = evidence_of(connection, FONTAINE, "en")["household_size"].answers
    assert "not enough answers" in said
    assert "%" not in said


def test_each_finding_is_asked_about_in_a_questionnaire_of_the_lab() -> None:
    """The words of the document are those that people are asked, not some of our own."""
    telling = {one.id for one in LIST if one.tells}
    assert telling <= ASKED.keys()
    for questions, name in ASKED.values():
        for language in LANGUAGES:
            title, said = question_of(questions, name, language)
            assert title in template_text(questions)
            assert said[:20] in template_text(questions)
    title, said = question_of("childcare", "access", "fr")
    assert title == "Accueil des jeunes enfants, vos besoins"
    assert said.startswith("Pour vous, trouver un accueil… près de chez vous, tôt le matin")
