"""A store of its own for each test, with one operator in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from datalab.people import accounts
from datalab.people.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "people.sqlite")
    accounts.add(store, 0.0, "lab", "operator", ["operators"], "Exploitant")
    return store
