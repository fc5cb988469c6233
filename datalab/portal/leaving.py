"""What an account leaves behind when it is removed: its files, and its place in projects."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request

from datalab.i18n import Language
from datalab.people import accounts, audit
from datalab.people.accounts import Account
from datalab.people.rights import may
from datalab.people.store import Store
from datalab.portal.language import language_of
from datalab.projects.manifest import Manifest, Member, moment
from datalab.projects.project import Projects

MOST_FILES = 100_000  # looked at to say how large a home is


@dataclass(frozen=True)
class Place:
    """One project that somebody is in; ``alone`` where nobody else owns it."""

    slug: str
    title: str
    role: str
    alone: bool


@dataclass(frozen=True)
class Belongings:
    """``size`` is in bytes, None where there is no home."""

    projects: list[Place]
    size: int | None


def belongings_of(request: Request, account: str) -> Belongings:
    state, language = request.app.state, language_of(request)
    home: Path = state.homes.home(account)
    size = sum(_sizes(home)) if home.is_dir() else None
    return Belongings(list(_places(state.projects, account, language)), size)


def _places(projects: Projects, account: str, language: Language) -> Iterator[Place]:
    for project, role in projects.of(account):
        manifest = project.manifest
        title = manifest.title.in_(language)
        yield Place(project.slug, title, role, manifest.owners == (account,))


def _sizes(folder: Path) -> Iterator[int]:
    """Sizes on disk of what is in a home. Links are not followed: it is somebody else's folder."""
    looked = 0
    for here, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            looked += 1
            if looked > MOST_FILES:
                return
            try:
                yield os.lstat(os.path.join(here, name)).st_blocks * 512
            except OSError:
                continue


def heir_of(store: Store, now: float, account: Account) -> str:
    """Who answers for what somebody leaves behind alone: who let them in, else an operator."""
    others = [a for a in accounts.accounts(store) if a.name != account.name and a.may_enter(now)]
    made_by = [a.name for a in others if a.name == account.created_by]
    operators = [a.name for a in others if may(a.groups, "manage:people")]
    return next(iter([*made_by, *operators]))


def leave_projects(
    projects: Projects, store: Store, now: float, actor: str, account: str, heir: str
) -> list[str]:
    """Take an account out of every manifest; what it alone owned passes to ``heir``.

    Those archived or deleted are changed too: a later account of the same name is somebody else.
    Returns the projects that changed.
    """
    changed = []
    for project, role in projects.of(account):
        if project.reference:
            continue

        def edit(manifest: Manifest) -> Manifest:
            left = tuple(m for m in manifest.members if m.account != account)
            if manifest.owners == (account,):
                left = tuple(m for m in left if m.account != heir)
                left = (Member(account=heir, role="owner", since=moment(now)), *left)
            return manifest.model_copy(update={"members": left})

        after = projects.change(project.slug, edit)
        facts = {"account": account, "before": role, "after": None}
        audit.record(store, now, actor, "project.member", project.slug, **facts)
        if after.manifest.role_of(heir) != project.manifest.role_of(heir):
            passed = {"account": heir, "before": None, "after": "owner"}
            audit.record(store, now, actor, "project.member", project.slug, **passed)
        changed.append(project.slug)
    return changed
