"""Every test of the store runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from datalab.households.store import Store
from datalab.households.vault import Vault


@pytest.fixture
def store(empty_database: str) -> Iterator[Store]:
    """An empty database of households."""
    made = Store(empty_database)
    yield made
    made.close()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "households")
