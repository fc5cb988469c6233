"""PostgreSQL as a source: one SELECT, read-only, bounded, its address never in a YAML file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import create_engine, text

from datalab.catalog.dataset import Dataset
from datalab.connectors.registry import fetch
from datalab.connectors.sql import Source
from datalab.errors import (
    SourceError,
    SourceMissing,
    SourceRefused,
    SourceTooLarge,
    SourceUnreachable,
)
from datalab.lake.stage import stage
from datalab.settings import Settings
from tests.lake.datasets import dataset, rows
from tests.participation.databases import cluster

COLUMNS = {"id": "integer", "nom": "varchar", "w": "double", "vu": "timestamptz", "ok": "boolean"}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with cluster() as server:
        url = server.database()
        engine = create_engine(url)
        with engine.begin() as connection:
            for statement in (
                "CREATE TABLE lampes(id int PRIMARY KEY, nom text, w numeric, vu timestamptz, "
                "ok boolean)",
                "INSERT INTO lampes VALUES (2, 'a,\"b\"', 1.5, '2026-01-01 10:00+01', true), "
                "(1, 'é\n%', NULL, NULL, false)",
            ):
                connection.execute(text(statement))
        engine.dispose()
        yield url


def asked(**source: Any) -> Dataset:
    known = {"connector": "sql", "database": "energie", "allow_private": True, **source}
    described = dataset(COLUMNS, key=["id"])
    plain = type(described.source).model_validate(known)
    return described.model_copy(update={"source": plain})


def read(folder: Path, address: str, max_bytes: int = 100_000, **source: Any) -> list[Any]:
    described = asked(**source)
    databases = {"energie": SecretStr(address)}
    fetched = fetch(described, cache=folder, max_bytes=max_bytes, databases=databases)
    assert "postgres" not in fetched.url
    return rows(stage(described, fetched.path, folder / "stage"))


def test_a_table_is_read_in_the_order_of_its_key(tmp_path: Path, address: str) -> None:
    first, second = read(tmp_path, address, table="public.lampes")
    assert first == (1, "é\n%", None, None, False)
    assert second[:3] == (2, 'a,"b"', 1.5)
    assert second[3].isoformat().startswith("2026-01-01T09:00:00")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM lampes WHERE nom LIKE '%b%' AND 3 % 2 = 1 AND '{x}' <> '';",
        "WITH l AS (SELECT * FROM lampes) SELECT id, nom, w, vu, ok FROM l WHERE id = 2 -- fin",
    ],
)
def test_one_select_is_read_as_it_stands(tmp_path: Path, address: str, query: str) -> None:
    assert [row[0] for row in read(tmp_path, address, query=query)] == [2]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1; DROP TABLE lampes",
        "SELECT 1; COMMIT; DROP TABLE lampes",
        "DELETE FROM lampes RETURNING *",
        "WITH gone AS (DELETE FROM lampes RETURNING *) SELECT * FROM gone",
        "SELECT 1) TO PROGRAM 'touch {file}' --",
        "SELECT 1) AS a, (SELECT 2",
        "COPY lampes TO '{file}'",
        "SELECT * FROM lampes FOR UPDATE",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "SELECT * INTO copie FROM lampes",
        "SELECT lo_import('/etc/passwd')",
        "EXPLAIN ANALYZE DELETE FROM lampes",
        "VALUES (1); TRUNCATE lampes",
        "",
    ],
)
def test_nothing_else_runs(tmp_path: Path, address: str, query: str) -> None:
    written = tmp_path / "written"
    with pytest.raises(SourceError):
        read(tmp_path, address, query=query.replace("{file}", str(written)))
    assert not written.exists()
    assert len(read(tmp_path, address, table="lampes")) == 2


def test_time_rows_and_bytes_are_bounded_whatever_the_query_sets(
    tmp_path: Path, address: str
) -> None:
    slow = "SELECT set_config('statement_timeout', '0', true), pg_sleep(60)"
    with pytest.raises(SourceUnreachable, match="1 seconde"):
        read(tmp_path, address, query=slow, seconds=1)
    with pytest.raises(SourceRefused, match="10"):
        read(tmp_path, address, query="SELECT generate_series(1, 100) AS id", rows=10)
    long = "SELECT repeat('x', 1000) AS nom FROM generate_series(1, 10000)"
    with pytest.raises(SourceTooLarge):
        read(tmp_path, address, query=long)
    assert not list(tmp_path.rglob(".part-*"))


def test_a_private_host_is_refused_unless_it_is_allowed(tmp_path: Path, address: str) -> None:
    for host in (
        address,
        "postgresql://u:mdp@127.0.0.1/x",
        "postgresql://u:mdp@localhost,8.8.8.8/x",
    ):
        with pytest.raises(SourceRefused, match="allow_private") as refused:
            read(tmp_path, host, table="lampes", allow_private=False)
        assert "mdp" not in str(refused.value)


def test_what_is_wrong_is_said_without_the_address(tmp_path: Path, address: str) -> None:
    with pytest.raises(SourceMissing, match="DATALAB_SQL_AUTRE"):
        read(tmp_path, address, table="lampes", database="autre")
    with pytest.raises(SourceMissing, match="personne"):
        read(tmp_path, address, table="personne")
    for wrong in (
        "postgresql://u:mdp@127.0.0.1:1/x",
        address.replace("postgres@", "mdp@"),
        "mdp=[",
    ):
        with pytest.raises(SourceError) as refused:
            read(tmp_path, wrong, table="lampes")
        assert "mdp" not in refused.value.message("fr") + str(refused.value.as_json())


def test_addresses_come_from_the_environment_of_the_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATALAB_SQL_ENERGIE", "postgresql://u:mdp@db.example.org/x")
    databases = Settings().databases
    assert databases["energie"].get_secret_value().endswith("/x")
    assert "mdp" not in repr(databases)


def test_the_source_says_what_to_read_and_never_where_it_is() -> None:
    for wrong in (
        {"database": "energie"},
        {"database": "energie", "table": "a", "query": "SELECT 1"},
        {"database": "postgresql://u:mdp@h/x", "table": "a"},
        {"database": "energie", "table": "a; DROP TABLE b"},
        {"database": "energie", "table": "a", "csv": {"delimiter": ";"}},
        {"database": "energie", "table": "a", "password": "x"},
    ):
        with pytest.raises(ValidationError):
            Source.model_validate({"connector": "sql", **wrong})
