"""The session that everybody may try: it is there, it begins anew, and it keeps nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select

from datalab.participation import agenda, contribution, demonstration, joining, session
from datalab.participation.contribution import contributions
from datalab.participation.minutes import minutes
from datalab.participation.session import Session
from datalab.participation.store import Store
from datalab.participation.tables import METADATA
from datalab.participation.tables.author import AUTHOR, PICTURE
from datalab.participation.tables.journal import CHANGE
from datalab.settings import Settings
from tests.portal.desk import Desk, now

EVENING = 1_795_543_200.0  # 2026-11-24 19:00 in Dijon
NIGHT = 9 * 3600.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def found_in(connection: Connection) -> Session:
    found = demonstration.find(connection)
    assert found is not None
    return found


def tried(store: Store, text: str = "mon-idee-sentinelle") -> None:
    """Somebody joins and says something."""
    with store.writing() as connection:
        held = found_in(connection)
        who = joining.join(
            connection,
            held,
            secret="s" * 40,
            wished="",
            language="fr",
            minor=False,
            now=EVENING,
            days=demonstration.DAYS,
        )
        contribution.submit(
            connection, held, author=who.id, receipt=text, text=text, now=EVENING + 1
        )


def test_a_new_lab_has_one_that_is_open_and_has_examples(store: Store, settings: Settings) -> None:
    assert demonstration.ensure(store, settings, EVENING)
    assert not demonstration.ensure(store, settings, EVENING + 60), "once"
    with store.reading() as connection:
        held = found_in(connection)
        running = agenda.running(connection, held)
        said = contributions(connection, held)
        told = minutes(connection, held, {})
    assert (held.state, held.demonstration) == ("open", True)
    assert running is not None
    assert running.kind == "diverge"
    assert all(one.text.startswith("Exemple") for one in said)
    assert {one.state for one in said} == {"accepted", "submitted"}
    assert len(told.decisions) == 1
    assert told.attendance.total == 0


def test_it_begins_anew_each_night_and_keeps_nothing(store: Store, settings: Settings) -> None:
    demonstration.ensure(store, settings, EVENING)
    with store.reading() as connection:
        before = found_in(connection)
        first = len(contributions(connection, before))
    tried(store)
    assert not demonstration.ensure(store, settings, EVENING + 3600)
    assert demonstration.ensure(store, settings, EVENING + NIGHT)
    with store.reading() as connection:
        after = found_in(connection)
        assert (after.id, after.code) == (before.id, before.code), "the same address and code"
        assert len(contributions(connection, after)) == first
        assert connection.execute(select(func.count()).select_from(AUTHOR)).scalar() == 0
        for table in METADATA.sorted_tables:
            rows = connection.execute(select(table)).all()
            assert "sentinelle" not in repr(rows), table.name
        newest = connection.execute(select(func.max(CHANGE.c.id))).scalar_one()
    assert newest > 20, "whoever listens hears of it"


def test_a_closed_one_is_looked_at_and_opens_again(store: Store, settings: Settings) -> None:
    demonstration.ensure(store, settings, EVENING)
    with store.writing() as connection:
        session.close(connection, found_in(connection), now=EVENING + 60, actor="ana")
    assert not demonstration.ensure(store, settings, EVENING + 120)
    assert demonstration.ensure(store, settings, EVENING + 60 + demonstration.AFTERWARDS)
    with store.reading() as connection:
        assert found_in(connection).state == "open"


def test_pictures_of_it_go_with_their_files(store: Store, settings: Settings) -> None:
    demonstration.ensure(store, settings, EVENING)
    settings.pictures.mkdir(parents=True)
    with store.writing() as connection:
        values = {"id": "shot", "scope": found_in(connection).scope, "width": 1, "height": 1}
        connection.execute(PICTURE.insert().values(**values, bytes=1, created_at=EVENING))
    for name in ("shot.jpg", "shot-small.jpg"):
        (settings.pictures / name).write_bytes(b"x")
    demonstration.begin_anew(store, settings, EVENING + 60)
    assert list(settings.pictures.iterdir()) == []


def test_its_datasets_stay_empty(store: Store, settings: Settings) -> None:
    from sqlalchemy import text

    demonstration.ensure(store, settings, EVENING)
    with store.reading() as connection:
        for name in ("contribution", "vote", "decision"):
            rows = connection.execute(text(f"SELECT * FROM released_{name}")).all()
            assert rows == []


def test_students_try_the_facilitators_side_and_begin_it_anew(tmp_path: Path) -> None:
    lab = Desk(tmp_path / "home")
    store = lab.app.state.participation
    demonstration.ensure(store, lab.settings, now())
    with store.reading() as connection:
        root = f"sessions/{found_in(connection).id}"
    page = lab.browser().get(f"{root}/")
    assert "Demonstration" in page.text
    assert "Begin anew" not in page.text
    student = lab.browser_of("student")
    assert "Begin anew" in student.get(f"{root}/").text
    assert "DEMONSTRATION" in student.get(f"{root}/minutes").text or (
        "Demonstration" in student.get(f"{root}/minutes").text
    )
    assert lab.browser_of("citizen").post(f"{root}/reset").status_code == 403
    assert lab.browser().post(f"{root}/reset").status_code != 200
    assert student.post(f"{root}/close").status_code == 303
    assert lab.browser().get(f"{root}/minutes").status_code == 200
    assert lab.browser().get(f"{root}/export.json").json()["session"]["demonstration"]
    assert student.post(f"{root}/reset").status_code == 303
    with store.reading() as connection:
        assert found_in(connection).state == "open"
