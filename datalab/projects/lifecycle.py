"""The life of a project after it was made: described anew, archived, deleted, restored, purged.

What is deleted stays for the days of grace, hidden and out of use; then the keeper purges it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime

from datalab.catalog.dataset import Text
from datalab.errors import InvalidManifest, StillOpen
from datalab.isolation.homes import Homes
from datalab.people import audit
from datalab.people.store import Store
from datalab.projects import manifest as manifests
from datalab.projects.create import LONGEST_PURPOSE, LONGEST_TITLE, described_text
from datalab.projects.manifest import Manifest, moment
from datalab.projects.membership import opened
from datalab.projects.project import ACCOUNT, Project, Projects, locked, slug_of_account

DAY = 24 * 3600.0
HALF_MADE_SECONDS = 3600.0
HIDDEN = (".new-", ".gone-")


def describe(
    projects: Projects,
    store: Store,
    now: float,
    actor: str,
    slug: str,
    *,
    title: str | Text | None = None,
    purpose: str | Text | None = None,
    license: str | None = None,
) -> Project:
    """Change title, purpose or licence; None leaves one as it is.

    Raises
    ------
    UnknownProject, ProjectClosed, InvalidDescription
    """
    update: dict[str, object] = {}
    if title is not None:
        update["title"] = described_text(title, "title", LONGEST_TITLE)
    if purpose is not None:
        update["purpose"] = described_text(purpose, "purpose", LONGEST_PURPOSE)
    if license is not None:
        update["license"] = license
    changed: list[str] = []

    def edit(manifest: Manifest) -> Manifest:
        opened(manifest)
        changed[:] = [key for key, value in update.items() if getattr(manifest, key) != value]
        return manifest.model_copy(update=update)

    found = projects.change(slug, edit)
    if changed:
        audit.record(store, now, actor, "project.describe", slug, changed=changed)
    return found


def archive(projects: Projects, store: Store, now: float, actor: str, slug: str) -> Project:
    """Stop all work in a project; everything stays readable.

    Raises
    ------
    UnknownProject, ProjectClosed
    """
    return _turn(projects, store, now, actor, slug, "archived", opened)


def delete(projects: Projects, store: Store, now: float, actor: str, slug: str) -> Project:
    """Hide a project; it is gone for good after the days of grace.

    Raises
    ------
    UnknownProject
    """
    return _turn(projects, store, now, actor, slug, "deleted", lambda manifest: None)


def restore(projects: Projects, store: Store, now: float, actor: str, slug: str) -> Project:
    """Take back an archived or deleted project.

    Raises
    ------
    UnknownProject, StillOpen
    """

    def closed(manifest: Manifest) -> None:
        if manifest.status == "active":
            raise StillOpen(slug=slug)

    return _turn(projects, store, now, actor, slug, "active", closed)


def gone_at(manifest: Manifest, grace_days: float) -> datetime | None:
    """When a deleted project is purged; None for one that is not deleted."""
    if manifest.status != "deleted" or manifest.status_at is None:
        return None
    return datetime.fromtimestamp(manifest.status_at.timestamp() + grace_days * DAY, UTC)


def purge(projects: Projects, store: Store, now: float, grace_days: float) -> list[str]:
    """Remove for good what was deleted long enough ago, and half-made folders of a crash.

    The hub's side (user, group, shares) is taken away by the next ``sync``, the uid by ``release``
    once nothing runs under it any more.
    """
    gone = []
    for project in projects.all():
        if isinstance(project, InvalidManifest) or project.reference:
            continue
        over = _is_over(project.manifest, now, grace_days)
        if over and _remove(projects, project, now, grace_days):
            audit.record(store, now, "keeper", "project.purge", project.slug)
            gone.append(project.slug)
    for left in projects.root.glob(".*"):
        if left.name.startswith(HIDDEN):
            with contextlib.suppress(OSError):
                if now - left.stat().st_mtime > HALF_MADE_SECONDS:
                    shutil.rmtree(left, ignore_errors=True)
    return gone


def release(projects: Projects, homes: Homes) -> list[str]:
    """Free the uids of projects that are gone, where nothing of theirs runs; returns accounts."""
    freed = []
    with locked(projects.root):
        for link in sorted((homes.root / "uids").glob(f"{ACCOUNT}*")):
            slug = slug_of_account(link.name)
            if slug and not (projects.root / slug).exists() and homes.release(link.name):
                freed.append(link.name)
    return freed


def _remove(projects: Projects, project: Project, now: float, grace_days: float) -> bool:
    """Out of its place in one step, then file by file: a crash between leaves no half a project."""
    away = projects.root / f".gone-{project.slug}-{os.getpid()}"
    with locked(projects.root), locked(project.folder):
        # Asked again under the lock: it may have been restored this very moment.
        if not _is_over(manifests.read(project.folder / "project.yaml"), now, grace_days):
            return False
        os.rename(project.folder, away)
    shutil.rmtree(away, ignore_errors=True)
    return True


def _is_over(manifest: Manifest, now: float, grace_days: float) -> bool:
    end = gone_at(manifest, grace_days)
    return end is not None and now >= end.timestamp()


def _turn(
    projects: Projects,
    store: Store,
    now: float,
    actor: str,
    slug: str,
    status: manifests.Status,
    check: Callable[[Manifest], None],
) -> Project:
    before: list[str] = []

    def edit(manifest: Manifest) -> Manifest:
        check(manifest)
        before.append(manifest.status)
        if manifest.status == status:
            return manifest
        return manifest.model_copy(update={"status": status, "status_at": moment(now)})

    found = projects.change(slug, edit)
    if before[-1] != status:
        verb = {"active": "restore", "archived": "archive", "deleted": "delete"}[status]
        audit.record(store, now, actor, f"project.{verb}", slug)
    return found
