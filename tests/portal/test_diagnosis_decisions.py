"""A decision of the workshop that validated a finding stands beside it in the diagnosis."""

from __future__ import annotations

from pathlib import Path

from datalab.i18n import LANGUAGES
from datalab.methods.indicator import LIST
from datalab.participation import decision, session
from datalab.participation.store import Store
from datalab.portal.diagnosis_decisions import decisions_of
from datalab.portal.diagnosis_words import ASKED
from datalab.portal.survey_upload import question_of, template_text


def test_a_decision_is_linked_to_its_finding_once_its_workshop_is_closed(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'participation.sqlite'}")
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
        for number, text in enumerate(("F2 : douze places de plus", "Une fête en juin", "F12 a")):
            decision.make(
                connection,
                opened,
                text=text,
                owner="CCAS",
                due=None,
                receipt=f"decision-essai-{number}",
                now=3.0,
                actor="ana",
            )
        assert decisions_of(connection, "Fontaine-lès-Dijon", "fr") == {}, "not closed yet"
        session.close(connection, session.get(connection, made.id), now=4.0, actor="ana")
    with store.reading() as connection:
        found = decisions_of(connection, "Fontaine-lès-Dijon", "fr")
        assert found == {
            2: ["F2 : douze places de plus · CCAS · prévue"],
            12: ["F12 a · CCAS · prévue"],
        }
        assert decisions_of(connection, "Dijon", "fr") == {}, "another commune"
        assert "planned" in decisions_of(connection, "Fontaine-lès-Dijon", "en")[2][0]


def test_each_finding_is_asked_about_in_a_questionnaire_of_the_lab() -> None:
    """The words of the document are those that people are asked, not some of our own."""
    telling = {one.id for one in LIST if one.tells}
    assert telling <= ASKED.keys()
    for survey, name in ASKED.values():
        for language in LANGUAGES:
            title, said = question_of(survey, name, language)
            assert title in template_text(survey)
            assert said[:20] in template_text(survey)
    title, said = question_of("childcare", "access", "fr")
    assert title == "Accueil des jeunes enfants, vos besoins"
    assert said.startswith("Pour vous, trouver un accueil… près de chez vous, tôt le matin")
