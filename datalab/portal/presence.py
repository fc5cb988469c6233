"""What runs and who is in: the shared servers of projects, asked all at once.

A shared server runs its project's code, so what it says about people is not believed beyond the
names of its members.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

from datalab.errors import HubUnreachable
from datalab.people.hub_api import HubApi
from datalab.projects.project import Project, slug_of_account
from datalab.projects.server import ProjectServers, state_of

LOG = logging.getLogger("datalab.portal")
State = Literal["running", "starting", "stopping", "asleep", "unknown"]
KEPT = 3.0  # seconds an answer is kept
PATIENCE = 1.5  # seconds for one server to say who is in
HUB_PATIENCE = 3.0
AT_ONCE = 12
MOST = 100  # people of one answer
LONGEST_PATH = 200


@dataclass(frozen=True)
class Visitor:
    """Somebody who has the project open: account name, and the notebook in front of them."""

    name: str
    notebook: str | None = None


@dataclass(frozen=True)
class Presence:
    """The shared server of one project, as it was a few seconds ago at most."""

    state: State
    visitors: tuple[Visitor, ...] = ()


ASLEEP = Presence("asleep")
UNKNOWN = Presence("unknown")


class Presences:
    """Asks for all projects, and remembers for :data:`KEPT` seconds.

    ``hub`` gives the hub's REST interface, ``address`` the proxy's URL.
    """

    def __init__(self, hub: Callable[[], HubApi], address: Callable[[], str]) -> None:
        self._hub, self._address = hub, address
        self._lock = threading.Lock()
        self._asked = float("-inf")
        self._states: dict[str, State] | None = None
        self._inside: dict[str, tuple[float, tuple[Visitor, ...]]] = {}
        self._servers: ProjectServers | None = None

    def of(self, projects: Iterable[Project]) -> dict[str, Presence]:
        """The presence of each project. A hub that does not answer leaves all of them unknown."""
        wanted = {project.slug: project for project in projects if not project.reference}
        with self._lock:
            if time.monotonic() - self._asked > KEPT:
                self._states = self._ask_hub()
                self._asked = time.monotonic()
            states = self._states
            if states is None:
                return dict.fromkeys(wanted, UNKNOWN)
            running = [p for slug, p in wanted.items() if states.get(slug) == "running"]
            inside = self._ask_servers(running)
        return {slug: Presence(states.get(slug, "asleep"), inside.get(slug, ())) for slug in wanted}

    def forget(self) -> None:
        """Ask again at the next question: something was just changed."""
        with self._lock:
            self._asked = float("-inf")
            self._inside.clear()

    def _ask_hub(self) -> dict[str, State] | None:
        try:
            hub = self._hub()
            users = hub.ask("GET", "/users?state=active&limit=1000", seconds=HUB_PATIENCE) or []
        except HubUnreachable as error:
            LOG.info("what runs is not known: %s", error)
            return None
        if self._servers is None or self._servers.hub != hub:
            self._servers = ProjectServers(hub, self._address)
        return {
            slug: state_of((user.get("servers") or {}).get("") or {})
            for user in users
            if (slug := slug_of_account(str(user.get("name"))))
        }

    def _ask_servers(self, running: list[Project]) -> dict[str, tuple[Visitor, ...]]:
        at = time.monotonic()
        stale = [p for p in running if at - self._inside.get(p.slug, (-KEPT,))[0] > KEPT]
        if stale and (servers := self._servers):
            with ThreadPoolExecutor(AT_ONCE) as pool:
                answers = pool.map(lambda project: self._visitors(servers, project), stale)
                for project, found in zip(stale, answers, strict=True):
                    self._inside[project.slug] = (at, found)
        return {p.slug: self._inside[p.slug][1] for p in running if p.slug in self._inside}

    def _visitors(self, servers: ProjectServers, project: Project) -> tuple[Visitor, ...]:
        try:
            answer = servers.ask(project, "GET", "datalab/presence", seconds=PATIENCE)
        except HubUnreachable as error:
            LOG.info("project %s does not say who is in: %s", project.slug, error)
            return ()
        return visitors_in(answer)


def visitors_in(answer: Any) -> tuple[Visitor, ...]:
    """Who a server says is in; anything but the agreed shape counts as nobody."""
    found: dict[str, Visitor] = {}
    for item in answer[:MOST] if isinstance(answer, list) else ():
        if isinstance(item, dict) and isinstance(item.get("name"), str):
            notebook = item.get("notebook")
            shown = notebook[:LONGEST_PATH] if isinstance(notebook, str) else None
            found.setdefault(item["name"], Visitor(item["name"], shown))
    return tuple(found.values())
