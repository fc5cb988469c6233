"""What leaves the database of participation: rounded, accepted, and nobody's."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from datalab.catalog.catalog import Catalog
from datalab.connectors.participation import VIEWS, marks
from datalab.connectors.registry import fetch, source_models
from datalab.participation.marks import bump
from datalab.participation.migrations.schema import include
from datalab.participation.store import Store
from datalab.participation.tables import METADATA
from datalab.settings import CHECKOUT
from tests.participation import rows
from tests.participation.rows import NOON


def read(store: Store, dataset: str, folder: Path) -> list[dict[str, Any]]:
    found = Catalog.load(CHECKOUT / "catalog", source_models()).get(dataset)
    fetched = fetch(found, cache=folder, max_bytes=10**8, participation=store.url)
    return list(pq.read_table(fetched.path).to_pylist())


def test_the_tables_are_what_the_migrations_make(store: Store) -> None:
    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": include})
        assert compare_metadata(context, METADATA) == []


def test_a_contribution_leaves_accepted_and_rounded(store: Store, tmp_path: Path) -> None:
    with store.writing() as connection:
        rows.session(connection)
        rows.session(connection, "essai", demonstration=True)
        rows.contribution(connection, "a", "atelier")
        rows.contribution(connection, "demo", "essai")
        for state in ("submitted", "rejected", "withdrawn"):
            rows.contribution(connection, state, "atelier", state=state)
        rows.contribution(connection, "nowhere", "atelier", commune=None)
    found = {row["id"]: row for row in read(store, "contributions", tmp_path)}
    assert set(found) == {"a", "nowhere"}
    assert found["a"]["text"] == "texte relu a"
    assert (found["a"]["longitude"], found["a"]["latitude"]) == (5.041, 47.322)
    assert found["a"]["submitted_at"] == datetime.fromtimestamp(NOON, UTC)
    assert found["nowhere"]["longitude"] is None


@pytest.mark.parametrize("voters", [4, 5])
def test_votes_leave_when_the_vote_is_over_and_enough_people_voted(
    store: Store, tmp_path: Path, voters: int
) -> None:
    with store.writing() as connection:
        rows.session(connection, voting=True)
        for name in "ab":
            rows.contribution(connection, name, "atelier")
        for number in range(voters):
            rows.author(connection, f"v{number}")
            rows.vote(connection, f"v{number}", "ab"[number % 2], 2)
    assert read(store, "votes", tmp_path) == []
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE session SET voting = false")
    found = {row["contribution"]: row for row in read(store, "votes", tmp_path)}
    assert found["a"]["dots"] == (6 if voters == 5 else None)
    assert found["a"]["suppressed"] is (voters < 5)


def test_the_place_of_a_rare_request_is_withheld(store: Store, tmp_path: Path) -> None:
    with store.writing() as connection:
        rows.service(connection, "lighting")
        rows.service(connection, "noise", decimals=2)
        for number in range(5):
            rows.request(connection, f"l{number}", "lighting")
            rows.request(connection, f"n{number}", "noise")
        rows.request(connection, "waiting", "lighting", moderation="waiting")
        rows.request(connection, "alone", "lighting", commune="21166")
    found = {row["id"]: row for row in read(store, "service-requests", tmp_path)}
    assert len(found) == 11
    assert found["l1"]["longitude"] == 5.041
    assert found["n1"]["longitude"] == 5.04
    assert found["alone"]["longitude"] is None
    assert found["alone"]["place_withheld"] is True
    assert found["alone"]["description"] == "texte relu"


def test_decisions_leave_with_their_day(store: Store, tmp_path: Path) -> None:
    with store.writing() as connection:
        rows.session(connection)
        rows.decision(connection, "d", "atelier")
    [found] = read(store, "decisions", tmp_path)
    assert found["due"] == "2026-03-01"
    assert found["decided_on"] == datetime(2025, 11, 22, tzinfo=UTC)


def test_the_same_rows_give_the_same_bytes(store: Store, tmp_path: Path) -> None:
    with store.writing() as connection:
        rows.session(connection)
        for name in "edcba":
            rows.contribution(connection, name, "atelier")
    found = Catalog.load(CHECKOUT / "catalog", source_models()).get("contributions")
    once, twice = (
        fetch(found, cache=tmp_path / part, max_bytes=10**8, participation=store.url).sha256
        for part in ("one", "two")
    )
    assert once == twice


def test_a_database_that_was_never_opened_gives_no_rows(tmp_path: Path) -> None:
    found = Catalog.load(CHECKOUT / "catalog", source_models()).get("votes")
    url = f"sqlite:///{tmp_path / 'none.sqlite'}"
    fetched = fetch(found, cache=tmp_path, max_bytes=10**8, participation=url)
    table = pq.read_table(fetched.path)
    assert (table.num_rows, table.column_names) == (0, list(VIEWS["released_vote"]))
    assert not (tmp_path / "none.sqlite").exists()


def test_a_mark_grows_with_what_is_new(store: Store) -> None:
    with store.writing() as connection:
        bump(connection, "survey-eau", NOON)
        bump(connection, "survey-eau", NOON)
    assert marks(store.url) == {"": 0, "survey-eau": 2}
