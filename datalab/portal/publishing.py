"""What may stand on a public page, and the run that a page is made from.

The rule is strict: a page is run again with what anybody may have, and nothing else. Lakes for
members and restricted ones are not there; of the open lake, datasets that hold personal data or may
not be passed on are hidden. A figure computed from reserved rows is not let through either: nobody
can see from a finished page whether it can be taken apart again. Who needs one asks the steward
for an aggregated dataset that is open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request

from datalab.catalog.vocabulary import LICENSES
from datalab.i18n import Language, translate
from datalab.portal.access import barrier, explain
from datalab.portal.library import OPEN, Holding, Shelf
from datalab.portal.temporary import walls_of
from datalab.projects import running
from datalab.projects.draft import Barred
from datalab.projects.execution import Event, Limits
from datalab.projects.project import Project
from datalab.projects.publication import Publication, Source
from datalab.projects.running import Outcome

SECONDS = 600.0


def hidden(shelf: Shelf) -> tuple[str, ...]:
    """Folders of the open lake that a page's run may not see, at any snapshot."""
    found = set()
    for holding in shelf.holdings.values():
        if holding.entry.lake == OPEN and barrier(holding) is not None:
            themes = {holding.entry.theme, *(s.get("theme") for s in holding.entry.snapshots)}
            found |= {f"open/data/{theme}/{holding.entry.sql_name}" for theme in themes if theme}
            found |= {f"open/records/{holding.id}", f"open/rejects/{holding.id}"}
    return tuple(sorted(found))


def barred(shelf: Shelf, reads: list[dict[str, Any]], language: Language) -> list[Barred]:
    """Datasets among ``reads`` that no public page may show; a doubt means no."""
    found = {}
    for read in reads:
        holding = shelf.holdings.get(read["dataset"]) or shelf.holdings.get(
            read["dataset"].replace("_", "-")
        )
        if holding is None:
            reason = translate("there is no such dataset in the catalog.", language)
            found[read["dataset"]] = reason
            continue
        reason_ = barrier(holding)
        if reason_ is not None or read["lake"] not in (OPEN, None):
            found[holding.id] = explain(reason_ or "restricted", language)
    return [Barred(dataset, reason) for dataset, reason in sorted(found.items())]


def sources(shelf: Shelf, reads: list[dict[str, Any]]) -> tuple[Source, ...]:
    """The snapshots that were read, each once, as a page lists them."""
    found: dict[tuple[str, int], Source] = {}
    for read in reads:
        holding = shelf.holdings.get(read["dataset"])
        if holding is not None and isinstance(read["snapshot"], int):
            found[read["dataset"], read["snapshot"]] = source_of(holding, read["snapshot"])
    return tuple(found.values())


def source_of(holding: Holding, snapshot: int) -> Source:
    """One snapshot as a page lists it."""
    described = holding.entry.dataset
    known = next((s for s in holding.entry.snapshots if s["snapshot"] == snapshot), {})
    license_ = LICENSES.get(described["license"])
    return Source(
        dataset=holding.id,
        snapshot=snapshot,
        title=dict(described["title"]),
        publisher=str(described["publisher"]),
        license=str(described["license"]),
        license_title=license_.title if license_ else str(described["license"]),
        at=str(known.get("at") or ""),
        sha256=str(known.get("sha256") or ""),
    )


def closed(shelf: Shelf, publication: Publication) -> list[str]:
    """Datasets of a page that may no longer be shown to everybody since it was made."""
    return [
        source.dataset
        for source in publication.sources
        if (holding := shelf.holdings.get(source.dataset)) is not None
        and barrier(holding) is not None
    ]


def runner(
    request: Request, project: Project, notebook: str, language: Language
) -> Callable[[Callable[[Event], None]], Outcome]:
    """The run of a notebook for publication, to be called in a thread of its own."""
    state = request.app.state
    walls, shelf = walls_of(request.app), state.library.shelf()
    settings, prefix = state.settings, state.prefix
    # Without walls of bubblewrap nothing can be hidden, and such a run is refused.
    out_of_sight = hidden(shelf)

    def run(hear: Callable[[Event], None]) -> Outcome:
        lake = settings.lake / OPEN
        lakes = {OPEN: lake} if lake.is_dir() else {}
        with running.room_of(project, walls, state.homes, lakes) as room:
            return running.run(
                project,
                notebook,
                room,
                walls,
                language=language,
                limits=Limits(seconds=SECONDS, memory=settings.server_memory),
                environment={
                    "DATALAB_PORTAL_URL": f"{prefix}/",
                    "DATALAB_ASSETS_URL": f"{prefix}/assets/",
                },
                on_event=hear,
                hidden=out_of_sight,
            )

    return run
