"""What a server shows: the lakes and projects of its account, and whose folder is its home.

The truth is read anew at every start: accounts from the store, projects from their manifests,
lakes from what is published. A project reads what all of its members may read.
"""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from datalab.errors import UnknownProject
from datalab.isolation.homes import Homes
from datalab.isolation.sandbox import Walls
from datalab.people import audit
from datalab.people.store import Store
from datalab.projects.membership import opened
from datalab.projects.project import Project, Projects, slug_of_account
from datalab.projects.reading import RESTRICTED, Reading
from datalab.projects.sync import show_members

FOLDER = "projets"  # in the home of a person: a link to what is mounted
INSIDE = "/projects"
PROJECT = "/project"
LABEXTENSIONS = Path(sys.prefix) / "share/jupyter/labextensions"
Binds = tuple[tuple[Path, str, bool], ...]


@dataclass(frozen=True)
class View:
    """One server's view.

    Attributes
    ----------
    lakes
        published folders by access class.
    work
        the folder that is the home, None for the account's own.
    shown
        folders beside, as ``Room.shown`` takes them.
    projects
        those of the person that are mounted, by slug.
    umask
        of what the server writes: members look at a project's files from their own servers.
    environment
        what the server is told.
    arguments
        how it is called, beside what the hub says.
    plain
        whether settings that lie in the home are left out, always.
    """

    lakes: dict[str, Path]
    work: Path | None = None
    shown: Binds = ()
    projects: tuple[str, ...] = ()
    umask: str = "077"
    environment: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    plain: bool = False


@dataclass(frozen=True)
class Views:
    """Makes views. ``lake`` is the folder of the published lakes."""

    walls: Walls
    homes: Homes
    store: Store
    projects: Projects
    lake: Path

    def of(self, account: str, now: float) -> View:
        """The view of a person's own server, or of a project's.

        Raises
        ------
        UnknownProject, InvalidManifest, ProjectClosed
        """
        reading = Reading(self.store, self.lake, now)
        slug = slug_of_account(account)
        return self._person(account, reading) if slug is None else self._project(slug, reading)

    def started(self, account: str, now: float, actor: str) -> View:
        """The view of a server that starts now, noted in the audit: restricted reads as well."""
        view = self.of(account, now)
        facts = {"lakes": sorted(view.lakes), "projects": list(view.projects)}
        audit.record(self.store, now, actor, "server.start", account, **facts)
        return view

    @property
    def _walled(self) -> bool:
        return self.walls.mode in {"root", "user"}

    def _person(self, account: str, reading: Reading) -> View:
        lakes = self._lakes(reading.of_account(account))
        person = reading.person(account)
        if not self._walled or person is None:
            return View(lakes)
        mine = [p for p, _ in self.projects.of(account, person.created_at)]
        mine = [p for p in mine if p.manifest.status != "deleted"]
        mine = [p for p in mine if not p.reference and p.work.is_dir()]
        for project in mine:
            self._let_members_look(project)
        return View(
            lakes,
            shown=tuple((p.work, f"{INSIDE}/{p.slug}", False) for p in mine),
            projects=tuple(p.slug for p in mine),
        )

    def _project(self, slug: str, reading: Reading) -> View:
        project = self.projects.get(slug)
        if project.reference:
            raise UnknownProject(slug, self.projects.slugs())
        opened(project.manifest)
        show_members(project, reading)
        self._let_members_look(project)
        inside = PROJECT if self._walled else str(project.shown)
        return View(
            self._lakes(reading.of_project(project.manifest)),
            work=project.work,
            shown=((project.shown, PROJECT, False),) if self._walled else (),
            umask="022" if self._walled else "077",
            environment={"DATALAB_PROJECT": slug, "DATALAB_PROJECT_FOLDER": inside},
            # What one editor leaves in the project's settings would open the server to whom it
            # likes, or run in the browser of every other member, long after it was removed.
            arguments=(f"--LabApp.labextensions_path={LABEXTENSIONS}",),
            plain=True,
        )

    def _let_members_look(self, project: Project) -> None:
        # Only through mounts: the folder around it is closed to everybody but the lab. Without
        # walls it can be crossed, and the work stays the project's alone.
        os.chmod(project.work, 0o755 if self._walled else 0o700)

    def _lakes(self, allowed: frozenset[str]) -> dict[str, Path]:
        """Folders of the lakes that may be shown, as far as walls keep others out."""
        shown = {}
        for name in sorted(allowed | {"open"}):
            restricted = name.startswith(RESTRICTED)
            if (name != "open" and not self.walls.private) or (restricted and not self._walled):
                continue
            folder = self.lake / name
            if folder.is_dir():
                if restricted:
                    # Closed on disk; the mount shows it to this room, whose uid must read it.
                    os.chmod(folder, 0o755)  # noqa: S103
                shown[name] = folder
        return shown


def link_projects(home: Path, uid: int | None) -> None:
    """``~/projets`` in a home whose owner may have put links anywhere: none of them is followed."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    with contextlib.suppress(OSError):
        folder = os.open(home, flags)
        try:
            os.symlink(INSIDE, FOLDER, dir_fd=folder)
            if uid is not None:
                os.chown(FOLDER, uid, uid, dir_fd=folder, follow_symlinks=False)
        finally:
            os.close(folder)
