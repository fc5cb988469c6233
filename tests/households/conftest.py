"""Every test of the store runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from datalab.households.store import Store
from datalab.households.vault import Vault
from tests.participation.databases import Cluster, cluster, programs


@pytest.fixture(scope="session")
def households_postgresql() -> Iterator[Cluster]:
    if programs() is None:
        pytest.skip("no PostgreSQL on this machine")
    with cluster() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty database of households."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'households' / 'households.sqlite'}"
    else:
        url = request.getfixturevalue("households_postgresql").database()
    made = Store(url)
    yield made
    made.close()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "households")
