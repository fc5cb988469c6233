"""A whole lab whose lake is worked on in a PostgreSQL: refresh, migrate, backup, doctor."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from datalab.cli import group
from datalab.deployment import doctor
from datalab.deployment.backup import backup
from datalab.deployment.restore import restore
from datalab.errors import LakeBusy, LakeDatabaseAway, LakeInDatabase
from datalab.lake import metadata
from datalab.lake.index import read_index
from datalab.lake.layout import folder
from datalab.lake.shared import Shared
from datalab.refresh import refresh
from datalab.settings import Settings
from tests.hub.lab import tiny_catalog
from tests.participation.databases import Cluster

NOW = 1_790_000_000.0
DATASET = "tiny-places"


@pytest.fixture
def lab(tmp_path: Path) -> Settings:
    """With files, and something published."""
    made = Settings(home=tmp_path / "home", catalog=tiny_catalog(tmp_path / "catalog"))
    for name in ("hub", "projects", "secrets"):
        (made.home / name).mkdir(parents=True)
    assert [one.state for one in refresh([DATASET], made, "test")] == ["published"]
    return made


def named(lab: Settings, address: str) -> Settings:
    return lab.model_copy(update={"lake_database": SecretStr(address)})


def change(lab: Settings, before: str, after: str) -> None:
    csv = lab.catalog / "territory" / f"{DATASET}.csv"
    csv.write_text(csv.read_text().replace(before, after))


def test_a_lab_is_brought_there_by_a_command_goes_on_and_comes_back(
    lab: Settings, postgresql: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = postgresql.database()
    monkeypatch.setenv("DATALAB_LAKE_DATABASE", address)
    monkeypatch.setenv("DATALAB_CATALOG", str(lab.catalog))
    at_home = ["--home", str(lab.home)]
    before = folder(lab.lake, "open").catalog.read_bytes()
    ran = CliRunner().invoke(group, ["migrate", "--json", *at_home])
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.output)["lake"]
    assert told == [{"lake": "open", "tables": 1, "snapshots": 1, "files": 1}]
    assert folder(lab.lake, "open").catalog.read_bytes() == before, "readers notice nothing"
    change(lab, "866", "901")
    assert [one.state for one in refresh([DATASET], named(lab, address), "test")] == ["published"]
    with pytest.raises(LakeInDatabase):
        refresh([DATASET], lab, "test")
    assert CliRunner().invoke(group, ["migrate", *at_home]).exit_code == 0, "twice is harmless"
    ran = CliRunner().invoke(group, ["migrate", "--lake-to-files", *at_home])
    assert ran.exit_code == 0, ran.output
    assert "DATALAB_LAKE_DATABASE" in ran.output
    change(lab, "901", "902")
    refresh([DATASET], lab, "test")
    assert len(read_index(lab.lake)[DATASET].snapshots) == 3


def test_two_homes_refresh_one_lake(lab: Settings, postgresql: Cluster, tmp_path: Path) -> None:
    address = postgresql.database()
    first = named(lab, address)
    refresh([DATASET], first, "first")
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "lake").symlink_to(lab.lake)
    second = first.model_copy(update={"home": tmp_path / "second"})
    assert [one.state for one in refresh([DATASET], second, "second")] == ["unchanged"]
    change(lab, "866", "901")
    assert [one.state for one in refresh([DATASET], second, "second")] == ["published"]
    assert [one.state for one in refresh([DATASET], first, "first")] == ["unchanged"]
    assert [s["author"] for s in read_index(lab.lake)[DATASET].snapshots] == ["second", "test"]


def test_a_backup_takes_its_turn_and_is_restored_over_a_database_that_went_on(
    lab: Settings, postgresql: Cluster, tmp_path: Path
) -> None:
    settings = named(lab, postgresql.database())
    refresh([DATASET], settings, "test")
    report = backup(settings, tmp_path / "lab.tar", NOW)
    change(lab, "866", "901")
    refresh([DATASET], settings, "test")
    after = settings.model_copy(update={"home": tmp_path / "after"})
    restore(report.path, after.home)
    shutil.rmtree(settings.home)
    change(lab, "901", "903")
    assert [one.state for one in refresh([DATASET], after, "after")] == ["published"]
    place = folder(after.lake, "open")
    assert [s["author"] for s in read_index(after.lake)[DATASET].snapshots] == ["after", "test"]
    on_disk = {str(path.relative_to(place.data)) for path in place.data.rglob("*.parquet")}
    assert on_disk == metadata.files(place.catalog)


def test_a_backup_waits_for_the_publisher_of_another_machine(
    lab: Settings, postgresql: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = named(lab, postgresql.database())
    refresh([DATASET], settings, "test")
    monkeypatch.setattr("datalab.lake.shared.PATIENCE", 0.2)
    other = Shared(settings.worked_in, "the other machine")
    with other.turn(), pytest.raises(LakeBusy) as busy:
        backup(settings, tmp_path / "lab.tar", NOW)
    assert busy.value.facts["owner"] == "the other machine"
    other.close()
    assert not list(tmp_path.glob("*.tar*"))


def test_the_doctor_says_whether_it_answers(lab: Settings, postgresql: Cluster) -> None:
    findings = list(doctor._lake(named(lab, postgresql.database()), "fr"))
    assert [one.level for one in findings] == ["good"]
    away = named(lab, "postgresql+psycopg://lake:pass4711@127.0.0.1:9/lake")
    findings = list(doctor._lake(away, "fr"))
    assert [one.level for one in findings] == ["error"]
    assert "pass4711" not in findings[0].message
    assert list(doctor._lake(lab, "fr")) == []


def test_a_refresh_says_that_the_database_is_away(lab: Settings) -> None:
    away = named(lab, "postgresql+psycopg://lake:pass4711@127.0.0.1:9/lake")
    with pytest.raises(LakeDatabaseAway) as told:
        refresh([DATASET], away, "test")
    assert "pass4711" not in told.value.message("fr")
    assert read_index(lab.lake)[DATASET].good is not None
