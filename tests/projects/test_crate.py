"""A project as an archive that others can open without the lab."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from rocrate.rocrate import ROCrate

from datalab.errors import CrateInvalid
from datalab.projects.crate import About, Data, export, validate
from datalab.projects.manifest import Manifest, Member
from datalab.projects.project import Project
from datalab.projects.publication import Source

SOURCE = Source(
    "communes", 7, {"fr": "Communes", "en": "Municipalities"}, "INSEE", "lov2",
    "Licence Ouverte 2.0", "2026-01-02T03:04:05+00:00", "0" * 64,
)  # fmt: skip
ABOUT = About(["Ada Lovelace"], "Labo", "https://spdx.org/licenses/MIT", "MIT", "fr")
HERE = "https://lab.test/datasets/communes?snapshot=7"
LICENSE = "https://www.etalab.gouv.fr/licence-ouverte-open-licence/"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "velos"
    (folder / "work" / "sub").mkdir(parents=True)
    (folder / "work" / "étude 1.ipynb").write_text("{}")
    (folder / "work" / "sub" / "a&b.csv").write_text("x\n1\n")
    (folder / "work" / "link").symlink_to("/etc/passwd")
    (folder / "work" / ".secret").write_text("no")
    members = (Member(account="ada-l", role="owner"),)
    text = {"fr": "Vélos", "en": "Bikes"}
    manifest = Manifest(id="velos", title=text, purpose=text, members=members, created_by="ada-l")  # type: ignore[arg-type]
    return Project("velos", folder, manifest)


def made(project: Project, rows: Callable[[], object] | None, target: Path) -> Path:
    data = Data(SOURCE, HERE, LICENSE, rows, "" if rows else "réservé")  # type: ignore[arg-type]
    return export(project, [data], ABOUT, target)


def test_a_stranger_finds_everything(project: Project, tmp_path: Path) -> None:
    path = made(project, lambda: iter([b"name\n", b"Dijon\n"]), tmp_path / "a.zip")
    crate = ROCrate(path)
    assert crate.name == "Vélos"
    assert [a["name"] for a in crate.root_dataset["author"]] == ["Ada Lovelace"]
    dataset = crate.dereference("#communes-7")
    assert (dataset["version"], dataset["url"]) == ("7", HERE)
    assert dataset["license"].id == LICENSE
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        assert archive.read("data/communes-7.csv") == b"name\nDijon\n"
        assert "ada-l" not in "".join(archive.read(n).decode() for n in names)
        assert "rocrate==" in archive.read("environment/requirements.txt").decode()
    assert {"work/étude 1.ipynb", "work/sub/a&b.csv", "project.yaml"} <= names
    assert not names & {"work/link", "work/.secret"}


def test_reserved_rows_stay_and_are_named(project: Project, tmp_path: Path) -> None:
    path = made(project, None, tmp_path / "a.zip")
    assert ROCrate(path).dereference("#communes-7")["conditionsOfAccess"] == "réservé"
    with zipfile.ZipFile(path) as archive:
        assert not [name for name in archive.namelist() if name.startswith("data/")]


def test_twice_made_is_the_same(project: Project, tmp_path: Path) -> None:
    first, second = (made(project, None, tmp_path / name) for name in ("a.zip", "b.zip"))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("what", ["other", "missing", "more"])
def test_an_archive_that_was_changed_is_refused(
    project: Project, tmp_path: Path, what: str
) -> None:
    path = made(project, None, tmp_path / "a.zip")
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(changed, "w") as after:
        for name in before.namelist():
            if name == "project.yaml" and what == "missing":
                continue
            content = before.read(name)
            after.writestr(
                name, content + b"#" if (name, what) == ("project.yaml", "other") else content
            )
        if what == "more":
            after.writestr("work/more.txt", "x")
    with pytest.raises(CrateInvalid):
        validate(changed)
