"""A decision of the workshop that validated a finding stands beside it in the diagnosis."""

from __future__ import annotations

from pathlib import Path

from datalab.participation import decision, session
from datalab.participation.store import Store
from datalab.portal.diagnosis_decisions import decisions_of


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
