"""Every test of the store runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from datalab.participation.store import Store, sqlite_url
from tests.participation.databases import Cluster, cluster, programs


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    if programs() is None:
        pytest.skip("no PostgreSQL on this machine")
    with cluster() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty database of participation."""
    if request.param == "sqlite":
        url = sqlite_url(tmp_path / "participation.sqlite")
    else:
        url = request.getfixturevalue("postgresql").database()
    made = Store(url)
    yield made
    made.close()
