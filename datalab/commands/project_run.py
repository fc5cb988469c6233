"""``datalab project run`` and ``datalab project export``: what comes out of a project."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datalab.commands.lab import home_option, json_option, settings_of
from datalab.commands.project import project_command
from datalab.commands.terminal import actor
from datalab.i18n import Language, language_of, translate

if TYPE_CHECKING:
    from datalab.isolation.homes import Homes
    from datalab.isolation.sandbox import Walls
    from datalab.projects.project import Project, Projects
    from datalab.projects.running import Outcome
    from datalab.settings import Settings


@project_command.command("run")
@click.argument("slug")
@click.option("--notebook", "only", multiple=True, help="Ce notebook seulement ; répétable.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=1),
    default=600,
    show_default=True,
    help="Durée laissée à chaque notebook.",
)
@click.option(
    "--write", is_flag=True, help="Remplace les notebooks par leur résultat (serveur arrêté)."
)
@json_option
@home_option
def run_command(
    slug: str,
    only: tuple[str, ...],
    seconds: float,
    write: bool,
    as_json: bool,
    home: str | None,
) -> None:
    """Exécute les notebooks de SLUG d’un noyau neuf ; dit quelle cellule échoue."""
    from datalab.errors import UnknownNotebook
    from datalab.projects import running
    from datalab.projects.execution import Limits

    here, language = here_of(home), language_of()
    project = here.projects.get(slug)
    there = running.notebooks(project)
    for name in only:
        if name not in there:
            raise UnknownNotebook(path=name)
    walls, homes = walls_of(here)
    if write:
        refuse_behind_server(here, project)
    found: list[Outcome] = []
    lakes = lakes_of(here, project, walls)
    note_restricted(here, slug, lakes)
    with running.room_of(project, walls, homes, lakes) as room:
        for path in only or there:
            if not as_json:
                click.echo(f"{path} … ", nl=False)
            one = running.run(
                project,
                path,
                room,
                walls,
                language=language,
                limits=Limits(seconds=seconds, memory=here.settings.server_memory),
                environment={
                    "DATALAB_PORTAL_URL": "/services/datalab/",
                    "DATALAB_ASSETS_URL": "/services/datalab/assets/",
                },
            )
            found.append(one)
            if not as_json:
                _tell(one, language)
            if write and one.ok:
                refuse_behind_server(here, project)
                owner = room.uid if homes.separate and not project.reference else None
                if not running.write_back(project, one, owner) and not as_json:
                    click.echo(translate("  not written: {path}", language, path=path), err=True)
    running.record(project, found, here.now)
    if as_json:
        document = {"project": slug, "ok": all(o.ok for o in found)}
        listed = [one.as_json() for one in found]
        click.echo(json.dumps({**document, "notebooks": listed}, ensure_ascii=False))
    elif not found:
        click.echo(translate("This project has no notebook.", language))
    if not all(one.ok for one in found):
        raise SystemExit(1)


def note_restricted(here: Here, slug: str, lakes: Iterable[str]) -> None:
    """A run that reads what a steward restricted is written down, like the start of a server."""
    from datalab.people import audit
    from datalab.people.store import Store
    from datalab.projects.reading import RESTRICTED

    if any(lake.startswith(RESTRICTED) for lake in lakes):
        store = Store(here.settings.people)
        audit.record(store, here.now, actor(), "project.run", slug, lakes=sorted(lakes))


def _tell(one: Outcome, language: Language) -> None:
    seconds = f"{one.seconds:.1f} s".replace(".", "," if language == "fr" else ".")
    if one.ok:
        click.echo(translate("runs ({seconds})", language, seconds=seconds))
    elif one.cell is None:
        click.echo(translate("does not run", language))
        click.echo(f"  {one.error}")
    else:
        click.echo(
            translate("fails at cell {number} ({seconds})", language, number=one.cell,
                      seconds=seconds)
        )  # fmt: skip
        click.echo(f"  {one.first_line}")
        click.echo(f"  {one.error}")
    for read in one.reads:
        if read["snapshot"] is not None:
            said = translate(
                "read: {dataset}, snapshot {snapshot}",
                language,
                dataset=read["dataset"],
                snapshot=read["snapshot"],
            )
            click.echo(f"  {said}")


@dataclass(frozen=True)
class Here:
    """One home; the lab need not run, and for a reference need not ever have run."""

    settings: Settings
    projects: Projects
    now: float


def here_of(home: str | None) -> Here:
    from datalab.projects.project import Projects

    settings = settings_of(home=home)
    return Here(settings, Projects(settings.shared, settings.projects), time.time())


def walls_of(here: Here) -> tuple[Walls, Homes]:
    """What separates a run from the lab here."""
    from datalab.isolation.homes import Homes
    from datalab.isolation.sandbox import probe

    home = here.settings.home
    walls = probe(home)
    return walls, Homes(home / "accounts", walls.mode in {"root", "setuid"})


def lakes_of(here: Here, project: Project, walls: Walls) -> dict[str, Any]:
    """Published lakes that every member of the project reads; the open one for a reference."""
    from datalab.people.store import Store
    from datalab.projects.reading import Reading

    if project.reference:
        allowed = frozenset({"open"})
    else:
        reading = Reading(Store(here.settings.people), here.settings.lake, here.now)
        allowed = reading.of_project(project.manifest)
    if not walls.private:
        allowed &= {"open"}
    lake = here.settings.lake
    return {name: lake / name for name in sorted(allowed) if (lake / name).is_dir()}


def refuse_behind_server(here: Here, project: Project) -> None:
    """Nothing is written behind a running server.

    Raises
    ------
    ServerRunning
    """
    from datalab.errors import ServerRunning
    from datalab.isolation.process import Process

    path = here.settings.run / "servers" / f"{project.account}.json"
    try:
        written = json.loads(path.read_text())
    except (OSError, ValueError):
        return
    for name in ("server_process", "room_process"):
        process = Process.from_json(written.get(name))
        if process is not None and process.alive:
            raise ServerRunning(slug=project.slug)


@project_command.command("export")
@click.argument("slug")
@click.option("--data", is_flag=True, help="Joint les données que tout le monde peut avoir.")
@click.option(
    "--output", type=click.Path(dir_okay=False), help="Fichier à écrire ; SLUG.zip par défaut."
)
@json_option
@home_option
def export_command(
    slug: str, data: bool, output: str | None, as_json: bool, home: str | None
) -> None:
    """Écrit le projet entier dans une archive RO-Crate, relue aussitôt."""
    from datalab.hub.plan import Plan
    from datalab.people.store import Store
    from datalab.portal.app import PREFIX
    from datalab.portal.library import Library
    from datalab.portal.packing import about_of, data_of
    from datalab.projects.crate import export

    here, language = here_of(home), language_of()
    project = here.projects.get(slug)
    try:
        base = Plan.read(here.settings.run).url + PREFIX
    except (OSError, ValueError, TypeError):
        base = f"http://{here.settings.host}:{here.settings.port}{PREFIX}"
    store = Store(here.settings.people) if here.settings.people.is_file() else None
    shelf = Library(here.settings.lake).shelf()
    listed = data_of(project, shelf, base, language, data)
    target = Path(output or f"{slug}.zip").resolve()
    try:
        export(project, listed, about_of(project, store, base, language), target)
    except OSError as error:
        raise click.ClickException(f"{target}: {error.strerror}") from None
    rows = sum(one.content is not None for one in listed)
    if as_json:
        document = {"file": str(target), "datasets": len(listed), "with_rows": rows}
        click.echo(json.dumps({**document, "bytes": target.stat().st_size}))
        return
    click.echo(str(target))
    click.echo(
        translate(
            "datasets named: {count}, with their rows: {rows}",
            language,
            count=len(listed),
            rows=rows,
        )
    )
