"""What may stand on a public page, and the run that a page is made from.

The rule is strict: a page is run again with what anybody may have, and nothing else. Lakes for
members and restricted ones are not there; of the open lake, datasets that hold personal data or may
not be passed on are hidden. A figure computed from reserved rows is not let through either: nobody
can see from a finished page whether it can be taken apart again. Who needs one asks the steward
for an aggregated dataset that is open.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from starlette.requests import Request

from datalab.catalog.vocabulary import LICENSES
from datalab.errors import RunRefused
from datalab.i18n import Language, translate
from datalab.isolation import sandbox
from datalab.isolation.homes import Homes
from datalab.isolation.sandbox import Room, Walls
from datalab.lake.excerpt import write_excerpt
from datalab.lake.layout import LakeFolder
from datalab.portal.access import barrier, explain
from datalab.portal.library import OPEN, Holding, Shelf
from datalab.portal.temporary import walls_of
from datalab.projects import running
from datalab.projects.draft import Barred
from datalab.projects.execution import Event, Limits
from datalab.projects.project import Project
from datalab.projects.publication import Publication, Source
from datalab.projects.running import Outcome
from datalab.settings import Settings

SECONDS = 600.0


def hidden(shelf: Shelf) -> dict[str, tuple[str, ...]]:
    """Datasets of the open lake that a page's run may not see, each with the folders of its data
    at any snapshot."""
    found = {}
    for name, holding in shelf.holdings.items():
        if holding.entry.lake == OPEN and barrier(holding) is not None:
            themes = {holding.entry.theme, *(s.get("theme") for s in holding.entry.snapshots)}
            found[name] = tuple(
                f"{OPEN}/data/{theme}/{holding.entry.sql_name}" for theme in themes if theme
            )
    return found


@contextmanager
def public_room(room: Room, lake: Path, names: Collection[str]) -> Iterator[Room]:
    """``room`` with the open lake as it would be if the datasets ``names`` had never been there."""
    place = LakeFolder(lake / OPEN)
    if not place.catalog.is_file():
        yield replace(room, lakes={})
        return
    with tempfile.TemporaryDirectory(prefix="datalab-public-") as name:
        folder = Path(name) / OPEN
        write_excerpt(place, names, folder)
        for path in (Path(name), folder, *folder.iterdir()):
            os.chmod(path, 0o755 if path.is_dir() else 0o644)
        shown = (*room.shown, (place.data, f"{sandbox.LAKE}/{OPEN}/data", False))
        yield replace(room, lakes={OPEN: folder}, shown=shown)


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


@dataclass(frozen=True)
class Press:
    """What every run for publication is made with. ``prefix`` is that of the portal."""

    settings: Settings
    walls: Walls
    homes: Homes
    prefix: str

    def run(
        self,
        shelf: Shelf,
        project: Project,
        notebook: str,
        language: Language,
        hear: Callable[[Event], None] | None = None,
    ) -> Outcome:
        """Run a notebook with what anybody may have.

        Raises
        ------
        RunRefused
            where nothing can be hidden without mounts: a page could show what it may not.
        """
        if self.walls.mode not in {"root", "user"}:
            raise RunRefused(reason=self.walls.reason or self.walls.mode)
        out_of_sight = hidden(shelf)
        with (
            running.room_of(project, self.walls, self.homes, {}) as room,
            public_room(room, self.settings.lake, out_of_sight) as public,
        ):
            return running.run(
                project,
                notebook,
                public,
                self.walls,
                language=language,
                limits=Limits(seconds=SECONDS, memory=self.settings.server_memory),
                environment={
                    "DATALAB_PORTAL_URL": f"{self.prefix}/",
                    "DATALAB_ASSETS_URL": f"{self.prefix}/assets/",
                },
                on_event=hear,
                hidden=[folder for folders in out_of_sight.values() for folder in folders],
            )


def runner(
    request: Request, project: Project, notebook: str, language: Language
) -> Callable[[Callable[[Event], None]], Outcome]:
    """The run of a notebook for publication, to be called in a thread of its own."""
    state = request.app.state
    press = Press(state.settings, walls_of(request.app), state.homes, state.prefix)
    shelf = state.library.shelf()
    return lambda hear: press.run(shelf, project, notebook, language, hear)
