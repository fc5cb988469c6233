"""Versions of a project: made on quiet moments, named after who typed, safe from its files."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from datalab.errors import UnknownVersion
from datalab.projects import files, history, manifest
from datalab.projects.history import Author, Work
from datalab.projects.manifest import Manifest, Member
from datalab.projects.project import Project
from datalab.projects.quiet import Quiet, writers

MARIE = Author("marie", "Marie C.")
NAMES = {"marie": "Marie C.", "paul": "Paul"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    text = {"fr": "Essai", "en": "Trial"}
    members = (Member(account="marie", role="owner"), Member(account="paul", role="editor"))
    found = Manifest(id="essai", title=text, purpose=text, members=members)  # type: ignore[arg-type]
    folder = tmp_path / "essai"
    (folder / "work" / ".datalab").mkdir(parents=True)
    manifest.write(folder / "project.yaml", found)
    return Project("essai", folder, found)


def typed(project: Project, name: str, at: float) -> None:
    with (project.work / ".datalab" / "authors.jsonl").open("a") as file:
        file.write(json.dumps({"at": at, "path": "a.ipynb", "name": name}) + "\n")


def test_a_version_holds_every_file_and_says_what_changed(project: Project) -> None:
    work = Work(project)
    (project.work / "a.txt").write_text("un\n")
    (project.work / "sous").mkdir()
    (project.work / "sous" / "b.txt").write_text("deux\n")
    first = work.commit(100.0, [MARIE])
    assert first is not None
    assert first.changed == ("a.txt", "sous/b.txt")
    assert first.authors == ("Marie C.",)
    (project.work / "a.txt").write_text("trois\n")
    second = work.commit(200.0, [MARIE, Author("paul", "Paul")])
    assert second is not None
    assert (second.changed, second.authors) == (("a.txt",), ("Marie C.", "Paul"))
    assert history.read(project, second.id, "a.txt") == b"trois\n"
    assert history.read(project, second.id, "a.txt", parent=True) == b"un\n"
    assert history.read(project, first.id, "sous/b.txt") == b"deux\n"
    assert [v.id for v in history.versions(project)] == [second.id, first.id]
    assert [v.id for v in history.versions(project, path="sous/b.txt")] == [first.id]
    assert [v.id for v in history.versions(project, before=second.id)] == [first.id]


def test_nothing_new_makes_no_version(project: Project) -> None:
    (project.work / "a.txt").write_text("un\n")
    work = Work(project)
    assert work.commit(1.0, [MARIE]) is not None
    assert work.commit(2.0, [MARIE]) is None
    assert Work(project).commit(3.0, [MARIE]) is None


def test_any_git_reads_the_history(project: Project) -> None:
    (project.work / "été.txt").write_text("un\n")
    Work(project).commit(100.0, [MARIE, Author("paul", "Paul <x>\n")])
    command = ["git", "-c", f"safe.directory={project.history}", "--git-dir", str(project.history)]
    checked = subprocess.run([*command, "fsck", "--strict"], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr
    log = subprocess.run(
        [*command, "log", "--format=%an|%ae|%s|%b"], capture_output=True, text=True, check=True
    ).stdout
    assert log.startswith(
        "Marie C.|marie@localhost|été.txt|Co-authored-by: Paul x <paul@localhost>"
    )


def test_a_quiet_moment_commits_and_names_who_typed(project: Project) -> None:
    quiet = Quiet(Work(project))
    (project.work / "a.ipynb").write_text("{}")
    typed(project, "paul", 1000.0)
    typed(project, "paul", 1001.0)
    typed(project, "marie", 1002.0)
    typed(project, "intrus", 1003.0)
    assert quiet.look(project, 1005.0, 20, NAMES) is None
    (project.work / "a.ipynb").write_text("{ }")
    assert quiet.look(project, 1020.0, 20, NAMES) is None
    assert quiet.look(project, 1039.0, 20, NAMES) is None
    made = quiet.look(project, 1040.0, 20, NAMES)
    assert made is not None
    assert made.authors == ("Paul", "Marie C.")
    assert quiet.look(project, 1100.0, 20, NAMES) is None


def test_who_never_pauses_is_committed_too(project: Project) -> None:
    quiet = Quiet(Work(project))
    made = None
    for second in range(0, 400, 10):
        (project.work / "a.txt").write_text(str(second))
        made = made or quiet.look(project, 1000.0 + second, 20, NAMES)
    assert made is not None


def test_a_restarted_keeper_neither_loses_nor_repeats_a_version(project: Project) -> None:
    (project.work / "a.txt").write_text("un")
    assert Quiet(Work(project)).commit(project, 1.0, NAMES) is not None
    after = Quiet(Work(project))
    assert after.look(project, 100.0, 20, NAMES) is None
    assert after.look(project, 121.0, 20, NAMES) is None
    (project.work / "a.txt").write_text("deux")
    assert after.look(project, 130.0, 20, NAMES) is None
    assert after.look(project, 151.0, 20, NAMES) is not None


def test_links_pipes_and_nested_repositories_are_no_way_out(
    project: Project, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("hidden")
    (project.work / "link").symlink_to(secret / "key")
    (project.work / "folder").symlink_to(secret)
    os.link(secret / "key", project.work / "hard")
    os.mkfifo(project.work / "pipe")
    nested = project.work / "nested" / ".git" / "hooks"
    nested.mkdir(parents=True)
    (nested / "post-commit").write_text("#!/bin/sh\ntouch /tmp/owned\n")
    (project.work / ".gitattributes").write_text("* filter=evil\n")
    (project.work / "kept.txt").write_text("kept")
    made = Work(project).commit(1.0, [MARIE])
    assert made is not None
    assert history.files(project, made.id) == ["kept.txt"]


def test_a_journal_that_is_a_link_is_not_read(project: Project, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.jsonl"
    elsewhere.write_text(json.dumps({"at": 5.0, "path": "a", "name": "marie"}))
    (project.work / ".datalab" / "authors.jsonl").symlink_to(elsewhere)
    (project.work / "a.txt").write_text("un")
    made = Quiet(Work(project)).commit(project, 10.0, NAMES)
    assert made is not None
    assert made.authors == ()


def test_a_file_too_large_is_named_and_left_out(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LARGEST_FILE", 10)
    (project.work / "big.bin").write_bytes(b"x" * 11)
    (project.work / "small.txt").write_text("x")
    made = Work(project).commit(1.0, [MARIE])
    assert made is not None
    assert history.files(project, made.id) == ["small.txt"]
    assert "big.bin" in made.message


def test_a_full_history_goes_on_with_small_files(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Work(project)
    (project.work / "kept.bin").write_bytes(os.urandom(3000))
    (project.work / "plan.txt").write_text("one")
    assert work.commit(1.0, [MARIE]) is not None
    monkeypatch.setattr(history, "LARGEST_HISTORY", 2000)
    monkeypatch.setattr(history, "SMALL_FILE", 1000)
    (project.work / "big.bin").write_bytes(os.urandom(2000))
    (project.work / "plan.txt").write_text("two")
    made = Work(project).commit(2.0, [MARIE])
    assert made is not None
    assert made.changed == ("plan.txt",)
    assert history.files(project, made.id) == ["kept.bin", "plan.txt"]
    assert "big.bin" in made.message


def test_many_versions_are_packed_and_read_as_before(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST_LOOSE", 20)
    work = Work(project)
    for number in range(30):
        (project.work / "plan.txt").write_text(str(number))
        work.commit(float(number), [MARIE])
    found = history.versions(project)
    assert len(found) == 30
    assert history.read(project, found[-1].id, "plan.txt") == b"0"
    assert list((project.history / "objects" / "pack").glob("*.pack")) != []


def test_an_unknown_version_is_said_so(project: Project) -> None:
    (project.work / "a.txt").write_text("un")
    Work(project).commit(1.0, [MARIE])
    for wrong in ("f" * 40, "", "../../x", "HEAD"):
        with pytest.raises(UnknownVersion):
            history.read(project, wrong, "a.txt")


def test_a_path_never_climbs_out_of_the_work(project: Project, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("hidden")
    (project.work / "a").mkdir()
    (project.work / "a" / "b.txt").write_text("seen")
    (project.work / "up").symlink_to(tmp_path)
    assert files.read(project.work, "a/b.txt") == b"seen"
    for wrong in ("../key", "up/key", "/etc/passwd", "a", ".datalab/x", "a/../a/b.txt", "a//b.txt"):
        assert files.read(project.work, wrong) is None


def test_a_journal_written_to_do_harm_names_nobody_and_stops_nothing(project: Project) -> None:
    lines = ["[" * 200_000, json.dumps({"name": "paul", "at": 10**400}), "[]", "1", '{"at": {}}']
    (project.work / ".datalab" / "authors.jsonl").write_text("\n".join(lines) + "\n")
    typed(project, "marie", 100.0)
    assert writers(project, since=90.0) == ["marie"]


@pytest.mark.parametrize("path", ["a.txt/b", "", "sous", "..", "a\0", "\udcff", "no"])
def test_a_path_that_a_version_does_not_hold_is_nothing(project: Project, path: str) -> None:
    (project.work / "sous").mkdir()
    for name in ("a.txt", "sous/b.txt"):
        (project.work / name).write_text("un")
    made = Work(project).commit(100.0, [MARIE])
    assert made is not None
    assert history.read(project, made.id, path) is None
