"""Backups through a pipe to Borg, which keeps only what is new of each, and encrypts it."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from datalab.cli import group
from datalab.settings import Settings

DATALAB = [sys.executable, "-m", "datalab.cli"]
MEGABYTE = 1_000_000
PIECES = ("--chunker-params", "buzhash,10,23,16,4095")  # of 64 KiB, more or less


class Borg:
    """A repository, and the lab that is kept in it."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.repository, self.home = folder / "repository", home
        self.environment = {
            **os.environ,
            "BORG_PASSPHRASE": "a passphrase",
            "BORG_BASE_DIR": str(folder / "borg"),
            "DATALAB_HOME": str(home),
        }
        self.run("init", "--encryption=repokey", str(self.repository))

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["borg", *words], env=self.environment, check=check, capture_output=True
        )

    def keep(self, name: str, *command: str, check: bool = True) -> dict[str, Any]:
        """As docs/operate.md says it; what Borg tells of it."""
        told = ("--json", "--stdin-name", "lab.tar", "--content-from-command", *PIECES)
        place = f"{self.repository}::{name}"
        done = self.run(
            "create", *told, place, "--", *(command or (*DATALAB, "backup", "-")), check=check
        )
        return dict(json.loads(done.stdout)["archive"]["stats"]) if done.returncode == 0 else {}

    def names(self) -> list[str]:
        listed = json.loads(self.run("list", "--json", str(self.repository)).stdout)
        return [one["name"] for one in listed["archives"]]

    def content(self, name: str) -> bytes:
        return self.run("extract", "--stdout", f"{self.repository}::{name}").stdout


def restored(content: bytes, home: Path, *options: str) -> int:
    """The exit code of the command that reads ``content`` from its standard input."""
    command = [*DATALAB, "restore", "-", "--home", str(home), *options]
    return subprocess.run(command, input=content, capture_output=True, check=False).returncode


def files(home: Path) -> dict[str, bytes]:
    return {
        path.relative_to(home).as_posix(): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and path.name != "lock.json"  # of whoever writes right now
    }


@pytest.fixture
def borg(tmp_path: Path) -> Borg:
    if shutil.which("borg") is None:
        pytest.skip("no borg on this machine")
    home = Settings(home=tmp_path / "lab").home
    for folder in ("hub", "secrets", "projects", "writer", "lake/open/data", "catalog"):
        (home / folder).mkdir(parents=True)
    made = random.Random(7)  # noqa: S311
    for number in range(20):
        name = home / "lake" / "open" / "data" / f"{number:02}.parquet"
        name.write_bytes(made.randbytes(2 * MEGABYTE))
    return Borg(tmp_path, home)


def test_each_backup_adds_what_is_new_and_brings_all_of_it_back(borg: Borg, tmp_path: Path) -> None:
    first = borg.keep("monday")
    assert first["original_size"] > 40 * MEGABYTE
    monday = files(borg.home)
    (borg.home / "catalog" / "new.yaml").write_text("id: new\n")
    (borg.home / "lake/open/data/03.parquet").unlink()
    second = borg.keep("tuesday")
    assert second["original_size"] > 38 * MEGABYTE
    assert second["deduplicated_size"] < first["deduplicated_size"] / 20
    assert restored(borg.content("monday"), tmp_path / "monday") == 0
    assert files(tmp_path / "monday") == monday
    assert restored(borg.content("tuesday"), tmp_path / "tuesday") == 0
    assert files(tmp_path / "tuesday") == files(borg.home)
    assert restored(borg.content("tuesday"), tmp_path / "looked-at", "--verify") == 0
    assert not (tmp_path / "looked-at").exists()
    assert borg.run("check", "--verify-data", str(borg.repository)).returncode == 0
    assert not any(b"id: new" in content for content in files(borg.repository).values())


def test_a_backup_that_breaks_off_is_none(borg: Borg, tmp_path: Path) -> None:
    borg.keep("whole")
    # It ends half-way, as where it is killed or the disk is full.
    broken = " ".join([*DATALAB, "backup", "-", "| head -c 9000000; exit 1"])
    borg.keep("broken", "sh", "-c", broken, check=False)
    assert borg.names() == ["whole"]
    # And where nobody noticed, it is refused on the way back.
    assert restored(borg.content("whole")[:9_000_000], tmp_path / "after") == 1
    assert not (tmp_path / "after").exists()


def test_a_pipe_is_not_read_again_or_counted(tmp_path: Path) -> None:
    for option in (["--verify"], ["--keep", "3"]):
        done = CliRunner().invoke(group, ["backup", "-", *option, "--home", str(tmp_path)])
        assert done.exit_code == 2
        assert "--verify" in done.output
