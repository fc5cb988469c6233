"""The temporary kernel of a guided run: whose rights it has, and the room it runs in."""

from __future__ import annotations

from fastapi import FastAPI

from datalab.isolation.sandbox import Room, Walls, probe
from datalab.lineage.collect import note_run
from datalab.lineage.store import Lineage
from datalab.people import audit
from datalab.portal.language import now
from datalab.portal.person import Person
from datalab.portal.rerun import LIMITS, Run, Work
from datalab.projects.execution import Execution, execute
from datalab.projects.project import Project
from datalab.projects.reading import RESTRICTED, Reading


def temporary(app: FastAPI, person: Person, slug: str) -> Work:
    """How a run of ``person`` in a project is executed, once its turn has come."""

    def work(run: Run) -> Execution:
        state = app.state
        project: Project = state.projects.get(slug)
        lakes = lakes_of(app, project, person.name)
        folders = {lake: state.settings.lake / lake for lake in sorted(lakes)}
        room = Room(
            account=project.account,
            home=project.work,
            uid=state.homes.uid(project.account),
            etc=state.homes.etc(project.account),
            lakes={lake: folder for lake, folder in folders.items() if folder.is_dir()},
        )
        if any(lake.startswith(RESTRICTED) for lake in lakes):
            moment = now().timestamp()
            audit.record(state.store, moment, person.name, "guided.run", slug, lakes=sorted(lakes))
        done = execute(
            run.notebook.document,
            room=room,
            walls=walls_of(app),
            controls=run.values,
            limits=LIMITS,
            environment={
                "DATALAB_CONTROLS": "{}",  # each cell runs once, whatever was sent
                "DATALAB_LANGUAGE": run.language,
                "DATALAB_PORTAL_URL": f"{state.prefix}/",
                "DATALAB_ASSETS_URL": f"{state.prefix}/assets/",
                "DATALAB_PROJECT": slug,
            },
            on_event=run.hear,
            stopping=run.stopping,
        )
        lineage, lake = Lineage(state.settings.lineage), state.settings.lake
        moment = now().timestamp()
        note_run(lineage, lake, project, run.notebook.path, done.reads, lakes, moment)
        return done

    return work


def lakes_of(app: FastAPI, project: Project, account: str) -> frozenset[str]:
    """What both the project and the person may read; less where nothing separates them."""
    reading = Reading(app.state.store, app.state.settings.lake, now().timestamp())
    lakes = reading.of_project(project.manifest) & reading.allowed(account)
    return lakes if walls_of(app).private else lakes & {"open"}


def walls_of(app: FastAPI) -> Walls:
    """What separates people here, found out once."""
    found: Walls | None = getattr(app.state, "walls", None)
    if found is None:
        found = app.state.walls = probe(app.state.settings.home)
    return found
