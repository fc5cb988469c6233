"""Accounts, for operators: who there is, in which groups, and what can be done about it."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.background import BackgroundTask
from starlette.requests import Request

from datalab.errors import AccountClosed, DatalabError, PeopleError, UnknownGroup
from datalab.i18n import Language, translate
from datalab.people import accounts, audit
from datalab.people.accounts import Account
from datalab.people.identity import GROUP_NAMES, group_names
from datalab.people.links import Links
from datalab.people.rights import GROUPS, Right
from datalab.portal.code import svg_of
from datalab.portal.following import follow_people, follow_project
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.leaving import belongings_of, leave_projects
from datalab.portal.notice import onward
from datalab.portal.page import render
from datalab.portal.person import Person, require, visits_of

router = APIRouter(include_in_schema=False)
RIGHT: Right = "manage:people"
LONGEST_QUERY = 80


@dataclass(frozen=True)
class Row:
    """One account in the list."""

    account: Account
    groups: list[str]
    state: str


def state_of(account: Account, moment: float) -> str:
    if account.disabled_at is not None:
        return "disabled"
    if account.may_enter(moment):
        return "open"
    return "over" if account.groups else "idle"


def rows_of(request: Request, query: str, group: str, state: str) -> list[Row]:
    """Accounts whose name, display name or address holds every word of ``query``."""
    language, moment = language_of(request), now().timestamp()
    words = query.casefold().split()
    found = []
    for account in accounts.accounts(request.app.state.store):
        text = f"{account.name} {account.display} {account.email or ''}".casefold()
        held = state_of(account, moment)
        if (
            all(word in text for word in words)
            and (not group or group in account.groups)
            and (not state or state == held or (state == "guests" and account.kind == "guest"))
        ):
            found.append(Row(account, group_names(account.groups, language), held))
    return found


@router.get("/people")
def without_slash(request: Request) -> Response:
    return RedirectResponse(f"{request.url.path}/", status_code=308)


@router.get("/people/")
def listing(request: Request, q: str = "", group: str = "", state: str = "") -> Response:
    require(request, RIGHT)
    query = " ".join(q.split())[:LONGEST_QUERY]
    rows = rows_of(request, query, group, state)
    context = {
        "rows": rows,
        "query": query,
        "group": group,
        "state": state,
        "groups": choices(language_of(request)),
        "known": len(accounts.accounts(request.app.state.store)),
    }
    return render(request, "people.html", context)


def choices(language: Language) -> list[tuple[str, str]]:
    return [(group, GROUP_NAMES[group].in_(language)) for group in GROUPS]


@router.get("/people/new")
def adding(request: Request) -> Response:
    require(request, RIGHT)
    return _add_page(request, {"name": "", "display": "", "groups": ["students"]})


def _add_page(
    request: Request,
    typed: dict[str, object],
    problem: str = "",
    at: str = "groups",
    status: int = 0,
) -> Response:
    context = {
        "typed": typed,
        "problem": problem,
        "field": at,
        "groups": choices(language_of(request)),
    }
    return render(request, "people_add.html", context, status=status or (400 if problem else 200))


@router.post("/people/new")
async def add(request: Request) -> Response:
    person = require(request, RIGHT)
    form = await form_of(request)
    name, display = str(form.get("name", "")).strip(), str(form.get("display", ""))
    groups = [str(group) for group in form.getlist("groups")]
    state = request.app.state
    if not groups:
        text = translate("Choose a group: without one, nobody can sign in.", language_of(request))
        return _add_page(request, {"name": name, "display": display, "groups": []}, text)
    try:
        moment = now().timestamp()
        account = accounts.add(
            state.store, moment, person.name, name, groups, display, origin="portal"
        )
    except PeopleError as problem:
        typed: dict[str, object] = {"name": name, "display": display, "groups": groups}
        at = "groups" if isinstance(problem, UnknownGroup) else "name"
        said = problem.message(language_of(request))
        return _add_page(request, typed, said, at, problem.status)
    response = _link_page(request, person, account)
    response.background = BackgroundTask(follow_people, state)
    return response


@router.get("/people/{name}")
def detail(request: Request, name: str) -> Response:
    person = require(request, RIGHT)
    account = accounts.get(request.app.state.store, name)
    return _detail_page(request, person, account)


def _detail_page(
    request: Request, person: Person, account: Account, problem: DatalabError | None = None
) -> Response:
    language = language_of(request)
    context = {
        "account": account,
        "state": state_of(account, now().timestamp()),
        "mine": account.name == person.name,
        "groups": choices(language),
        "projects": belongings_of(request, account.name).projects,
        "problem": problem.message(language) if problem else "",
    }
    return render(request, "people_one.html", context, status=problem.status if problem else 200)


@router.post("/people/{name}/groups")
async def regroup(request: Request, name: str) -> Response:
    person = require(request, RIGHT)
    form = await form_of(request)
    state, language = request.app.state, language_of(request)
    before = accounts.get(state.store, name)
    wanted = [str(group) for group in form.getlist("groups")]
    try:
        after = accounts.set_groups(state.store, now().timestamp(), person.name, name, wanted)
    except PeopleError as problem:
        return _detail_page(request, person, before, problem)
    said = ", ".join(group_names(after.groups, language)) or translate("no group", language)
    return _changed(
        request,
        name,
        translate("{display} is now in: {groups}.", language, display=after.display, groups=said),
    )


@router.post("/people/{name}/display")
async def rename(request: Request, name: str) -> Response:
    person = require(request, RIGHT)
    form = await form_of(request)
    display = str(form.get("display", ""))
    after = accounts.rename(request.app.state.store, now().timestamp(), person.name, name, display)
    text = translate(
        "The name shown is now “{display}”.", language_of(request), display=after.display
    )
    return _changed(request, name, text)


@router.post("/people/{name}/disable")
async def disable(request: Request, name: str) -> Response:
    person = require(request, RIGHT)
    await form_of(request)
    state, language = request.app.state, language_of(request)
    try:
        account = accounts.disable(state.store, now().timestamp(), person.name, name)
    except PeopleError as problem:
        return _detail_page(request, person, accounts.get(state.store, name), problem)
    visits_of(state.settings).close_all(name)
    text = translate(
        "The account of {display} is closed: they are signed out and their server stops. Nothing "
        "is deleted.",
        language,
        display=account.display,
    )
    undo = f"{state.prefix}/people/{name}/enable"
    return _changed(request, name, text, undo=undo, label=translate("Undo", language))


@router.post("/people/{name}/enable")
async def enable(request: Request, name: str) -> Response:
    person = require(request, RIGHT)
    await form_of(request)
    state = request.app.state
    account = accounts.disable(state.store, now().timestamp(), person.name, name, disabled=False)
    text = translate(
        "The account of {display} is open again.", language_of(request), display=account.display
    )
    return _changed(request, name, text)


def _changed(
    request: Request, name: str, text: str, *, undo: str = "", label: str = ""
) -> Response:
    state = request.app.state
    response = onward(f"{state.prefix}/people/{name}", text, undo=undo, label=label)
    response.background = BackgroundTask(follow_people, state)
    return response


@router.post("/people/{name}/link")
async def link(request: Request, name: str) -> Response:
    """A new sign-in link, shown on the answer and nowhere else."""
    person = require(request, RIGHT)
    await form_of(request)
    account = accounts.get(request.app.state.store, name)
    if not account.may_enter(now().timestamp()):
        raise AccountClosed(name=name, reason=account.closed_because)
    return _link_page(request, person, account)


def _link_page(request: Request, person: Person, account: Account) -> Response:
    state = request.app.state
    audit.record(state.store, now().timestamp(), person.name, "signin.link", account.name)
    hours = state.settings.signin_hours
    token = Links(state.store).issue(account.name, now().timestamp(), hours * 3600)
    # The address this page was asked under: the form's origin was compared with it.
    address = f"{request.url.scheme}://{request.url.netloc}{state.hub}/signin?token={token}"
    context = {"account": account, "link": address, "code": svg_of(address), "hours": hours}
    return render(request, "people_link.html", context, headers={"Referrer-Policy": "no-referrer"})


@router.get("/people/{name}/remove")
def removing(request: Request, name: str) -> Response:
    require(request, RIGHT)
    return _remove_page(request, accounts.get(request.app.state.store, name))


def _remove_page(
    request: Request, account: Account, problem: str = "", status: int = 200
) -> Response:
    context = {
        "account": account,
        "belongings": belongings_of(request, account.name),
        "problem": problem,
    }
    return render(request, "people_remove.html", context, status=status)


@router.post("/people/{name}/remove")
async def remove(request: Request, name: str) -> Response:
    person = require(request, RIGHT)
    form = await form_of(request)
    state, language = request.app.state, language_of(request)
    account = accounts.get(state.store, name)
    if str(form.get("confirmed", "")).strip() != name:
        text = translate("Type “{name}” to confirm.", language, name=name)
        return _remove_page(request, account, text, 400)
    try:
        accounts.remove(state.store, now().timestamp(), person.name, name)
    except PeopleError as problem:
        return _remove_page(request, account, problem.message(language), problem.status)
    moment = now().timestamp()
    left = leave_projects(state.projects, state.store, moment, person.name, name, person.name)
    visits_of(state.settings).close_all(name)
    text = translate(
        "The account of {display} is removed; its notebooks are being deleted.",
        language,
        display=account.display,
    )
    response = onward(f"{state.prefix}/people/", text)
    response.background = BackgroundTask(_follow_departure, request, left)
    return response


def _follow_departure(request: Request, slugs: list[str]) -> None:
    for slug in slugs:
        follow_project(request, slug)
    follow_people(request.app.state)
