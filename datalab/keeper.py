"""``datalab keeper``: the housekeeping of a running lab, one task after the other.

A task that fails is written to the log and tried again at its next turn: it keeps no other from
its own. Tasks are idempotent; killing the keeper at any moment loses nothing.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parseaddr

import httpx

from datalab.admittance import attend
from datalab.announcement import announce
from datalab.cleaning import clean_all
from datalab.connectors.address import Forbidden, addresses_of, client_for
from datalab.correspondence import correspond
from datalab.errors import HubUnreachable
from datalab.hub.plan import Plan, portal_address
from datalab.isolation.homes import Homes
from datalab.isolation.private import secret
from datalab.isolation.watch import keep_watching
from datalab.lineage.declared import collect_and_audit
from datalab.participation import demonstration, letter, news, push, service_level, session_news
from datalab.participation import release as survey_release
from datalab.participation.contact import Vault
from datalab.participation.push import PushKey
from datalab.participation.retention import clean_history, sweep
from datalab.participation.store import Store as Participation
from datalab.people.accounts import accounts
from datalab.people.follow import follow, part
from datalab.people.hub_api import HubApi
from datalab.people.store import Store
from datalab.projects.departure import leave_all
from datalab.projects.edition import Apart
from datalab.projects.history import Work
from datalab.projects.lifecycle import purge, release
from datalab.projects.project import Project, Projects
from datalab.projects.quiet import Quiet
from datalab.projects.reading import Reading
from datalab.projects.server import ProjectServers
from datalab.projects.sync import fingerprint, sync
from datalab.settings import Settings
from datalab.watching.alarm import Alarm

LOG = logging.getLogger("datalab.keeper")
SYNC_SECONDS = 60.0
HOUR = 3600.0
PUSH_SECONDS = 10.0  # until a push service has answered


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
    later, soon = time.monotonic() + HOUR, time.monotonic() + 30
    pages, alarm = Apart(settings), Alarm(settings)
    return [
        Task("watch", 5, watch_servers(settings)),
        Task("departures", 2, departures(settings)),
        Task("people", 60, follow_people(settings)),
        Task("projects", 1, follow_projects(settings)),
        Task("history", 5, history(settings)),
        Task("lineage", 15, beside("lineage", lambda lab: collect_and_audit(settings, lab.now))),
        Task("clean", 6 * HOUR, beside("clean", lambda lab: clean_all(settings, lab.now)), later),
        Task("announce", 30, beside("announce", lambda lab: announce(settings, lab.now))),
        Task("purge", 3600, purge_projects(settings)),
        Task("news", 5, beside("news", tell_of_cases(settings))),
        Task("access", 5, beside("access", lambda lab: attend(settings, lab.now))),
        Task("data", 10, beside("data", lambda lab: correspond(settings, lab.now))),
        Task("letters", 5, beside("letters", send_letters(settings))),
        Task("escalation", 60, beside("escalation", escalate_late_cases(settings))),
        Task("session-news", 10, beside("session-news", tell_of_sessions(settings))),
        Task("demonstration", 60, beside("demonstration", keep_demonstration(settings))),
        Task("surveys", 5, beside("surveys", release_surveys(settings))),
        Task("retention", 3600, beside("retention", erase_what_is_over(settings))),
        Task("alarm", 30, beside("alarm", lambda lab: alarm.turn(lab.now)), soon),
        Task("pages", 15, beside("pages", lambda lab: pages.work(lab.now))),
    ]


def watch_servers(settings: Settings) -> Callable[[Lab], None]:
    """Memory and disk of running servers, on a thread of their own: nothing else may delay it."""
    ensure = keep_watching(settings)
    return lambda lab: ensure()


def departures(settings: Settings) -> Callable[[Lab], None]:
    """Delete what is left of guests whose stay is over and of accounts that were removed."""
    store, homes = Store(settings.people), homes_of(settings)
    leave = leaving(settings)

    def work(lab: Lab) -> None:
        part(store, lab.hub, homes, lab.now, lambda name: leave(name, lab.now))

    return work


def follow_people(settings: Settings) -> Callable[[Lab], None]:
    """Make the hub's users and groups as the store says; whatever changes it also does at once."""
    store, homes = Store(settings.people), homes_of(settings)

    def work(lab: Lab) -> None:
        follow(store, lab.hub, homes, lab.now)

    return work


def leaving(settings: Settings) -> Callable[[str, float], object]:
    projects, store = Projects(settings.shared, settings.projects), Store(settings.people)
    return lambda name, now: leave_all(projects, store, now, name)


def homes_of(settings: Settings) -> Homes:
    return Homes(settings.home / "accounts", os.geteuid() == 0)


def follow_projects(settings: Settings) -> Callable[[Lab], None]:
    """Make the hub as the manifests say: at once where what they rest on changed, by whatever
    door or hand, and every minute besides."""
    projects = Projects(settings.shared, settings.projects)
    store = Store(settings.people)
    seen, again_at = "", 0.0

    def work(lab: Lab) -> None:
        nonlocal seen, again_at
        state = fingerprint(projects, Reading(store, settings.lake, lab.now))
        if state == seen and lab.now < again_at:
            return
        servers = ProjectServers(lab.hub, lambda: Plan.read(settings.run).url)
        sync(projects, store, lab.hub, now=lab.now, lake=settings.lake, servers=servers)
        seen, again_at = state, lab.now + SYNC_SECONDS

    return work


