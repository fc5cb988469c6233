"""The command ``datalab sync``, and what commands about projects share with it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from datalab.commands.lab import home_option, json_option, settings_of
from datalab.commands.people import _store
from datalab.commands.terminal import actor
from datalab.i18n import language_of, translate

if TYPE_CHECKING:
    from datalab.people.hub_api import HubApi
    from datalab.people.store import Store
    from datalab.projects.project import Projects
    from datalab.projects.sync import Change
    from datalab.settings import Settings


@dataclass(frozen=True)
class Door:
    """What every command here works with."""

    settings: Settings
    store: Store
    projects: Projects
    now: float
    actor: str


def door(home: str | None) -> Door:
    """The projects of one home, and who is at the terminal."""
    from datalab.projects.project import Projects

    settings = settings_of(home=home)
    projects = Projects(settings.shared, settings.projects)
    return Door(settings, _store(settings), projects, time.time(), actor())


@click.command("sync")
@json_option
@home_option
def sync_command(as_json: bool, home: str | None) -> None:
    """Met le hub en accord avec les projets ; dit ce qui a changé."""
    from datalab.errors import NotRunning

    here, language = door(home), language_of()
    api = hub_of(here.settings)
    if api is None:
        raise NotRunning(home=str(here.settings.home))
    changes = synced(here, api, None)
    if as_json:
        click.echo(json.dumps([change.as_json() for change in changes], ensure_ascii=False))
    else:
        for change in changes:
            click.echo(f"{change.project}: {change.deed} {change.subject}".rstrip())
        if not changes:
            click.echo(translate("The hub is as the projects say.", language))
    if any(change.deed in {"broken", "waiting"} for change in changes):
        raise SystemExit(1)


def hub_of(settings: Settings) -> HubApi | None:
    """The hub of this home with the keeper's rights; None where it never ran."""
    from datalab.hub.plan import Plan
    from datalab.keeper import hub_api

    try:
        return hub_api(settings, Plan.read(settings.run))
    except (OSError, ValueError, TypeError):
        return None


def synced(here: Door, api: HubApi, slug: str | None) -> list[Change]:
    """Make the hub follow one project, or all; see ``projects.sync``."""
    from datalab.hub.plan import Plan
    from datalab.projects.server import ProjectServers
    from datalab.projects.sync import sync

    servers = ProjectServers(api, lambda: Plan.read(here.settings.run).url)
    lake = here.settings.lake
    return sync(here.projects, here.store, api, slug, now=here.now, lake=lake, servers=servers)
