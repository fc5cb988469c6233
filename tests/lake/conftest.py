"""Where a lake is worked on: each test that asks runs with files, and with a real PostgreSQL."""

from __future__ import annotations

import pytest

from tests.participation.databases import Cluster


@pytest.fixture(params=["files", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """The address of a new, empty database; "" for files."""
    if request.param == "files":
        return ""
    running: Cluster = request.getfixturevalue("postgresql")
    return running.database()
