"""Uses collected from what projects leave behind: runs, live notebooks, published pages.

Everything a notebook says of itself was written by its authors. It is believed as far as it can be
true: datasets that exist, snapshots that there are, lakes that the project reads.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from datalab.errors import DatalabError, UnknownPublication
from datalab.lake.index import Entry, read_index
from datalab.lineage.store import Lineage, PageUse, Use
from datalab.people.accounts import accounts
from datalab.people.store import Store
from datalab.projects import publication
from datalab.projects.journal import FOLDER, journal_lines
from datalab.projects.project import Project, Projects
from datalab.projects.reading import Reading
from datalab.settings import Settings

LOG = logging.getLogger("datalab.lineage")
JOURNAL = "reads.jsonl"
LARGEST_JOURNAL = 2_000_000  # bytes read, from the end
LARGEST_RUN = 5_000_000
OPEN = "open"
PATH = re.compile(r"[^\x00-\x1f]{0,200}")


@dataclass(frozen=True)
class Published:
    """What is in the lakes now, to hold against it what a notebook says."""

    entries: dict[str, Entry]

    @classmethod
    def of(cls, lake: Path) -> Published:
        return cls(read_index(lake))

    def use(
        self, project: str, notebook: object, read: object, at: float, lakes: frozenset[str]
    ) -> Use | None:
        """A line of what was read, None where it cannot be true."""
        if not isinstance(read, dict) or not isinstance(notebook, str):
            return None
        entry = self.entries.get(str(read.get("dataset")))
        snapshot = read.get("snapshot")
        if entry is None or entry.lake not in lakes or type(snapshot) is not int:
            return None
        if snapshot not in {known["snapshot"] for known in entry.snapshots}:
            return None
        if not PATH.fullmatch(notebook):
            return None
        pinned = read.get("pinned") is True
        return Use(project, notebook, entry.id, entry.lake, snapshot, pinned, at)


def collect_all(settings: Settings, now: float) -> None:
    """Bring the lineage of all projects up to date; harmless to repeat. ``now`` in seconds since
    the epoch: nothing was read later than that."""
    projects, lineage = Projects(settings.shared, settings.projects), Lineage(settings.lineage)
    reading = Reading(Store(settings.people), settings.lake, now)
    for project in projects.all():
        if not isinstance(project, Project):
            continue
        try:
            collect_one(project, lineage, reading)
        except (OSError, DatalabError, ValueError):
            # What one project holds keeps no other from being told.
            LOG.exception("what %s reads could not be collected", project.slug)
    lineage.keep_projects(projects.slugs())
    lineage.keep_accounts(account.name for account in accounts(Store(settings.people)))


def collect_one(project: Project, lineage: Lineage, reading: Reading) -> None:
    """The same for one project; nothing is read where nothing changed."""
    marks = dict(_stamps(project))
    changed = [s for s, stamp in marks.items() if lineage.mark(project.slug, s) != stamp]
    if not changed:
        return
    lakes = reading.of_project(project.manifest)
    _collect(project, changed, lineage, Published.of(reading.lake), lakes, reading.now)
    for source in changed:
        lineage.set_mark(project.slug, source, marks[source])


def _collect(
    project: Project,
    changed: list[str],
    lineage: Lineage,
    published: Published,
    lakes: frozenset[str],
    now: float,
) -> None:
    slug = project.slug
    if "pages" in changed:
        lineage.replace_pages(slug, _pages(project))
    if "runs" in changed:
        lineage.note_uses(
            use
            for at, notebook, read in _runs(project, now)
            if (use := published.use(slug, notebook, read, at, lakes)) is not None
        )
    if "live" in changed:
        lineage.note_uses(
            use
            for at, notebook, read in _live(project, now)
            if (use := published.use(slug, notebook, read, at, lakes)) is not None
        )


def note_run(
    lineage: Lineage,
    lake: Path,
    project: Project,
    notebook: str,
    reads: Iterable[dict[str, Any]],
    lakes: frozenset[str],
    now: float,
) -> None:
    """Write down what one run of a project's notebook read, at once."""
    if not project.reference:
        published = Published.of(lake)
        lineage.note_uses(
            use
            for read in reads
            if (use := published.use(project.slug, notebook, read, now, lakes)) is not None
        )


def _stamps(project: Project) -> Iterator[tuple[str, str]]:
    """What changes whenever there is something new to read in a source."""
    pages = project.records / publication.FOLDER
    there = sorted(pages.glob("*/[0-9]*")) if pages.is_dir() else []
    yield "pages", " ".join(f"{path.parent.name}/{path.name}" for path in there)
    runs = sorted((project.records / "runs").glob("*.json"))
    yield "runs", runs[-1].name if runs else ""
    try:
        found = os.stat(project.work / FOLDER / JOURNAL, follow_symlinks=False)
        yield "live", f"{found.st_ino} {found.st_size} {found.st_mtime_ns}"
    except OSError:
        yield "live", ""


def _pages(project: Project) -> Iterator[PageUse]:
    for newest in publication.of_project(project):
        for version in newest.versions:
            try:
                one = publication.find(project, newest.name, version)
            except UnknownPublication:
                continue
            for source in one.sources:
                yield PageUse(
                    project.slug,
                    one.name,
                    one.version,
                    source.dataset,
                    OPEN,
                    source.snapshot,
                    one.at,
                )


def _runs(project: Project, now: float) -> Iterator[tuple[float, object, object]]:
    for path in sorted((project.records / "runs").glob("*.json")):
        try:
            if path.stat().st_size > LARGEST_RUN:
                continue
            document = json.loads(path.read_bytes())
            at = min(now, datetime.fromisoformat(document["at"]).timestamp())
            for one in document["notebooks"]:
                for read in one["reads"]:
                    yield at, one["notebook"], read
        except (OSError, ValueError, KeyError, TypeError):
            continue


def _live(project: Project, now: float) -> Iterator[tuple[float, object, object]]:
    for line in journal_lines(project.work, JOURNAL, LARGEST_JOURNAL):
        try:
            read = json.loads(line)
            at = float(read["at"])
            # A clock inside may say anything; what is later than now would never be forgotten.
            yield (at if 0 < at <= now else now), read.get("notebook"), read
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError, AttributeError):
            continue
