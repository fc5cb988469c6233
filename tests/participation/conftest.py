"""Every test of the store runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from datalab.participation.store import Store, sqlite_url
from tests.participation.databases import Cluster, cluster, programs
from tests.portal.desk import Desk


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


@pytest.fixture
def desk(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A portal over that database, with accounts of every group."""
    monkeypatch.setenv("DATALAB_PARTICIPATION_DATABASE", store.url)
    made = Desk(tmp_path / "home")
    yield made
    made.app.state.participation.close()
