"""What projects read is written down from what they leave behind, and never more than is true."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from datalab.lake.index import read_index
from datalab.lineage.collect import collect_all
from datalab.lineage.store import DAY, FRESH, Lineage, Use
from datalab.notebook import reads
from datalab.projects import running
from datalab.projects.create import create
from datalab.projects.project import Project
from datalab.projects.running import Outcome
from tests.portal.conftest import Workshop, described
from tests.portal.desk import Desk, now

SLUG = "velos-dijon"


class Lab:
    """Two datasets, one for members, and a project of a student and a citizen."""

    def __init__(self, root: Path) -> None:
        self.workshop = Workshop(root)
        columns: dict[str, object] = {"code": "varchar"}
        self.workshop.write(described("trees", columns, key=["code"]), "code\na\n")
        self.workshop.write(described("for-members", columns, access="members"), "code\na\n")
        self.workshop.refresh()
        self.desk = Desk(self.workshop.settings.home)
        state = self.desk.app.state
        self.project: Project = create(
            state.projects, state.homes, self.desk.store, now(), "student", SLUG, "Vélos",
            "Compter.", "empty", members={"student": "owner", "citizen": "viewer"},
        )  # fmt: skip
        self.settings = self.desk.settings
        self.lineage = Lineage(self.settings.lineage)
        self.snapshot = read_index(self.settings.lake)["trees"].snapshots[0]["snapshot"]

    def live(self, *lines: object) -> None:
        journal = self.project.work / ".datalab" / "reads.jsonl"
        journal.parent.mkdir(exist_ok=True)
        with journal.open("a", encoding="utf-8") as file:
            for line in lines:
                file.write((line if isinstance(line, str) else json.dumps(line)) + "\n")

    def read(self, **more: object) -> dict[str, object]:
        line = {"dataset": "trees", "lake": "open", "snapshot": self.snapshot}
        return {**line, "notebook": "a.ipynb", "at": now() - 60, **more}

    def users(self, dataset: str = "trees") -> list[tuple[str, str, int]]:
        collect_all(self.settings, now())
        found = self.lineage.users_of(dataset, now()).uses
        return [(use.project, use.notebook, use.snapshot) for use in found]


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_a_live_notebook_of_a_project_is_a_use(lab: Lab) -> None:
    assert lab.users() == []
    lab.live(lab.read())
    assert lab.users() == [(SLUG, "a.ipynb", lab.snapshot)]


def test_a_headless_run_is_a_use(lab: Lab) -> None:
    read = {"dataset": "trees", "lake": "open", "snapshot": lab.snapshot}
    running.record(lab.project, [Outcome("b.ipynb", True, 1.0, [read])], now())
    assert lab.users() == [(SLUG, "b.ipynb", lab.snapshot)]


def test_a_notebook_cannot_claim_what_is_not_true(lab: Lab) -> None:
    lab.live(
        lab.read(dataset="nothing"),
        lab.read(snapshot=4711),
        lab.read(snapshot=True),
        lab.read(dataset="for-members"),  # the citizen may not read it
        lab.read(notebook=["a"]),
        lab.read(notebook="x" * 5000),
        lab.read(at="yesterday"),
        lab.read(at=float("1e400")),
        "no JSON",
        "[" * 100_000,
        "null",
    )
    assert [use for use in lab.users() if use[1] != "a.ipynb"] == []
    assert lab.users("for-members") == []
    assert lab.users("nothing") == []


def test_a_time_to_come_is_now(lab: Lab) -> None:
    lab.live(lab.read(at=now() + 1e9))
    lab.users()
    assert lab.lineage.users_of("trees", now()).uses[0].last_at <= now()


@pytest.mark.parametrize("trap", ["link", "folder", "pipe"])
def test_a_trap_in_place_of_the_journal_is_not_opened(lab: Lab, trap: str) -> None:
    secret = lab.settings.home / "secret.jsonl"
    secret.write_text(json.dumps(lab.read()) + "\n")
    journal = lab.project.work / ".datalab" / "reads.jsonl"
    journal.parent.mkdir(exist_ok=True)
    if trap == "link":
        journal.symlink_to(secret)
    elif trap == "folder":
        journal.mkdir()
    else:
        os.mkfifo(journal)
    assert lab.users() == []


def test_the_newest_read_takes_the_place_of_the_last_but_pinned_ones_stay(lab: Lab) -> None:
    def use(snapshot: int, at: float, pinned: bool = False) -> Use:
        return Use(SLUG, "a.ipynb", "trees", "open", snapshot, pinned, at)

    moment = now()
    lab.lineage.note_uses([use(1, moment - 30, True), use(2, moment - 20), use(3, moment - 10)])
    assert lab.lineage.pinned("open", "trees") == {1, 3}
    lab.lineage.note_uses([use(2, moment - 25)])  # comes late
    assert lab.lineage.pinned("open", "trees") == {1, 3}


def test_who_holds_a_token_is_known_by_the_day_and_forgotten_on_leaving(lab: Lab) -> None:
    moment = now()
    lab.lineage.note_holder("entrepreneur", "trees", moment)
    lab.lineage.note_holder("entrepreneur", "trees", moment)
    assert lab.lineage.users_of("trees", moment).holders == ("entrepreneur",)
    assert not lab.lineage.users_of("trees", moment + FRESH + 2 * DAY)
    lab.users()
    assert lab.lineage.users_of("trees", moment)
    lab.lineage.keep_accounts(["student"])
    assert not lab.lineage.users_of("trees", moment)


def test_a_project_that_is_gone_for_good_is_forgotten(lab: Lab) -> None:
    lab.lineage.note_uses([Use("gone", "a.ipynb", "trees", "open", 1, True, now())])
    assert lab.users() == []


def test_only_the_server_of_a_project_keeps_a_journal(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = read_index(lab.settings.lake)["trees"]
    home = tmp_path / "kernel"
    (home / ".datalab").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("JPY_SESSION_NAME", str(home / "dossier" / "été.ipynb"))
    monkeypatch.delenv(reads.VARIABLE, raising=False)
    monkeypatch.setattr(reads, "_written", {})
    reads.note(entry, lab.snapshot)
    monkeypatch.setenv(reads.OWN, "student")
    reads.note(entry, lab.snapshot)
    assert not (home / ".datalab" / "reads.jsonl").exists()  # a person's own server
    monkeypatch.setenv(reads.LIVE, "/project")
    reads.note(entry, lab.snapshot, pinned=True)
    reads.note(entry, lab.snapshot, pinned=True)
    lines = (home / ".datalab" / "reads.jsonl").read_text().splitlines()
    assert len(lines) == 1
    said = json.loads(lines[0])
    assert said["notebook"] == "dossier/été.ipynb"
    assert said["pinned"] is True
    lab.live(said)
    assert lab.users() == [(SLUG, "dossier/été.ipynb", lab.snapshot)]
