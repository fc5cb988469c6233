"""Projects on disk: finding them, and changing a manifest without losing anybody's change.

``$DATALAB_HOME/projects/<slug>/`` holds ``project.yaml`` (the lab's, read-only to the project),
``work/`` (the project's own files, all that its server may write), ``shown/`` (what its server may
read of the lab's: the manifest, and who may enter now), ``history.git/`` (the lab's) and
``records/`` (comments, publications; the lab's). Those of the checkout are *references*: they
come with the lab, nobody is a member, and anybody may start a project from one. What a lab keeps
of a reference lies in ``$DATALAB_HOME/references/<slug>/records/``.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from datalab.errors import InvalidManifest, InvalidSlug, UnknownProject
from datalab.projects import manifest as manifests
from datalab.projects.manifest import LONGEST, SHORTEST, SLUG, Manifest

MANIFEST = "project.yaml"
ACCOUNT = "proj-"


@dataclass(frozen=True)
class Project:
    """One project as it stood when it was read."""

    slug: str
    folder: Path
    manifest: Manifest
    reference: bool = False
    beside: Path | None = None

    @property
    def account(self) -> str:
        """The hub account that owns the shared server."""
        return f"{ACCOUNT}{self.slug}"

    @property
    def work(self) -> Path:
        """The files of the project: notebooks and what they need."""
        return self.folder if self.reference else self.folder / "work"

    @property
    def shown(self) -> Path:
        """What the project's server sees read-only, whatever changes in it (``/project``)."""
        return self.folder / "shown"

    @property
    def history(self) -> Path:
        return self.folder / "history.git"

    @property
    def kept(self) -> Path:
        """Where the lab writes of the project: nothing is written into a checkout."""
        return self.beside if self.reference and self.beside else self.folder

    @property
    def records(self) -> Path:
        return self.kept / "records"


@dataclass(frozen=True)
class Projects:
    """All projects of a lab: ``root`` (``$DATALAB_HOME/projects``) and ``shipped`` references."""

    root: Path
    shipped: Path

    def get(self, slug: str) -> Project:
        """The project of that address; a project of the lab hides a reference of the same name.

        Raises
        ------
        UnknownProject
            with the nearest known one.
        InvalidManifest
        """
        if is_slug(slug):
            for folder, reference in ((self.root / slug, False), (self.shipped / slug, True)):
                if (folder / MANIFEST).is_file():
                    found = manifests.read(folder / MANIFEST)
                    if found.id != slug:
                        raise InvalidManifest(
                            path=str(folder / MANIFEST), reason=f"id: is not '{slug}'"
                        )
                    beside = self.root.parent / "references" / slug if reference else None
                    return Project(slug, folder, found, reference, beside)
        raise UnknownProject(slug[:LONGEST], self.slugs())

    def slugs(self) -> list[str]:
        """Every address that is taken, in order."""
        found = set()
        for folder in (self.root, self.shipped):
            if folder.is_dir():
                found |= {path.parent.name for path in folder.glob(f"*/{MANIFEST}")}
        return sorted(name for name in found if is_slug(name))

    def all(self) -> Iterator[Project | InvalidManifest]:
        """Each project, or what is wrong with its manifest: one that is broken hides no other."""
        for slug in self.slugs():
            try:
                yield self.get(slug)
            except InvalidManifest as error:
                yield error
            except UnknownProject:
                continue

    def of(self, account: str, born: float = 0.0) -> list[tuple[Project, str]]:
        """Projects that ``account``, made at ``born``, is a member of, and its role in each."""
        return [
            (found, role)
            for found in self.all()
            if isinstance(found, Project) and (role := found.manifest.role_of(account, born))
        ]

    def change(self, slug: str, edit: Callable[[Manifest], Manifest]) -> Project:
        """Read, edit and write a manifest under its lock.

        Raises
        ------
        UnknownProject, InvalidManifest, and whatever ``edit`` raises (nothing is written then)
        """
        before = self.get(slug)
        if before.reference:
            raise UnknownProject(slug, self.slugs())
        with locked(before.folder):
            current = self.get(slug)
            changed = edit(current.manifest)
            if changed != current.manifest:
                # Validated again: ``model_copy`` does not.
                checked = Manifest.model_validate(changed.model_dump())
                manifests.write(current.folder / MANIFEST, checked)
                manifests.write(current.shown / MANIFEST, checked)
            return self.get(slug)


@contextmanager
def locked(folder: Path, name: str = ".lock") -> Iterator[None]:
    """Hold a project against other writers of this machine."""
    handle = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def is_slug(text: str) -> bool:
    return SHORTEST <= len(text) <= LONGEST and re.fullmatch(SLUG, text) is not None


def checked_slug(text: str) -> str:
    """``text`` where it can be the address of a project.

    Raises
    ------
    InvalidSlug
        with what an address looks like.
    """
    if not is_slug(text):
        raise InvalidSlug(slug=text[:LONGEST])
    return text


def slug_of_account(account: str) -> str | None:
    """The project whose account this is, None for a person."""
    slug = account.removeprefix(ACCOUNT)
    return slug if account.startswith(ACCOUNT) and is_slug(slug) else None
