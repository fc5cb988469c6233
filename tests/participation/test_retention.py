"""What ends by itself, at the day that the register says and not before."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import select, update

from datalab.participation import mail, register
from datalab.participation.contact import Vault
from datalab.participation.picture import file_names
from datalab.participation.retention import clean_history, sweep
from datalab.participation.store import Store
from datalab.participation.tables.author import AUTHOR, PICTURE
from datalab.participation.tables.contribution import CONTRIBUTION
from datalab.participation.tables.request import REQUEST
from datalab.participation.tables.survey import RESPONSE
from datalab.settings import Settings
from tests.participation.people import (
    EXACT,
    NOW,
    SAID,
    TYPED,
    contribution,
    everything,
    picture,
    places,
    somebody,
)
from tests.participation.test_erasure import everywhere

DAY = 86_400.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(home=tmp_path / "home")
    made.pictures.mkdir(parents=True)
    return made


def files(settings: Settings, id: str, at: float = NOW) -> None:
    for name in file_names(id):
        path = settings.pictures / name
        path.write_bytes(b"x")
        os.utime(path, (at, at))


def test_an_author_ends_and_what_everybody_read_stays_unsigned(
    store: Store, settings: Settings
) -> None:
    with store.writing() as connection:
        who = everything(connection, Vault(settings.secrets))
        connection.execute(update(REQUEST).values(status="closed", state="fixed"))
    files(settings, "shown")
    files(settings, "waiting")
    end = register.until("participant", NOW)
    assert sweep(store, settings, end - 60).authors == 0
    assert sweep(store, settings, end + 60).authors == 1
    assert sweep(store, settings, end + 60).authors == 0
    left = everywhere(store)
    assert SAID in left
    for word in (TYPED, str(EXACT), "Zèbre", f"author:{who.id}"):
        assert word not in left, word
    assert {path.name for path in settings.pictures.iterdir()} == set(file_names("shown"))


def test_refused_words_are_forgotten(store: Store, settings: Settings) -> None:
    with store.writing() as connection:
        places(connection)
        who = somebody(connection)
        contribution(connection, who, "no", state="rejected", decided_at=NOW)
        contribution(connection, who, "wait")
        connection.execute(update(AUTHOR).values(expires_at=NOW + 9000 * DAY))
    days = register.DAYS["refused"]
    assert sweep(store, settings, NOW + (days - 1) * DAY).refused == 0
    assert sweep(store, settings, NOW + (days + 1) * DAY).refused == 1
    with store.reading() as connection:
        texts = dict(connection.execute(select(CONTRIBUTION.c.id, CONTRIBUTION.c.text)).all())
    assert texts == {"no": "", "wait": TYPED}


def test_pictures_that_came_with_nothing_go_and_stray_files_too(
    store: Store, settings: Settings
) -> None:
    with store.writing() as connection:
        places(connection)
        who = somebody(connection)
        for id in ("used", "lost", "answer"):
            picture(connection, who, id, scope="survey:q" if id == "answer" else "session:s")
            files(settings, id)
        contribution(connection, who, "one", picture_id="used")
        connection.execute(
            RESPONSE.insert().values(
                id="r",
                survey_id="q",
                receipt="x",
                edition=1,
                language="fr",
                answers={"group": {"photo": "answer"}},
                state="submitted",
                concerns=[],
                started_at=NOW,
            )
        )
    files(settings, "stray")
    files(settings, "fresh", NOW + 2 * DAY)
    assert sweep(store, settings, NOW + 3600).pictures == 0
    assert sweep(store, settings, NOW + 2 * DAY).pictures == 1
    left = {path.name for path in settings.pictures.iterdir()}
    assert left == {name for id in ("used", "answer", "fresh") for name in file_names(id)}
    with store.reading() as connection:
        assert set(connection.execute(select(PICTURE.c.id)).scalars()) == {"used", "answer"}


def test_old_entries_of_the_journal_lose_their_words(store: Store, settings: Settings) -> None:
    with store.writing() as connection:
        places(connection)
        contribution(connection, somebody(connection), "one")
    days = register.DAYS["history"]
    assert clean_history(store, NOW + (days - 1) * DAY) == 0
    with store.reading() as connection:
        first = connection.execute(select(CONTRIBUTION)).mappings().one()
    assert first["text"] == TYPED
    seen = clean_history(store, NOW + (days + 1) * DAY)
    assert seen > 0
    assert clean_history(store, NOW + (days + 1) * DAY, seen) == seen
    assert everywhere(store).count(TYPED) == 1  # the row itself, until its own time


def test_letters_are_forgotten(store: Store, settings: Settings) -> None:
    with store.writing() as connection:
        who = somebody(connection)
        Vault(settings.secrets).keep(connection, who.id, "a@b.fr", NOW, 365)
        assert mail.send(connection, who.id, "news", {"title": "T", "news": "N"}, NOW)
    days = register.DAYS["letter"]
    assert sweep(store, settings, NOW + (days - 1) * DAY).letters == 0
    assert sweep(store, settings, NOW + (days + 1) * DAY).letters == 1
