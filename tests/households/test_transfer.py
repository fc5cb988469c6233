"""Homes and their points go to a server of databases, and the books still balance there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from datalab.cli import group
from datalab.households.store import Store
from datalab.households.vault import Vault
from datalab.settings import Settings
from tests.households.test_ledger import balance, books, home
from tests.participation.databases import Cluster


def test_points_are_on_the_same_accounts_afterwards(
    tmp_path: Path, postgresql: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path / "lab")
    store, vault = Store(settings.households), Vault(settings.custody)
    some = {home(store, vault, points): points for points in (0, 5, 120)}
    before = books(store)
    store.close()
    address = postgresql.database()
    monkeypatch.setenv("DATALAB_HOUSEHOLDS_DATABASE", address)
    ran = CliRunner().invoke(group, ["migrate", "--json", "--home", str(settings.home)])
    assert ran.exit_code == 0, ran.output
    rows = {one["table"]: one["rows"] for one in json.loads(ran.output)["households"]}
    assert rows["household"] == 3
    there = Store(address)
    assert {one: balance(there, one) for one in some} == some
    assert books(there) == before
    there.close()
