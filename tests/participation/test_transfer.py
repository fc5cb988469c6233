"""What people said goes from the file of one machine to a server of databases, and is all there."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import func, insert, select, text

from datalab.cli import group
from datalab.database.store import engine_of, sqlite_url
from datalab.database.transfer import Count, counted, transfer
from datalab.errors import TransferRefused
from datalab.participation.contact import Vault
from datalab.participation.migrations.schema import bring_up_to_date
from datalab.participation.store import Store
from datalab.participation.tables import METADATA
from datalab.participation.tables.exchange import PEER_POST
from datalab.participation.tables.journal import CHANGE
from datalab.settings import Settings
from tests.participation.databases import Cluster
from tests.participation.people import EMAIL, everything

POST = {
    "kind": "question",
    "title": "?",
    "parts": {"z": None, "a": [1.5, "é"]},
    "said": {},
    "concerns": [],
    "tags": [],
    "origin": "",
    "account": "zoe",
    "state": "read",
    "sent_at": 1_790_000_000.123456,
    "version": 1,
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A lab in which somebody took part in everything."""
    made = Settings(home=tmp_path / "lab")
    store = Store(made.participation)
    with store.writing() as connection:
        everything(connection, Vault(made.secrets))
        for number in range(1, 3):
            connection.execute(
                text(
                    "INSERT INTO use_count (day, what, count) VALUES (:day, 'é \U0001f333', :count)"
                ),
                {"day": str(number), "count": number},
            )
        # The answer is stored before what it answers: the server of databases would refuse it so.
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for one, above in (("a-reply", "the-question"), ("the-question", None)):
            connection.execute(insert(PEER_POST).values(id=one, parent_id=above, **POST))
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    return made


def file_of(settings: Settings) -> Path:
    return settings.home / "participation" / "participation.sqlite"


def test_everything_arrives_and_the_lab_goes_on_there(
    settings: Settings, postgresql: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = postgresql.database()
    before = hashlib.sha256(file_of(settings).read_bytes()).hexdigest()
    monkeypatch.setenv("DATALAB_PARTICIPATION_DATABASE", address)
    ran = CliRunner().invoke(group, ["migrate", "--json", "--home", str(settings.home)])
    assert ran.exit_code == 0, ran.output
    told = {one["table"]: one for one in json.loads(ran.output)["participation"]}
    assert told["contribution"]["rows"] == 2
    assert set(told) == set(METADATA.tables)
    assert hashlib.sha256(file_of(settings).read_bytes()).hexdigest() == before
    store = Store(address)
    source = engine_of(sqlite_url(file_of(settings)))
    with store.writing() as after, source.connect() as then:
        for table in METADATA.sorted_tables:
            assert counted(after, table) == counted(then, table)
            assert counted(after, table).digest == told[table.name]["digest"]
        who = then.execute(text("SELECT author_id FROM contact")).scalar_one()
        assert Vault(settings.secrets).reveal(after, who) == EMAIL
        answered = select(PEER_POST.c.parent_id).where(PEER_POST.c.id == "a-reply")
        assert after.execute(answered).scalar_one() == "the-question"
        # The journal goes on where it was, without meeting a number that came along.
        last = then.execute(select(func.max(CHANGE.c.id))).scalar_one()
        row = dict(then.execute(select(CHANGE)).mappings().first() or {})
        row.pop("id")
        new = after.execute(insert(CHANGE).values(row).returning(CHANGE.c.id)).scalar_one()
        assert new == last + 1
    source.dispose()
    store.close()


def test_rows_that_are_there_already_are_not_mixed_with(
    settings: Settings, postgresql: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = postgresql.database()
    store = Store(address)
    with store.reading() as connection:  # a lab was started on it: it has its first categories
        services = connection.execute(text("SELECT count(*) FROM service")).scalar_one()
    monkeypatch.setenv("DATALAB_PARTICIPATION_DATABASE", address)
    ran = CliRunner().invoke(group, ["migrate", "--home", str(settings.home)])
    assert isinstance(ran.exception, TransferRefused)
    assert "service" in ran.exception.message("en")
    with store.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM service")).scalar_one() == services
        assert connection.execute(text("SELECT count(*) FROM contribution")).scalar_one() == 0
    store.close()


def test_whoever_is_interrupted_begins_again_in_an_empty_target(
    settings: Settings, postgresql: Cluster
) -> None:
    source, target = engine_of(sqlite_url(file_of(settings))), engine_of(postgresql.database())
    bring_up_to_date(target)

    def cut_off(count: Count) -> None:
        if count.table == "contribution":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transfer(source, target, METADATA, cut_off)
    with target.connect() as connection:
        assert not any(counted(connection, table).rows for table in METADATA.sorted_tables)
    assert sum(count.rows for count in transfer(source, target, METADATA)) > 20
    source.dispose()
    target.dispose()


def test_a_row_that_changes_on_the_way_stops_everything(
    settings: Settings, postgresql: Cluster
) -> None:
    """The server of databases has a trigger of its own, which somebody forgot."""
    source, target = engine_of(sqlite_url(file_of(settings))), engine_of(postgresql.database())
    bring_up_to_date(target)
    with target.begin() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION careless() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN NEW.text := 'other words'; RETURN NEW; END $$"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER careless BEFORE INSERT ON contribution "
            "FOR EACH ROW EXECUTE FUNCTION careless()"
        )
    with pytest.raises(TransferRefused) as refused:
        transfer(source, target, METADATA)
    assert "contribution" in refused.value.message("en")
    with target.connect() as connection:
        assert not any(counted(connection, table).rows for table in METADATA.sorted_tables)
    source.dispose()
    target.dispose()


def test_nothing_to_bring_is_said(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATALAB_PARTICIPATION_DATABASE", raising=False)
    ran = CliRunner().invoke(group, ["migrate", "--home", str(settings.home)])
    assert isinstance(ran.exception, TransferRefused)
    assert "DATALAB_PARTICIPATION_DATABASE" in ran.exception.message("fr")
