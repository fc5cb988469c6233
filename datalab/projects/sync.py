"""The hub follows the manifests: users, groups and shares of projects, exactly, in both directions.

Access is taken away before any is given: shares first, then servers that read more than their
members may, then what is granted. Every step asks the hub how it is before it changes anything:
stopping at any request and beginning again ends in the same state.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from datalab.errors import HubUnreachable, InvalidManifest, UnknownProject
from datalab.people.hub_api import HubApi
from datalab.people.store import Store
from datalab.projects.project import (
    ACCOUNT,
    MANIFEST,
    Project,
    Projects,
    is_slug,
    locked,
    slug_of_account,
)
from datalab.projects.reading import Reading
from datalab.projects.server import ProjectServers

LOG = logging.getLogger("datalab.projects")
PAGE = 200
STOP_SECONDS = 20.0  # a server may take this long to save and end
MEMBERS = "members.json"


@dataclass(frozen=True)
class Change:
    """``deed`` is one of user.create, user.delete, group.create, group.delete, group.add,
    group.remove, share.grant, share.revoke, server.stop, waiting (for a server to end) and broken
    (a manifest that cannot be read, left as it was)."""

    project: str
    deed: str
    subject: str = ""

    def as_json(self) -> dict[str, str]:
        return {"project": self.project, "deed": self.deed, "subject": self.subject}


@dataclass
class Syncing:
    """One run. ``changes`` is what it did; ``users`` and ``groups`` are the hub's, by name, where
    all of them are needed: whatever changes meanwhile brings a sync of its own."""

    projects: Projects
    hub: HubApi
    reading: Reading
    servers: ProjectServers | None
    changes: list[Change] = field(default_factory=list)
    users: dict[str, dict[str, Any]] | None = None
    groups: dict[str, dict[str, Any]] | None = None

    def user(self, name: str) -> dict[str, Any] | None:
        """The hub's user, from the list where all were asked for; None where there is none."""
        if self.users is not None:
            return self.users.get(name)
        found: dict[str, Any] | None = self.hub.ask("GET", f"/users/{name}", done=(404,))
        return found

    def group(self, name: str) -> dict[str, Any] | None:
        """Likewise for a group."""
        if self.groups is not None:
            return self.groups.get(name)
        found: dict[str, Any] | None = self.hub.ask("GET", f"/groups/{name}", done=(404,))
        return found

    def note(self, project: str, deed: str, subject: str = "") -> None:
        LOG.info("sync %s %s %s", project, deed, subject)
        self.changes.append(Change(project, deed, subject))


def sync(
    projects: Projects,
    store: Store,
    hub: HubApi,
    slug: str | None = None,
    *,
    now: float,
    lake: Path | None = None,
    servers: ProjectServers | None = None,
) -> list[Change]:
    """Make the hub as the manifests say; of one project, or of all.

    Parameters
    ----------
    lake
        published lakes; ``lake`` beside the folder of the projects by default.
    servers
        asked to close open connections of who was shut out; without it the servers see that by
        themselves within seconds.

    Raises
    ------
    HubUnreachable
        what was done stays done, and the next run does the rest.
    """
    reading = Reading(store, lake or projects.root.parent / "lake", now)
    run = Syncing(projects, hub, reading, servers)
    slugs = [slug] if slug is not None else own_slugs(projects)
    if slug is None:
        run.users = {str(u["name"]): u for u in _pages(hub, f"/users?name_filter={ACCOUNT}")}
        run.groups = {str(g["name"]): g for g in _pages(hub, "/groups")}
    failed: list[HubUnreachable] = []
    for each in slugs:
        folder = projects.root / each
        if not (is_slug(each) and folder.is_dir()):
            continue
        try:
            with locked(folder, ".sync"):
                _sync_project(run, each)
        except HubUnreachable as error:
            # One project that the hub refuses keeps no other waiting; a hub that is gone does.
            LOG.warning("sync of %s: %s", each, error.message("en"))
            hub.ask("GET", "/")
            failed.append(error)
    _sync_mounts(run)
    if slug is None:
        _remove_strangers(run)
    if failed:
        raise failed[0]
    return run.changes


