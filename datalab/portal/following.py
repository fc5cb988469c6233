"""After a change of a project: the hub follows at once where it answers, else a little later."""

from __future__ import annotations

import logging

from starlette.datastructures import State
from starlette.requests import Request

from datalab.errors import HubUnreachable
from datalab.portal.language import now
from datalab.projects.project import Project
from datalab.projects.sync import sync

LOG = logging.getLogger("datalab.portal")


def follow_project(request: Request, slug: str) -> bool:
    """Make the hub's users, groups and shares of a project as its manifest says.

    False where the hub did not answer: the keeper does it as soon as it does.
    """
    state = request.app.state
    state.presences.forget()
    try:
        sync(
            state.projects,
            state.store,
            state.hub_api(),
            slug,
            now=now().timestamp(),
            lake=state.settings.lake,
            servers=state.servers(),
        )
    except HubUnreachable as error:
        LOG.warning("project %s is synchronised later: %s", slug, error)
        return False
    return True


def is_shared(request: Request, project: Project, account: str) -> bool:
    """Whether the hub already lets ``account`` into the shared server: one question, where making
    the hub follow asks half a dozen. The keeper sees to the rest."""
    try:
        path = f"/shares/{project.account}?limit=1000"
        answer = request.app.state.hub_api().ask("GET", path, done=(404,)) or {}
    except HubUnreachable:
        return False
    items = answer.get("items", []) if isinstance(answer, dict) else answer
    return any((share.get("user") or {}).get("name") == account for share in items)


def follow_people(state: State) -> None:
    """Make the hub's users and groups as the accounts say; the keeper does it where this fails."""
    from datalab.people.follow import follow

    try:
        follow(state.store, state.hub_api(), state.homes, now().timestamp())
    except HubUnreachable as error:
        LOG.warning("the hub follows the accounts later: %s", error)
