"""What people said is in the backup, whole and at one moment, and leads back to them."""

from __future__ import annotations

import tarfile
import threading
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import insert, select

from datalab.deployment.backup import backup
from datalab.deployment.restore import restore
from datalab.participation.contact import Vault
from datalab.participation.store import Store
from datalab.participation.tables.contribution import CONTRIBUTION
from datalab.participation.tables.journal import USE
from datalab.settings import Settings
from tests.participation.people import EMAIL, NOW, TYPED, everything


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(home=tmp_path / "lab")
    for folder in ("hub", "secrets", "projects", "writer", "lake"):
        (made.home / folder).mkdir(parents=True)
    return made


def test_a_lab_that_was_lost_has_its_people_again(settings: Settings, tmp_path: Path) -> None:
    store = Store(settings.participation)
    with store.writing() as connection:
        who = everything(connection, Vault(settings.secrets))
    settings.pictures.mkdir()
    (settings.pictures / "shown.jpg").write_bytes(b"picture")
    settings.own_catalog.mkdir()
    (settings.own_catalog / "survey-q.yaml").write_text("id: survey-q\n")
    stopping = threading.Event()

    def saying() -> None:
        count = 0
        while not stopping.is_set():
            count += 1
            store.write(
                lambda connection, n=count: connection.execute(  # type: ignore[misc]
                    insert(USE).values(day=str(n), what="x", count=1)
                )
            )

    speaker = threading.Thread(target=saying)
    speaker.start()
    try:
        report = backup(settings, tmp_path / "lab.tar", NOW)
    finally:
        stopping.set()
        speaker.join()
    store.close()
    assert (report.skipped, report.apart) == ((), "")
    with tarfile.open(report.path) as archive:
        names = archive.getnames()
    assert "participation/participation.sqlite" in names
    assert not [name for name in names if name.endswith(("-wal", "-shm"))]
    after = Settings(home=tmp_path / "after")
    restore(report.path, after.home)
    again = Store(after.participation)
    with again.reading() as connection:
        assert Vault(after.secrets).reveal(connection, who.id) == EMAIL
        texts = connection.execute(select(CONTRIBUTION.c.text)).scalars().all()
        days = [int(day) for day in connection.execute(select(USE.c.day)).scalars()]
    again.close()
    assert texts == [TYPED, TYPED]
    assert sorted(days) == list(range(1, len(days) + 1))  # one moment, nothing in between missing
    assert (after.pictures / "shown.jpg").read_bytes() == b"picture"
    assert (after.own_catalog / "survey-q.yaml").is_file()
    assert (after.home / "participation").stat().st_mode & 0o77 == 0


def test_a_postgresql_is_said_to_stay_outside(settings: Settings, tmp_path: Path) -> None:
    address = SecretStr("postgresql+psycopg://lab:pass4711@db.test/participation")
    elsewhere = settings.model_copy(update={"participation_database": address})
    report = backup(elsewhere, tmp_path / "lab.tar", NOW)
    assert report.apart == "postgresql+psycopg://lab:***@db.test/participation"
    assert "pass4711" not in report.apart
