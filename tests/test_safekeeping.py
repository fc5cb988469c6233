"""A backup is read again, and only then do older ones go."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from datalab.cli import group
from datalab.deployment import safekeeping
from datalab.deployment.restore import verify
from datalab.deployment.safekeeping import keep_safe
from datalab.errors import BackupFailed, BackupUnreadable
from datalab.settings import Settings

NOW = 1_790_000_000.0
DAY = 86_400


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(home=tmp_path / "lab")
    for folder in ("hub", "secrets", "projects", "writer", "lake", "catalog"):
        (made.home / folder).mkdir(parents=True)
    (made.own_catalog / "survey-q.yaml").write_text("id: survey-q\n")
    return made


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    made = tmp_path / "shelf"
    made.mkdir()
    return made


def names(shelf: Path) -> list[str]:
    return sorted(path.name for path in shelf.iterdir())


def test_the_newest_backups_stay_and_nothing_else_is_touched(
    settings: Settings, shelf: Path
) -> None:
    (shelf / "notes.txt").write_text("mine")
    (shelf / "datalab-old.tar").write_text("mine too")
    for day in range(4):
        kept = keep_safe(settings, shelf, NOW + day * DAY, keep=2)
        assert kept.verified
    assert [path.name for path in kept.gone] == ["datalab-2026-09-22-141320.tar"]
    assert names(shelf) == [
        "datalab-2026-09-23-141320.tar",
        "datalab-2026-09-24-141320.tar",
        "datalab-old.tar",
        "notes.txt",
    ]


def test_a_clock_that_was_ahead_costs_the_new_backup_nothing(
    settings: Settings, shelf: Path
) -> None:
    ahead = keep_safe(settings, shelf, NOW + 400 * DAY).report.path
    kept = keep_safe(settings, shelf, NOW, keep=1)
    assert kept.gone == (ahead,)
    assert verify(kept.report.path).files == kept.report.files


def test_an_older_backup_stays_where_the_new_one_cannot_be_trusted(
    settings: Settings, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk loses a byte between the writing and the reading."""
    good = keep_safe(settings, shelf, NOW).report.path

    def on_a_failing_disk(path: Path) -> object:
        whole = path.read_bytes()
        path.write_bytes(whole.replace(b"id: survey-q\n", b"id: survey-x\n", 1))
        return verify(path)

    monkeypatch.setattr(safekeeping, "verify", on_a_failing_disk)
    with pytest.raises(BackupFailed) as refused:
        keep_safe(settings, shelf, NOW + DAY, keep=1)
    assert "reads otherwise" in refused.value.message("en")
    assert names(shelf) == [good.name]


def test_only_backups_in_a_folder_are_counted(settings: Settings, shelf: Path) -> None:
    with pytest.raises(BackupFailed):
        keep_safe(settings, shelf / "one.tar", NOW, keep=3)
    assert names(shelf) == []


def test_a_backup_can_be_read_again_without_restoring_it(settings: Settings, shelf: Path) -> None:
    kept = keep_safe(settings, shelf, NOW, verified=True).report
    archive = kept.path
    said = CliRunner().invoke(group, ["restore", str(archive), "--verify", "--json"])
    assert json.loads(said.output) == {"path": str(archive), "files": kept.files, "whole": True}
    archive.write_bytes(archive.read_bytes().replace(b"id: survey-q\n", b"id: survey-x\n", 1))
    with pytest.raises(BackupUnreadable, match=r"survey-q\.yaml"):
        verify(archive)
    cut = shelf / "cut.tar"
    cut.write_bytes(archive.read_bytes()[:700])
    with pytest.raises(BackupUnreadable):
        verify(cut)


def test_the_command_says_what_it_did(settings: Settings, shelf: Path) -> None:
    keep_safe(settings, shelf, NOW)
    asked = ["backup", str(shelf), "--keep", "1", "--json", "--home", str(settings.home)]
    said = json.loads(CliRunner().invoke(group, asked).output)
    assert said["verified"] is True
    assert said["removed"] == [str(shelf / "datalab-2026-09-21-141320.tar")]
    assert names(shelf) == [Path(said["path"]).name]
