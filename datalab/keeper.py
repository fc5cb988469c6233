"""``datalab keeper``: the housekeeping of a running lab, one task after the other.

A task that fails is written to the log and tried again at its next turn: it keeps no other from
its own. Tasks are idempotent; killing the keeper at any moment loses nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from datalab.hub.plan import Plan
from datalab.isolation.private import secret
from datalab.people.accounts import accounts
from datalab.people.hub_api import HubApi
from datalab.people.store import Store
from datalab.projects.history import Work
from datalab.projects.project import Project, Projects
from datalab.projects.quiet import Quiet
from datalab.settings import Settings

LOG = logging.getLogger("datalab.keeper")


@dataclass(frozen=True)
class Lab:
    """What a task works on. ``now`` is in seconds since the epoch."""

    settings: Settings
    hub: HubApi
    now: float


@dataclass
class Task:
    """``work`` is called every ``period`` seconds."""

    name: str
    period: float
    work: Callable[[Lab], None]
    due: float = field(default=0.0)


def tasks(settings: Settings) -> list[Task]:
    """Every task of the lab, the most urgent first."""
    return [Task("history", 5, history(settings))]


def history(settings: Settings) -> Callable[[Lab], None]:
    """Commit every project that has been quiet for a moment."""
    watched: dict[str, Quiet] = {}
    projects = Projects(settings.shared, settings.projects)
    store = Store(settings.people)

    def work(lab: Lab) -> None:
        names = {account.name: account.display for account in accounts(store)}
        for project in projects.all():
            if isinstance(project, Project) and not project.reference:
                quiet = watched.setdefault(project.slug, Quiet(Work(project)))
                quiet.look(project, lab.now, settings.quiet_seconds, names)

    return work


def run(settings: Settings, stopping: threading.Event) -> None:
    """Work until ``stopping`` is set."""
    listed = tasks(settings)
    while not stopping.is_set():
        plan = Plan.read(settings.run)
        hub = hub_api(settings, plan)
        for task in listed:
            if stopping.is_set():
                return
            if time.monotonic() >= task.due:
                try:
                    task.work(Lab(settings, hub, time.time()))
                except Exception:
                    LOG.exception(
                        "task %s failed; it is tried again in %g s", task.name, task.period
                    )
                task.due = time.monotonic() + task.period
        stopping.wait(0.5)


def hub_api(settings: Settings, plan: Plan) -> HubApi:
    """The hub of this home, with the rights of the keeper."""
    token = secret(settings.secrets, "keeper_token")
    return HubApi(f"http://127.0.0.1:{plan.hub_port}/hub/api", token)