def fingerprint(projects: Projects, reading: Reading) -> str:
    """What the hub's side of projects rests on, in a short text that differs where it changed."""
    places = [projects.root / slug / MANIFEST for slug in own_slugs(projects)]
    places += sorted(reading.lake.glob("*/index.json"))
    texts = [repr(sorted(reading.entering.items())), repr(sorted(reading.granted))]
    for path in places:
        try:
            found = path.stat()
            texts.append(f"{path} {found.st_ino} {found.st_mtime_ns} {found.st_size}")
        except OSError:
            texts.append(f"{path} -")
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def own_slugs(projects: Projects) -> list[str]:
    """Every project that was made in this lab, readable or not."""
    if not projects.root.is_dir():
        return []
    return sorted(p.name for p in projects.root.iterdir() if is_slug(p.name) and p.is_dir())


def _sync_project(run: Syncing, slug: str) -> None:
    account = f"{ACCOUNT}{slug}"
    try:
        project = run.projects.get(slug)
    except (InvalidManifest, UnknownProject) as error:
        LOG.warning("%s", error.message("en"))
        run.note(slug, "broken")
        return
    if project.reference:
        return
    active = project.manifest.status == "active"
    writers = set(run.reading.writers(project.manifest)) if active else set()
    present = set(run.reading.present(project.manifest)) if active else set()
    show_members(project, run.reading)
    user = run.user(account)
    if user is None:
        run.hub.ask("POST", f"/users/{account}", done=(409,))
        run.note(slug, "user.create", account)
        user = {}
    shared = _revoke(run, slug, account, writers)
    server = (user.get("servers") or {}).get("") or {}
    allowed = run.reading.allowed_to_members(run.reading.present(project.manifest))
    too_much = bool(server) and (not active or reads_more(server, allowed))
    if too_much and not _stop(run, slug, account):
        run.note(slug, "waiting", account)
        return
    _regroup(run, slug, account, present)
    for name in sorted(writers - shared):
        # People have a hub user once they signed in; before that the hub could not share with them.
        run.hub.ask("POST", f"/users/{quote(name, safe='')}", done=(409,))
        run.hub.ask("POST", f"/shares/{account}/", {"user": name, "scopes": _scopes(account)})
        run.note(slug, "share.grant", name)


def reads_more(server: dict[str, Any], allowed: frozenset[str]) -> bool:
    """Whether a server has a lake mounted that it may not read; not known means not yet started."""
    lakes = (server.get("state") or {}).get("lakes")
    return isinstance(lakes, list) and not set(lakes) <= allowed


def _scopes(account: str) -> list[str]:
    return [f"access:servers!server={account}/", f"servers!server={account}/"]


def _revoke(run: Syncing, slug: str, account: str, writers: set[str]) -> set[str]:
    """Take back every share that is not an owner's or editor's; returns who is left."""
    wanted, left = set(_scopes(account)), set()
    for share in list(_pages(run.hub, f"/shares/{account}")):
        name = (share.get("user") or {}).get("name")
        group = (share.get("group") or {}).get("name")
        path = f"/shares/{account}/{quote(share['server']['name'], safe='')}"
        if name in writers and not share["server"]["name"] and set(share["scopes"]) == wanted:
            left.add(name)
            continue
        who = {"user": name} if name else {"group": group}
        run.hub.ask("PATCH", path, who, done=(404,))
        run.note(slug, "share.revoke", str(name or group))
        if name and name not in writers:
            _close_connections(run, slug, name)
    return left


def _close_connections(run: Syncing, slug: str, name: str) -> None:
    if run.servers is None:
        return
    try:
        project = run.projects.get(slug)
        if run.servers.state(project) == "running":
            run.servers.ask(project, "POST", "datalab/revoke", {"user": name})
    except HubUnreachable:
        # The server asks the hub about open connections by itself: this only made it sooner.
        LOG.info("the server of %s was not told that %s left", slug, name)


