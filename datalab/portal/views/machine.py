"""The state of the machine, for operators: what separates people, what runs, what is full."""

from __future__ import annotations

import math
import os
import threading
import time

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import State
from starlette.requests import Request

from datalab.errors import HubUnreachable, UnknownAccount
from datalab.i18n import Language, Phrase, translate
from datalab.people import accounts, audit
from datalab.people.store import Store
from datalab.portal import machine
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.page import render
from datalab.portal.person import require
from datalab.projects.project import ACCOUNT, Projects, slug_of_account

router = APIRouter(include_in_schema=False)
REMEMBERED = 60.0  # seconds that the sizes of folders are kept
STOPPING = 40.0  # seconds that a server may take to save and end
TRYING = threading.Lock()

SEPARATION = {
    "root": Phrase(
        "Each notebook server runs in a room of its own, under a system account of its own: it "
        "sees its files, its projects and the datasets its person may read, and nothing else."
    ),
    "user": Phrase(
        "Each notebook server runs in a room of its own and sees only its files, its projects and "
        "the datasets its person may read. All rooms share one system account: the walls between "
        "them are their mounts and processes alone."
    ),
    "setuid": Phrase(
        "There is no bubblewrap here: each notebook server runs under a system account of its "
        "own. Files of others stay closed to it; the list of processes does not."
    ),
    "none": Phrase(
        "Nothing separates notebooks from the lab here: whoever runs one can read every file of "
        "the lab, secrets included."
    ),
}
PARTS = {
    "lake": Phrase("published datasets"),
    "accounts": Phrase("people’s notebooks"),
    "projects": Phrase("projects"),
    "hub": Phrase("accounts and log"),
    "logs": Phrase("logs of the programs"),
    "cache": Phrase("downloads that can be made again"),
}


def ground(state: State) -> machine.Ground:
    """Found out once: it changes only with a start."""
    with TRYING:
        if not hasattr(state, "ground"):
            state.ground = machine.ground_of(state.settings)
    found: machine.Ground = state.ground
    return found


def _disk(state: State) -> machine.Disk:
    kept = getattr(state, "disk", None)
    if kept is None or time.monotonic() - kept[0] > REMEMBERED:
        kept = state.disk = (time.monotonic(), machine.disk_of(state.settings.home))
    found: machine.Disk = kept[1]
    return found


def owner_of(store: Store, projects: Projects, account: str, language: Language) -> str:
    """The display name of a person, or the title of a project."""
    slug = slug_of_account(account)
    if slug:
        try:
            return projects.get(slug).manifest.title.in_(language)
        except Exception:
            # A project whose manifest is broken still has a server that can be stopped.
            return slug
    found = accounts.find(store, account)
    return found.display if found else account


def duration(seconds: float, language: Language) -> str:
    """Minutes, hours or days, in whole numbers."""
    minutes = math.floor(seconds / 60)
    if minutes < 1:
        return translate("less than a minute", language)
    if minutes < 120:
        return translate("{count} min", language, count=minutes)
    if minutes < 48 * 60:
        return translate("{count} h", language, count=minutes // 60)
    return translate("{count} days", language, count=minutes // (24 * 60))


@router.get("/machine")
def without_slash(request: Request) -> Response:
    return RedirectResponse(f"{request.url.path}/", status_code=308)


@router.get("/machine/")
def show(request: Request) -> Response:
    require(request, "operate")
    state, language = request.app.state, language_of(request)
    found, unreachable = ground(state), False
    try:
        servers = machine.running(state.hub_api(), state.settings, now().timestamp())
    except HubUnreachable:
        servers, unreachable = [], True
    rows = [
        {
            "server": server,
            "owner": owner_of(state.store, state.projects, server.account, language),
            "project": server.account.startswith(ACCOUNT),
            "idle": duration(server.idle, language) if server.idle is not None else "–",
        }
        for server in servers
    ]
    context = {
        "ground": found,
        "sender": state.settings.mail_from,
        "separation": SEPARATION[found.walls.mode].in_(language),
        "servers": rows,
        "unreachable": unreachable,
        "disk": _disk(state),
        "parts": {name: said.in_(language) for name, said in PARTS.items()},
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "processors": os.cpu_count() or 1,
    }
    return render(request, "machine.html", context)


@router.post("/machine/servers/{account}/stop")
async def stop(request: Request, account: str) -> Response:
    """Stop a server as its person would: notebooks are saved first, nothing is deleted."""
    person = require(request, "operate")
    await form_of(request)
    state, language = request.app.state, language_of(request)
    moment = now().timestamp()
    if slug_of_account(account) is None and accounts.find(state.store, account) is None:
        raise UnknownAccount(account, [a.name for a in accounts.accounts(state.store)])
    hub = state.hub_api()
    # 404: it does not run. 400: it is stopping already.
    path = f"/users/{account}/server"
    await run_in_threadpool(hub.ask, "DELETE", path, done=(400, 404), seconds=STOPPING)
    audit.record(state.store, moment, person.name, "server.stop", account)
    owner = owner_of(state.store, state.projects, account, language)
    text = translate(
        "The server of {owner} is stopping. Its files are kept; it starts again when somebody "
        "opens it.",
        language,
        owner=owner,
    )
    return onward(f"{state.prefix}/machine/", text)
