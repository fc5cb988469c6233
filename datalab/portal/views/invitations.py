"""Invitations: a code for a room or a poster; who may invite sees their own, operators see all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.background import BackgroundTask
from starlette.datastructures import FormData
from starlette.requests import Request

from datalab.errors import DatalabError, UnknownInvitation
from datalab.i18n import Language, translate
from datalab.people import accounts, invitations
from datalab.people.identity import GROUP_NAMES
from datalab.people.invitations import DAY, GUEST_GROUPS, HOUR, LONGEST_NOTE, Invitation
from datalab.people.rights import Right, may_in_project
from datalab.portal.code import svg_of
from datalab.portal.figures import DIJON
from datalab.portal.following import follow_people
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.page import render
from datalab.portal.person import Person, require

router = APIRouter(include_in_schema=False)
RIGHT: Right = "invite:guests"
STAYS = {"2": 2 * HOUR, "4": 4 * HOUR, "10": 10 * HOUR, "24": DAY, "72": 3 * DAY, "168": 7 * DAY}
LAST_MINUTE = time(23, 59)
MOST_DAYS = int(invitations.LONGEST_LIFE / DAY)


@dataclass(frozen=True)
class Row:
    """One invitation in the list; ``closed`` says why it lets nobody in."""

    invitation: Invitation
    group: str
    closed: str
    by: str


@dataclass(frozen=True)
class Typed:
    """The form as it was sent; ``wrong`` says per field what to change."""

    group: str
    note: str
    places: str
    until: str
    stay: str
    project: str
    wrong: dict[str, str]


@router.get("/invitations")
def without_slash(request: Request) -> Response:
    return RedirectResponse(f"{request.url.path}/", status_code=308)


@router.get("/invitations/")
def listing(request: Request) -> Response:
    person = require(request, RIGHT)
    language, moment = language_of(request), now().timestamp()
    mine = _visible(request, person)
    context = {
        "rows": [_row(request, invitation, moment, language) for invitation in mine],
        "all": person.may("manage:people"),
    }
    return render(request, "invitations.html", context)


def _visible(request: Request, person: Person) -> list[Invitation]:
    found = invitations.invitations(request.app.state.store)
    everything = person.may("manage:people")
    return [one for one in found if everything or one.created_by == person.name]


def _own(request: Request, person: Person, identifier: str) -> Invitation:
    """An invitation that this person may see; that of somebody else does not exist for them."""
    found = invitations.get(request.app.state.store, identifier)
    if found.created_by != person.name and not person.may("manage:people"):
        raise UnknownInvitation(id=identifier[:40])
    return found


def _row(request: Request, invitation: Invitation, moment: float, language: Language) -> Row:
    closed = invitation.closed(moment)
    giver = accounts.find(request.app.state.store, invitation.created_by)
    return Row(
        invitation,
        GROUP_NAMES[invitation.group].in_(language),
        closed.in_(language) if closed else "",
        giver.display if giver else invitation.created_by,
    )


@router.get("/invitations/new")
def asking(request: Request, project: str = "") -> Response:
    person = require(request, RIGHT)
    tomorrow = (now().astimezone(DIJON) + timedelta(days=1)).date().isoformat()
    return _form(request, person, Typed("citizens", "", "30", tomorrow, "4", project, {}))


def _form(request: Request, person: Person, typed: Typed) -> Response:
    language = language_of(request)
    today = now().astimezone(DIJON).date()
    context = {
        "typed": typed,
        "groups": [(group, GROUP_NAMES[group].in_(language)) for group in GUEST_GROUPS],
        "stays": [(value, _stay(seconds, language)) for value, seconds in STAYS.items()],
        "projects": _projects(request, person, language),
        "today": today.isoformat(),
        "latest": (today + timedelta(days=MOST_DAYS)).isoformat(),
        "most_places": invitations.MOST_PLACES,
        "longest_note": LONGEST_NOTE,
    }
    return render(request, "invitation_new.html", context, status=400 if typed.wrong else 200)


def _projects(request: Request, person: Person, language: Language) -> list[tuple[str, str]]:
    """Projects that this person may bring somebody into."""
    return [
        (project.slug, project.manifest.title.in_(language))
        for project, role in request.app.state.projects.of(person.name, person.account.created_at)
        if may_in_project(role, "project:members") and project.manifest.status == "active"
    ]


def _stay(seconds: float, language: Language) -> str:
    if seconds <= DAY:
        return translate("{count} hours", language, count=round(seconds / HOUR))
    return translate("{count} days", language, count=round(seconds / DAY))


@router.post("/invitations/new")
async def issue(request: Request) -> Response:
    person = require(request, RIGHT)
    typed, asked = _read(request, person, await form_of(request))
    if typed.wrong:
        return _form(request, person, typed)
    state, moment = request.app.state, now().timestamp()
    try:
        made = invitations.issue(state.store, moment, person.name, typed.group, **asked)
    except DatalabError as problem:
        typed.wrong["group"] = problem.message(language_of(request))
        return _form(request, person, typed)
    text = translate("The invitation is ready: show the code, or print it.", language_of(request))
    return onward(f"{state.prefix}/invitations/{made.id}", text)


def _read(request: Request, person: Person, form: FormData) -> tuple[Typed, dict[str, Any]]:
    """What was sent, and the same as :func:`datalab.people.invitations.issue` takes it."""
    language, wrong = language_of(request), dict[str, str]()
    names = ("group", "note", "places", "until", "stay", "project")
    typed = Typed(**{name: str(form.get(name, "")).strip() for name in names}, wrong=wrong)
    places = int(typed.places) if typed.places.isascii() and typed.places.isdigit() else 0
    if not 1 <= places <= invitations.MOST_PLACES:
        wrong["places"] = translate(
            "A number from 1 to {most}.", language, most=invitations.MOST_PLACES
        )
    lifetime = _lifetime(typed.until)
    if lifetime is None:
        wrong["until"] = translate(
            "A day from today to {count} days from now.", language, count=MOST_DAYS
        )
    if typed.group not in GUEST_GROUPS:
        wrong["group"] = translate("Choose one of these groups.", language)
    if typed.stay not in STAYS:
        wrong["stay"] = translate("Choose one of these lengths.", language)
    if typed.project and typed.project not in dict(_projects(request, person, language)):
        wrong["project"] = translate("Choose a project that you own.", language)
    return typed, {
        "places": places,
        "lifetime": lifetime,
        "stay": STAYS.get(typed.stay),
        "note": typed.note,
        "project": typed.project or None,
    }


def _lifetime(day: str) -> float | None:
    """Seconds until the end of that day in Dijon."""
    here = now().astimezone(DIJON)
    try:
        end = datetime.combine(datetime.fromisoformat(day).date(), LAST_MINUTE, DIJON)
    except ValueError:
        return None
    seconds = (end - here).total_seconds()
    return seconds if 0 < seconds <= (MOST_DAYS + 1) * DAY else None


def _address(request: Request, invitation: Invitation) -> str:
    url = request.url
    return f"{url.scheme}://{url.netloc}{request.app.state.hub}/rejoindre/{invitation.shown}"


@router.get("/invitations/{identifier}")
def show(request: Request, identifier: str) -> Response:
    return _shown(request, identifier, "invitation.html")


@router.get("/invitations/{identifier}/print")
def sheet(request: Request, identifier: str) -> Response:
    """One sheet for the wall of a room."""
    return _shown(request, identifier, "invitation_sheet.html")


def _shown(request: Request, identifier: str, template: str) -> Response:
    person = require(request, RIGHT)
    state, language, moment = request.app.state, language_of(request), now().timestamp()
    invitation = _own(request, person, identifier)
    everybody = accounts.accounts(state.store)
    inside = [a for a in everybody if a.invitation == identifier and a.may_enter(moment)]
    address = _address(request, invitation)
    context = {
        "row": _row(request, invitation, moment, language),
        "invitation": invitation,
        "inside": inside,
        "address": address,
        "short": f"{request.url.netloc}{state.hub}/rejoindre",
        "code": svg_of(address),
        "stay": _stay(invitation.stay, language),
    }
    return render(request, template, context)


@router.post("/invitations/{identifier}/withdraw")
async def withdraw(request: Request, identifier: str) -> Response:
    """No new guest, and those who are in leave."""
    person = require(request, RIGHT)
    await form_of(request)
    state = request.app.state
    _own(request, person, identifier)
    invitations.withdraw(state.store, now().timestamp(), person.name, identifier)
    text = translate(
        "The invitation is withdrawn; its guests are signed out and their notebooks deleted.",
        language_of(request),
    )
    response = onward(f"{state.prefix}/invitations/", text)
    response.background = BackgroundTask(follow_people, state)
    return response