def _regroup(run: Syncing, slug: str, group: str, present: set[str]) -> None:
    """The hub group of a project: all members. It grants nothing; other services read it."""
    found = run.group(group)
    if found is None:
        run.hub.ask("POST", f"/groups/{group}", done=(409,))
        run.note(slug, "group.create", group)
        found = {"users": []}
    held = set(found["users"])
    for deed, names in (("remove", held - present), ("add", present - held)):
        if not names:
            continue
        if deed == "add":
            for name in sorted(names):
                run.hub.ask("POST", f"/users/{quote(name, safe='')}", done=(409,))
        method = "POST" if deed == "add" else "DELETE"
        run.hub.ask(method, f"/groups/{group}/users", {"users": sorted(names)})
        for name in sorted(names):
            run.note(slug, f"group.{deed}", name)


def _stop(run: Syncing, slug: str, account: str) -> bool:
    """End a server and wait until it is gone; False where the hub cannot do it yet."""
    # 400: it is starting, and is stopped in a moment.
    run.hub.ask("DELETE", f"/users/{quote(account, safe='')}/server", done=(400, 404))
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        user = run.hub.ask("GET", f"/users/{quote(account, safe='')}", done=(404,)) or {}
        server = (user.get("servers") or {}).get("")
        if not server:
            run.note(slug, "server.stop", account)
            return True
        if server.get("ready"):
            run.hub.ask("DELETE", f"/users/{quote(account, safe='')}/server", done=(400, 404))
        time.sleep(0.2)
    return False


def _sync_mounts(run: Syncing) -> None:
    """Stop people's own servers that show a project, or a lake, which their person may not see."""
    readable = [found for found in run.projects.all() if isinstance(found, Project)]
    rooms = {
        (project.slug, name)
        for project in readable
        if project.manifest.status != "deleted"
        for name in run.reading.present(project.manifest)
    }
    broken = set(own_slugs(run.projects)) - {project.slug for project in readable}
    for user in list(_pages(run.hub, "/users?state=active")):
        name = str(user["name"])
        if slug_of_account(name):
            continue
        server = (user.get("servers") or {}).get("") or {}
        state = server.get("state") or {}
        mounted = [slug for slug in state.get("projects") or () if slug not in broken]
        lost = [slug for slug in mounted if (slug, name) not in rooms]
        if lost or reads_more(server, run.reading.allowed(name)):
            _stop(run, lost[0] if lost else "", name)


def _remove_strangers(run: Syncing) -> None:
    """Hub users and groups of projects that are no more."""
    if not run.projects.root.is_dir():
        return
    for kind, names in (("users", run.users or {}), ("groups", run.groups or {})):
        for name in names:
            slug = name.removeprefix(ACCOUNT)
            if not name.startswith(ACCOUNT) or (run.projects.root / slug).is_dir():
                continue
            with locked(run.projects.root):
                # Asked again under the lock: one may be made of that name this very moment.
                if not (is_slug(slug) and (run.projects.root / slug).is_dir()):
                    path = f"/{kind}/{quote(name, safe='')}"
                    run.hub.ask("DELETE", path, done=(404,), seconds=STOP_SECONDS)
                    run.note(slug, f"{kind[:-1]}.delete", name)


def show_members(project: Project, reading: Reading) -> None:
    """Tell the project's server who may enter now, by the file that it watches."""
    manifest = project.manifest
    active = manifest.status == "active"
    roles = {name: manifest.role_of(name) for name in reading.present(manifest)} if active else {}
    named = {
        name: {"role": role, "display": person.display}
        for name, role in roles.items()
        if (person := reading.person(name)) is not None
    }
    text = json.dumps({"members": named}, ensure_ascii=False, sort_keys=True)
    path = project.shown / MEMBERS
    project.shown.mkdir(mode=0o755, exist_ok=True)
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    os.chmod(temporary, 0o644)
    os.replace(temporary, path)


def _pages(hub: HubApi, path: str) -> Iterator[dict[str, Any]]:
    """Every item of a list that the hub gives page by page."""
    joint, offset = ("&" if "?" in path else "?"), 0
    while True:
        answer = hub.ask("GET", f"{path}{joint}offset={offset}&limit={PAGE}", done=(404,)) or []
        items = answer["items"] if isinstance(answer, dict) else answer
        yield from items
        if len(items) < PAGE:
            return
        offset += PAGE
