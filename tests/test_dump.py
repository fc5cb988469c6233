"""Databases on PostgreSQL go into a backup and come back from it, all of them or none."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, insert, inspect, make_url, select, text

from datalab.deployment import doctor
from datalab.deployment.backup import backup
from datalab.deployment.dump import Server, bring_back, dump, servers
from datalab.deployment.restore import restore
from datalab.errors import DatabaseNotRestored
from datalab.households.store import Store as Households
from datalab.participation.store import Store
from datalab.participation.tables.journal import USE
from datalab.settings import Settings
from tests.participation.databases import Cluster

NOW = 1_790_000_000.0


def on_server(home: Path, **addresses: str) -> Settings:
    told = {f"{name}_database": SecretStr(url) for name, url in addresses.items()}
    return Settings(home=home).model_copy(update=told)


@pytest.fixture
def settings(tmp_path: Path, postgresql: Cluster) -> Settings:
    """A lab whose participation lies on a server, with 200 rows in one of its tables."""
    made = on_server(tmp_path / "lab", participation=postgresql.database())
    for folder in ("hub", "secrets", "projects", "writer", "lake", "catalog"):
        (made.home / folder).mkdir(parents=True)
    store = Store(made.participation)
    with store.writing() as connection:
        rows = [{"day": f"{n:03}", "what": "é|'\n", "count": n} for n in range(200)]
        connection.execute(insert(USE), rows)
    store.close()
    return made


def rows_of(url: str) -> list[tuple[str, str, int]]:
    engine = create_engine(url)
    with engine.connect() as connection:
        asked = select(USE.c.day, USE.c.what, USE.c.count).order_by(USE.c.day)
        found = [tuple(row) for row in connection.execute(asked)]
    engine.dispose()
    return found


def test_what_lies_on_a_server_comes_back_into_an_empty_one(
    settings: Settings, postgresql: Cluster, tmp_path: Path
) -> None:
    report = backup(settings, tmp_path / "lab.tar", NOW)
    assert (report.apart, report.why) == ("", "")
    with tarfile.open(report.path) as archive:
        assert "databases/participation.dump" in archive.getnames()
    after = on_server(tmp_path / "after", participation=postgresql.database())
    restore(report.path, after.home, servers(after))
    assert rows_of(after.participation) == rows_of(settings.participation)
    assert len(rows_of(after.participation)) == 200
    assert not (after.home / "databases").exists(), "nothing of it lies about in the home"
    store = Store(after.participation)  # its schema is known, and goes on
    with store.writing() as connection:
        connection.execute(insert(USE).values(day="next", what="x", count=1))
    store.close()


def test_it_goes_nowhere_where_it_has_no_place(
    settings: Settings, postgresql: Cluster, tmp_path: Path
) -> None:
    report = backup(settings, tmp_path / "lab.tar", NOW)
    home = tmp_path / "after"
    with pytest.raises(DatabaseNotRestored, match="DATALAB_PARTICIPATION_DATABASE"):
        restore(report.path, home)
    taken = on_server(home, participation=settings.participation)
    with pytest.raises(DatabaseNotRestored, match="n’est pas vide"):
        restore(report.path, home, servers(taken))
    away = on_server(home, participation="postgresql+psycopg://lab:pass4711@127.0.0.1:9/lab")
    with pytest.raises(DatabaseNotRestored) as told:
        restore(report.path, home, servers(away))
    assert "pass4711" not in told.value.message("fr")
    # One that cannot take it keeps the others from being filled.
    free = postgresql.database()
    both = on_server(home, participation=free, households=postgresql.database())
    (settings.home / "households").mkdir()
    (settings.home / "households" / "households.sqlite").touch()
    mixed = backup(settings, tmp_path / "mixed.tar", NOW)
    with pytest.raises(DatabaseNotRestored, match="migrate"):
        restore(mixed.path, home, servers(both))
    engine = create_engine(free)
    assert inspect(engine).get_table_names() == []
    engine.dispose()
    assert not home.exists()
    assert not list(tmp_path.glob(".after*"))


def test_where_one_cannot_be_filled_the_others_are_empty_again(
    settings: Settings, postgresql: Cluster, tmp_path: Path
) -> None:
    two = on_server(
        settings.home, participation=settings.participation, households=postgresql.database()
    )
    Households(two.households).engine.dispose()
    report = backup(two, tmp_path / "lab.tar", NOW)
    free, closed = postgresql.database(), postgresql.database()
    engine = create_engine(closed, isolation_level="AUTOCOMMIT")
    name = make_url(closed).database
    with engine.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    engine.dispose()
    for pair in ((free, closed), (closed, free)):
        after = on_server(tmp_path / "after", participation=pair[0], households=pair[1])
        with pytest.raises(DatabaseNotRestored, match="read-only"):
            restore(report.path, after.home, servers(after))
        assert not after.home.exists()
        engine = create_engine(free)
        assert inspect(engine).get_table_names() == []
        engine.dispose()


@pytest.mark.parametrize("closed", ["households", "participation"])
def test_what_was_set_aside_is_in_its_place_again_where_a_database_cannot_be_filled(
    settings: Settings, postgresql: Cluster, tmp_path: Path, closed: str
) -> None:
    two = on_server(
        settings.home, participation=settings.participation, households=postgresql.database()
    )
    Households(two.households).engine.dispose()
    report = backup(two, tmp_path / "lab.tar", NOW)
    addresses = {"households": two.households, "participation": two.participation}
    engine = create_engine(addresses[closed], isolation_level="AUTOCOMMIT")
    name = make_url(addresses[closed]).database
    with engine.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    engine.dispose()
    same = two.model_copy(update={"home": tmp_path / "after"})
    with pytest.raises(DatabaseNotRestored, match="read-only"):
        restore(report.path, same.home, servers(same), "aside_1")
    assert len(rows_of(two.participation)) == 200
    for address in addresses.values():
        engine = create_engine(address)
        assert inspect(engine).get_table_names()
        assert "aside_1" not in inspect(engine).get_schema_names()
        engine.dispose()
    assert not same.home.exists()


def test_what_lay_there_is_set_aside_where_that_is_asked_for(
    settings: Settings, tmp_path: Path
) -> None:
    report = backup(settings, tmp_path / "lab.tar", NOW)
    store = Store(settings.participation)
    with store.writing() as connection:
        connection.execute(insert(USE).values(day="later", what="x", count=1))
    store.close()
    same = on_server(tmp_path / "after", participation=settings.participation)
    restore(report.path, same.home, servers(same), "aside_1")
    assert len(rows_of(settings.participation)) == 200
    engine = create_engine(settings.participation)
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT count(*) FROM aside_1.use_count")).scalar_one()
    engine.dispose()
    assert kept == 201
    # It is not carried on from backup to backup.
    again = backup(settings, tmp_path / "again.tar", NOW)
    third = on_server(tmp_path / "third", participation=settings.participation)
    restore(again.path, third.home, servers(third), "aside_2")
    assert len(rows_of(settings.participation)) == 200


def test_a_dump_that_cannot_be_read_leaves_the_database_empty(
    settings: Settings, postgresql: Cluster, tmp_path: Path
) -> None:
    whole = tmp_path / "whole.dump"
    source, url = servers(settings)[0], postgresql.database()
    assert dump(source, whole) == ""
    cut = tmp_path / "cut.dump"
    cut.write_bytes(whole.read_bytes()[:-2000])
    with pytest.raises(DatabaseNotRestored):
        bring_back(Server("participation", make_url(url)), cut)
    engine = create_engine(url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_a_password_stands_on_no_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pg_dump"
    seen = tmp_path / "seen.json"
    program.write_text(
        "#!/usr/bin/env python3\nimport json, os, sys\n"
        f"json.dump([sys.argv, os.environ['PGPASSWORD']], open({str(seen)!r}, 'w'))\n"
    )
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    url = make_url("postgresql+psycopg://lab:pass4711@db.test:6432/lab?sslmode=require")
    assert dump(Server("participation", url), tmp_path / "x") == ""
    told, password = json.loads(seen.read_text())
    assert password == "pass4711"
    assert "pass4711" not in " ".join(told)
    assert "--dbname=postgresql://lab@db.test:6432/lab?sslmode=require" in told


def test_the_doctor_says_where_a_backup_would_lack_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "postgresql+psycopg://lab@db.test/lab"
    apart = on_server(tmp_path, households=address)
    assert [found.level for found in doctor._dump(apart, "fr")] == ["good"]
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [found.level for found in doctor._dump(apart, "fr")] == ["warning"]
    assert list(doctor._dump(Settings(home=tmp_path), "fr")) == []
