"""Letters about access go out in the language in which each person reads the lab."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from datalab import admittance
from datalab.people import accounts, grants
from tests.participation.office import Office, opened
from tests.portal.closed import DAY, Closed
from tests.portal.desk import now


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Closed:
    made = Closed(tmp_path_factory.mktemp("letters"))
    with made.desk.store.writing() as database:
        database.execute("UPDATE accounts SET email = name || '@example.org'")
    return made


def sent(closed: Closed) -> Office:
    """What goes out at one look of the lab."""
    with opened() as (office, port):
        settings = closed.desk.settings.model_copy(
            update={
                "smtp": SecretStr(f"smtp://127.0.0.1:{port}"),
                "mail_from": "lab@example.org",
                "public_url": "https://lab.example",
            }
        )
        admittance.attend(settings, now())
    return office


def chooses(closed: Closed, who: str, language: str) -> None:
    browser = closed.desk.browser_of(who)
    assert browser.get(f"me/?lang={language}").status_code == 200


def test_steward_and_asker_are_each_written_to_in_their_language(closed: Closed) -> None:
    chooses(closed, "student", "en")
    chooses(closed, "steward", "fr")
    store, until = closed.desk.store, now() + 20 * DAY
    one = grants.ask(store, now(), "student", "sealed", "Thesis on schools", until)
    (asked,) = sent(closed).letters
    assert asked["To"] == "steward@example.org"
    assert "Une demande d’accès à « Jeu sealed »" in asked["Subject"].replace("\u00a0", " ")
    assert "Thesis on schools" in asked.get_content()
    grants.grant(store, now(), "steward", one.id, "sealed", until, "Bon courage")
    (granted,) = sent(closed).letters
    assert granted["To"] == "student@example.org"
    assert granted["Subject"] == "You can read Set sealed"
    assert granted["Content-Language"] == "en"
    assert "Bon courage" in granted.get_content()
    assert "https://lab.example/services/datalab/datasets/sealed" in granted.get_content()
    chooses(closed, "student", "fr")
    grants.revoke(store, now(), "steward", one.id, "Fini")
    (revoked,) = sent(closed).letters
    assert "Jeu sealed" in revoked["Subject"]
    assert "la raison donnée" in revoked.get_content().lower()


def test_a_language_is_remembered_and_french_is_the_first(closed: Closed, tmp_path: Path) -> None:
    store = closed.desk.store
    assert accounts.get(store, "agent").language == "fr"
    accounts.speak(store, "agent", "en")
    assert accounts.get(store, "agent").language == "en"
    accounts.speak(store, "nobody", "en")