def purge_projects(settings: Settings) -> Callable[[Lab], None]:
    """Remove for good what was deleted long enough ago: files, then the hub's side, then uids."""
    projects = Projects(settings.shared, settings.projects)
    store = Store(settings.people)

    def work(lab: Lab) -> None:
        if purge(projects, store, lab.now, settings.grace_days):
            sync(projects, store, lab.hub, now=lab.now, lake=settings.lake)
        release(projects, Homes(settings.home / "accounts", os.geteuid() == 0))

    return work


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
                try:
                    quiet.look(project, lab.now, settings.quiet_seconds, names)
                except Exception:
                    # What people put into one project ends the history of no other.
                    LOG.exception("no version of %s was kept; tried again soon", project.slug)

    return work


def beside(name: str, work: Callable[[Lab], object]) -> Callable[[Lab], None]:
    """``work`` on a thread of its own, one turn at a time: what is slow keeps nobody waiting."""
    running: threading.Thread | None = None

    def tried(lab: Lab) -> None:
        try:
            work(lab)
        except Exception:
            LOG.exception("task %s failed; it is tried again at its next turn", name)

    def start(lab: Lab) -> None:
        nonlocal running
        if running is None or not running.is_alive():
            running = threading.Thread(target=tried, args=(lab,), name=name, daemon=True)
            running.start()

    return start


def send_letters(settings: Settings) -> Callable[[Lab], None]:
    """Letters to who left an address."""
    store = Participation(settings.participation)

    def work(lab: Lab) -> None:
        if letter.possible(settings):
            letter.deliver(store, settings, portal_address(settings), lab.now)

    return work


def open_push(url: httpx.URL) -> httpx.Client:
    """A client for a push service, which never is a machine of the lab's own network.

    Raises
    ------
    PermissionError
    """
    try:
        addresses_of(url, allow_private=False)
        return client_for(url, PUSH_SECONDS)
    except Forbidden as error:
        raise PermissionError(url.host) from error


def tell_of_cases(settings: Settings) -> Callable[[Lab], None]:
    """Letters and pushes to who reported or follows a case that moved."""
    store = Participation(settings.participation)
    vault, key = Vault(settings.secrets), PushKey(settings.secrets)

    def work(lab: Lab) -> None:
        news.spread_all(store, lab.now)
        subject = settings.mail_from and f"mailto:{parseaddr(settings.mail_from)[1]}"
        asked = subject or portal_address(settings)
        push.deliver(store, vault, key, open_push, lab.now, asked)

    return work


def escalate_late_cases(settings: Settings) -> Callable[[Lab], None]:
    """Put on top of the control room what was not answered, or not closed, in its time."""
    store = Participation(settings.participation)

    def work(lab: Lab) -> None:
        with store.reading() as connection:
            late = service_level.due(connection, lab.now)
        if late:
            with store.writing() as connection:
                service_level.escalate(connection, lab.now)

    return work


def tell_of_sessions(settings: Settings) -> Callable[[Lab], None]:
    """Minutes are there, a decision has news: letters to those who took part."""
    store = Participation(settings.participation)

    def work(lab: Lab) -> None:
        with store.reading() as connection:
            if not session_news.is_due(connection, lab.now):
                return
        with store.writing() as connection:
            session_news.spread(connection, lab.now)

    return work


def keep_demonstration(settings: Settings) -> Callable[[Lab], None]:
    """A session to try waits in every lab, and begins anew each night."""
    store = Participation(settings.participation)

    def work(lab: Lab) -> None:
        demonstration.ensure(store, settings, lab.now)

    return work


def release_surveys(settings: Settings) -> Callable[[Lab], None]:
    """Let leave what may of the answers to questionnaires, as soon as they changed."""
    store = Participation(settings.participation)

    def work(lab: Lab) -> None:
        with store.reading() as connection:
            changed = survey_release.changed(connection)
        for survey in changed:
            with store.writing() as connection:
                survey_release.release(connection, survey, lab.now)

    return work


def erase_what_is_over(settings: Settings) -> Callable[[Lab], None]:
    """What people said without an account is kept for the time that the register gives."""
    store = Participation(settings.participation)
    seen = 0

    def work(lab: Lab) -> None:
        nonlocal seen
        swept = sweep(store, settings, lab.now)
        seen = clean_history(store, lab.now, seen)
        if any(dataclasses.astuple(swept)):
            LOG.info("retention: %s", swept)

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
                except HubUnreachable as error:
                    # The hub is starting, or gone for a moment: no fault of the task.
                    LOG.warning("task %s waits: %s", task.name, error.facts["reason"])
                except Exception:
                    LOG.exception(
                        "task %s failed; it is tried again in %g s", task.name, task.period
                    )
                task.due = time.monotonic() + task.period
        stopping.wait(0.5)


def hub_api(settings: Settings, plan: Plan) -> HubApi:
    """The hub of this home, with the rights of the keeper."""
    token = secret(settings.secrets, "keeper_token")
    return HubApi(plan.hub_api, token)
