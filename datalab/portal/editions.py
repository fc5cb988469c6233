"""Publishing the pages of projects that come with the lab: nobody is asked, the rules hold.

A page is run with what anybody may have, and stands only where nothing that it read is closed and
every picture has its words. A run that shows the very same page adds no version.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from datalab import __version__
from datalab.errors import DatalabError
from datalab.i18n import Language, translate
from datalab.lineage.collect import collect_one
from datalab.lineage.store import Lineage
from datalab.people.store import Store
from datalab.portal import publishing
from datalab.portal.library import Library, Shelf
from datalab.portal.publishing import Press
from datalab.projects import edition, publication, running
from datalab.projects.edition import Edition
from datalab.projects.project import Project, Projects
from datalab.projects.publication import Facts, Publication
from datalab.projects.reading import Reading
from datalab.projects.rendered import Rendered, render

BY = "lab"


@dataclass(frozen=True)
class Made:
    """What came of one page; ``page`` is None where ``error`` says why there is no new one."""

    project: str
    notebook: str
    error: str = ""
    page: Publication | None = None
    new: bool = False


def owed(projects: Projects, shelf: Shelf) -> list[Edition]:
    """Every page whose datasets are published, due or not."""
    data = {
        name: str((holding.good or {}).get("sha256") or holding.snapshot)
        for name, holding in shelf.holdings.items()
        if holding.snapshot is not None
    }
    return list(edition.editions(projects, data, __version__))


def waited_for(project: Project, shelf: Shelf) -> list[str]:
    """Datasets that the pages of a project wait for."""
    return [
        name
        for name in project.manifest.datasets
        if (holding := shelf.holdings.get(name)) is None or holding.snapshot is None
    ]


def publish_due(
    projects: Projects, library: Library, press: Press, now: float, *, slug: str | None = None
) -> Iterator[Made]:
    """Make the pages that are due, one after the other; with ``slug`` all those of one project."""
    for one in owed(projects, library.shelf()):
        if one.project.slug == slug or (slug is None and one.due(now)):
            made = _make(one, library.shelf(), press, now)
            edition.remember(one, made.error, now)
            reading = Reading(Store(press.settings.people), press.settings.lake, now)
            collect_one(one.project, Lineage(press.settings.lineage), reading)
            yield made


def _make(one: Edition, shelf: Shelf, press: Press, now: float) -> Made:
    project, note = one.project, one.note
    language = project.manifest.language_of(note.notebook)
    try:
        done = press.run(shelf, project, note.notebook, language)
    except DatalabError as error:
        return Made(project.slug, note.notebook, error.message(language))
    running.record(project, [done], now)
    if not done.ok:
        where = f"{done.first_line}: " if done.first_line else ""
        return Made(project.slug, note.notebook, f"{where}{done.error}")
    if shut := publishing.barred(shelf, done.reads, language):
        reasons = "; ".join(f"{barred.dataset}: {barred.reason}" for barred in shut)
        return Made(project.slug, note.notebook, reasons)
    parts = render(done.result).described
    words = dict(zip((part.key for part in parts), note.pictures, strict=False))
    made = render(done.result, words)
    if made.missing:
        said = translate(
            "{count} of {total} pictures have no words in project.yaml (pages, pictures)",
            language,
            count=len(made.missing),
            total=len(parts),
        )
        return Made(project.slug, note.notebook, said)
    before = _standing(project, note.notebook)
    facts = _facts(one, language, publishing.sources(shelf, done.reads), now)
    if before is not None and _same(before, facts, made):
        return Made(project.slug, note.notebook, page=before)
    page = publication.publish(project, facts, made, done.result, now)
    return Made(project.slug, note.notebook, page=page, new=True)


def _facts(
    one: Edition, language: Language, sources: tuple[publication.Source, ...], now: float
) -> Facts:
    manifest, note = one.project.manifest, one.note
    return Facts(
        title=note.title.in_(language),
        summary=note.summary.in_(language),
        notebook=note.notebook,
        language=language,
        ran_at=now,
        by=BY,
        authors=(),
        sources=sources,
        license=manifest.license,
    )


def _standing(project: Project, notebook: str) -> Publication | None:
    return next((p for p in publication.of_project(project) if p.notebook == notebook), None)


def _same(before: Publication, facts: Facts, made: Rendered) -> bool:
    """Whether a reader would see the very page that stands, down to its sources."""
    return (
        [dict(part) for part in before.parts] == [part.as_json() for part in made.parts]
        and before.sources == facts.sources
        and (before.title, before.summary) == (facts.title, facts.summary)
    )
