"""Every test of the store runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from datalab.participation.store import Store
from tests.portal.desk import Desk


@pytest.fixture
def store(empty_database: str) -> Iterator[Store]:
    """An empty database of participation."""
    made = Store(empty_database)
    yield made
    made.close()


@pytest.fixture
def desk(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A portal over that database, with accounts of every group."""
    monkeypatch.setenv("DATALAB_PARTICIPATION_DATABASE", store.url)
    made = Desk(tmp_path / "home")
    yield made
    made.app.state.participation.close()
