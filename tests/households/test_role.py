"""The SQL of ``docs/smart-citizen.md``: a database that no other role of the lab enters."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import OperationalError

from datalab.households.store import Store
from tests.hub.lab import CHECKOUT
from tests.participation.databases import Cluster

DOCUMENT = CHECKOUT / "docs" / "smart-citizen.md"
LEAVE = (
    "DROP DATABASE IF EXISTS households WITH (FORCE)",
    "DROP ROLE IF EXISTS households, participation",
)


@pytest.fixture
def server(postgresql: Cluster) -> Iterator[Cluster]:
    """The server of tests as an operator leaves it who did what the document says."""
    written = re.search(r"```sql\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert written is not None
    statements = written[1].replace("…", "a-secret").split(";")
    run(postgresql, *statements, "CREATE ROLE participation LOGIN PASSWORD 'another'")
    yield postgresql
    run(postgresql, *LEAVE)


def run(server: Cluster, *statements: str) -> None:
    engine = create_engine(server.url(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in filter(str.strip, statements):
            connection.execute(text(statement))
    engine.dispose()


def address(server: Cluster, role: str) -> str:
    return server.url("households").replace("postgres@", f"{role}@")


def test_the_role_of_households_makes_its_tables_and_no_other_role_gets_in(
    server: Cluster,
) -> None:
    store = Store(address(server, "households"))
    with store.reading() as connection:
        assert inspect(connection).get_table_names()
    store.close()
    other = create_engine(address(server, "participation"))
    with pytest.raises(OperationalError, match="permission denied for database"):
        other.connect()
    other.dispose()
