"""Every test of the store runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from datalab.households import ambassador
from datalab.households.store import Store
from datalab.households.vault import Vault

NOW = 1_790_000_000.0


@pytest.fixture
def store(empty_database: str) -> Iterator[Store]:
    """An empty database of households."""
    made = Store(empty_database)
    yield made
    made.close()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "households")


def invited(connection: Connection, vault: Vault, *homes: str) -> str:
    """Let homes that are there use the codes of a new ambassador; the ambassador's id."""
    whose, _ = ambassador.appoint(connection, vault, "Ada", ambassador.MOST, NOW)
    for one in homes:
        ambassador.invite(connection, one, ambassador.make_codes(connection, whose, 1, NOW)[0], NOW)
    return whose
