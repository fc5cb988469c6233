"""The hub follows the manifests, wherever a sync is killed and whatever stood there before."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from datalab.hub.plan import Plan
from datalab.isolation.homes import Homes
from datalab.keeper import hub_api
from datalab.people import accounts
from datalab.people.hub_api import HubApi
from datalab.people.store import Store
from datalab.projects import lifecycle, membership
from datalab.projects.create import create
from datalab.projects.project import Projects
from datalab.projects.sync import sync
from datalab.settings import Settings
from tests.hub.lab import Lab

pytestmark = pytest.mark.hub

# After every account of the lab was made: whoever is younger than a membership has no part in it.
NOW = time.time() + 3600
SCOPES = ["access:servers!server=proj-{0}/", "servers!server=proj-{0}/"]
KILLED = 66


@dataclass(frozen=True)
class Mortal(HubApi):
    """A hub API that ends its process instead of asking for the ``last`` time."""

    last: int = 0
    asked: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, *more: Any, **options: Any) -> Any:
        self.asked.append(f"{method} {path}")
        if len(self.asked) == self.last:
            os._exit(KILLED)
        return super().ask(method, path, *more, **options)


@dataclass
class Desk:
    """The projects of a running lab, its hub, and nobody else who would sync."""

    settings: Settings
    hub: HubApi

    @property
    def store(self) -> Store:
        return Store(self.settings.people)

    @property
    def projects(self) -> Projects:
        return Projects(self.settings.shared, self.settings.projects)

    def make(self, slug: str, **members: Any) -> None:
        homes = Homes(self.settings.home / "accounts", os.geteuid() == 0)
        create(
            self.projects, homes, self.store, NOW, "test", slug, slug, members={**members}
        )  # fmt: skip

    def sync(self, slug: str | None = None) -> list[str]:
        done = sync(self.projects, self.store, self.hub, slug, now=NOW, lake=self.settings.lake)
        return [f"{change.deed} {change.subject}" for change in done]

    def killed_at(self, number: int) -> bool:
        """Sync in a process that dies at its ``number``-th question; False where it did not."""
        child = os.fork()
        if child == 0:
            try:
                mortal = Mortal(self.hub.url, self.hub.token, number)
                sync(self.projects, self.store, mortal, now=NOW, lake=self.settings.lake)
            finally:
                os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED

    def seen(self) -> dict[str, Any]:
        """What the hub holds of projects."""
        users = [u["name"] for u in self.hub.ask("GET", "/users?name_filter=proj-")]
        groups = {g["name"]: sorted(g["users"]) for g in self.hub.ask("GET", "/groups")}
        shares = {}
        for user in users:
            listed = self.hub.ask("GET", f"/shares/{user}")["items"]
            shares[user] = {
                str((share["user"] or share["group"])["name"]): sorted(share["scopes"])
                for share in listed
            }
        return {
            "groups": {name: held for name, held in groups.items() if name.startswith("proj-")},
            "shares": shares,
        }

    def wanted(self) -> dict[str, Any]:
        """What it should hold, read from the manifests in another way."""
        groups, shares = {}, {}
        for project in self.projects.all():
            assert not isinstance(project, Exception)
            if project.reference:
                continue
            active = project.manifest.status == "active"
            members = project.manifest.members if active else ()
            groups[project.account] = sorted(m.account for m in members)
            scopes = sorted(scope.format(project.slug) for scope in SCOPES)
            shares[project.account] = {m.account: scopes for m in members if m.role != "viewer"}
        return {"groups": groups, "shares": shares}


@contextmanager
def without_keeper(lab: Lab) -> Iterator[None]:
    keeper = lab.processes()["keeper"]
    while True:
        os.kill(keeper.pid, signal.SIGSTOP)
        with (
            suppress(sqlite3.OperationalError),
            closing(
                sqlite3.connect(
                    lab.home / "hub" / "people.sqlite", timeout=0.5, isolation_level=None
                )
            ) as database,
        ):
            database.execute("BEGIN IMMEDIATE")
            database.execute("ROLLBACK")
            break
        # It was stopped while it held the database: let it finish.
        os.kill(keeper.pid, signal.SIGCONT)
        time.sleep(0.1)
    try:
        yield
    finally:
        os.kill(keeper.pid, signal.SIGCONT)


@pytest.fixture
def desk(running_lab: Lab) -> Iterator[Desk]:
    settings = Settings(home=running_lab.home)
    with without_keeper(running_lab):
        made = Desk(settings, hub_api(settings, Plan.read(settings.run)))
        yield made
        for path in settings.shared.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
        made.sync()
        assert made.seen() == {"groups": {}, "shares": {}}


def before(desk: Desk) -> None:
    """Three projects, as the hub already knows them."""
    for slug in ("alpha", "beta", "gone"):
        shutil.rmtree(desk.settings.shared / slug, ignore_errors=True)
    shutil.rmtree(desk.settings.shared / "delta", ignore_errors=True)
    desk.make("alpha", student="owner", steward="editor", citizen="viewer")
    desk.make("beta", agent="owner", student="editor")
    desk.make("gone", student="owner")
    desk.sync()


def change(desk: Desk) -> None:
    """Everything at once: members, roles, an archive, a purge, a birth, and forged access."""
    store, projects = desk.store, desk.projects
    membership.remove(projects, store, NOW, "test", "alpha", "steward")
    membership.change_role(projects, store, NOW, "test", "alpha", "citizen", "editor")
    membership.invite(projects, store, NOW, "test", "alpha", "agent", "viewer")
    lifecycle.archive(projects, store, NOW, "test", "beta")
    shutil.rmtree(desk.settings.shared / "gone")
    desk.make("delta", student="owner", facilitator="editor")
    forged = {"user": "entrepreneur", "scopes": ["access:servers!server=proj-alpha/"]}
    desk.hub.ask("POST", "/shares/proj-alpha/", forged)
    forged = {"group": "citizens", "scopes": ["access:servers!server=proj-alpha/"]}
    desk.hub.ask("POST", "/shares/proj-alpha/", forged)
    half = {"user": "student", "scopes": ["access:servers!server=proj-alpha/"]}
    desk.hub.ask("PATCH", "/shares/proj-alpha/", {"user": "student"})
    desk.hub.ask("POST", "/shares/proj-alpha/", half)
    desk.hub.ask("POST", "/users/proj-ghost", done=(409,))
    desk.hub.ask("POST", "/groups/proj-ghost", done=(409,))


def test_a_sync_killed_at_any_question_and_run_again_ends_as_the_manifests_say(desk: Desk) -> None:
    number = 0
    while True:
        number += 1
        before(desk)
        change(desk)
        died = desk.killed_at(number)
        desk.sync()
        assert desk.seen() == desk.wanted(), f"killed at question {number}"
        if not died:
            break
    assert number > 25, "the scenario asks the hub too little to prove anything"


def test_what_is_right_already_is_left_alone(desk: Desk) -> None:
    before(desk)
    assert desk.sync() == []


def test_it_says_what_it_did(desk: Desk) -> None:
    before(desk)
    membership.remove(desk.projects, desk.store, NOW, "test", "alpha", "steward")
    assert desk.sync("alpha") == ["share.revoke steward", "group.remove steward"]


def test_syncs_and_edits_at_the_same_time_end_as_the_manifests_say(desk: Desk) -> None:
    before(desk)
    children = []
    for name in ("agent", "entrepreneur", "facilitator"):
        child = os.fork()
        if child == 0:
            try:
                membership.invite(desk.projects, desk.store, NOW, "test", "alpha", name, "editor")
                desk.sync("alpha")
                membership.remove(desk.projects, desk.store, NOW, "test", "alpha", name)
                desk.sync("alpha")
                if name == "agent":
                    membership.invite(
                        desk.projects, desk.store, NOW, "test", "alpha", name, "editor"
                    )
                    desk.sync()
            finally:
                os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    assert desk.seen() == desk.wanted()
    assert "agent" in desk.seen()["shares"]["proj-alpha"]


def test_a_damaged_manifest_changes_nothing_of_its_project_and_stops_no_other(desk: Desk) -> None:
    before(desk)
    held = desk.seen()["shares"]["proj-alpha"]
    (desk.settings.shared / "alpha" / "project.yaml").write_text("id: [")
    membership.remove(desk.projects, desk.store, NOW, "test", "beta", "student")
    assert "broken" in " ".join(desk.sync())
    assert desk.seen()["shares"]["proj-alpha"] == held
    assert list(desk.seen()["shares"]["proj-beta"]) == ["agent"]


def test_an_account_that_is_closed_loses_its_shares_and_has_them_back_when_it_opens(
    desk: Desk,
) -> None:
    before(desk)
    accounts.disable(desk.store, NOW, "test", "steward")
    desk.sync()
    assert list(desk.seen()["shares"]["proj-alpha"]) == ["student"]
    accounts.disable(desk.store, NOW, "test", "steward", disabled=False)
    desk.sync()
    assert sorted(desk.seen()["shares"]["proj-alpha"]) == ["steward", "student"]


def test_a_missing_folder_of_projects_deletes_nothing(desk: Desk) -> None:
    before(desk)
    held = desk.seen()
    away = desk.settings.shared.with_name("projects-away")
    desk.settings.shared.rename(away)
    try:
        desk.sync()
        assert desk.seen() == held
    finally:
        away.rename(desk.settings.shared)
