"""One's own account: who I am here, what I may do, what I can read, and every way out."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import State
from starlette.requests import Request

from datalab.errors import PeopleError
from datalab.i18n import Language, translate
from datalab.participation import flag
from datalab.people import accounts, audit
from datalab.people.identity import group_names
from datalab.people.rights import MEANING, RIGHTS, may
from datalab.portal.following import follow_people, follow_project
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.leaving import belongings_of, heir_of, leave_projects
from datalab.portal.notice import onward
from datalab.portal.page import render
from datalab.portal.person import Person, goodbye, signed_in, visits_of
from datalab.projects.reading import RESTRICTED, Readable, Reading

router = APIRouter(include_in_schema=False)
LEAVE = {"fr": "partir", "en": "leave"}  # what a guest types to confirm


@dataclass(frozen=True)
class Readables:
    """Published datasets that an account reads in a notebook; the restricted ones by name."""

    open: int
    members: int | None
    restricted: list[str]


def readables_of(reading: Reading, account: str, language: Language) -> Readables:
    lakes = reading.of_account(account)
    named = reading.named(lake for lake in lakes if lake.startswith(RESTRICTED))
    return Readables(
        len(reading.datasets.get("open", ())),
        len(reading.datasets.get("members", ())) if "members" in lakes else None,
        [_title(dataset, language) for dataset in named],
    )


def _title(dataset: Readable, language: Language) -> str:
    return dataset.title.get(language) or dataset.id


@router.get("/me")
def without_slash(request: Request) -> Response:
    return RedirectResponse(f"{request.url.path}/", status_code=308)


@router.get("/me/")
def show(request: Request) -> Response:
    return _page(request, signed_in(request))


def _page(request: Request, person: Person, problem: str = "", status: int = 200) -> Response:
    state, language = request.app.state, language_of(request)
    reading = Reading(state.store, state.settings.lake, now().timestamp())
    with state.participation.reading() as connection:
        flags = flag.of(connection, account=person.name)
    context = {
        "account": person.account,
        "flags": len(flags),
        "answered": sum(one.state != "open" for one in flags),
        "groups": group_names(person.groups, language),
        "rights": [(MEANING[right].in_(language), may(person.groups, right)) for right in RIGHTS],
        "readables": readables_of(reading, person.name, language),
        "belongings": belongings_of(request, person.name),
        "passwords": not state.settings.oidc_issuer and person.account.kind == "person",
        "word": LEAVE[language],
        "problem": problem,
    }
    return render(request, "me.html", context, status=status)


@router.post("/me/display")
async def rename(request: Request) -> Response:
    person = signed_in(request)
    form = await form_of(request)
    state = request.app.state
    display = str(form.get("display", ""))
    after = accounts.rename(state.store, now().timestamp(), person.name, person.name, display)
    text = translate(
        "The name shown is now “{display}”.", language_of(request), display=after.display
    )
    return onward(f"{state.prefix}/me/", text)


@router.post("/me/signout")
async def sign_out_everywhere(request: Request) -> Response:
    """Every browser, this one included; programs keep the tokens that were made for them."""
    person = signed_in(request)
    await form_of(request)
    state = request.app.state
    visits_of(state.settings).close_all(person.name)
    audit.record(state.store, now().timestamp(), person.name, "signin.end", person.name)
    await run_in_threadpool(end_signins, state, person.name)
    response = RedirectResponse(
        f"{state.hub}/logout", status_code=303, headers={"Cache-Control": "no-store"}
    )
    goodbye(request, response)
    return response


def end_signins(state: State, name: str) -> None:
    """Out of the hub and of notebook servers, in every browser.

    Raises
    ------
    HubUnreachable
    """
    state.hub_api().ask("POST", f"/datalab/signout/{name}")


@router.post("/me/leave")
async def leave(request: Request) -> Response:
    """A guest goes, and everything of theirs with them."""
    person = signed_in(request)
    form = await form_of(request)
    state, language = request.app.state, language_of(request)
    typed = str(form.get("confirmed", "")).strip().casefold()
    if person.account.kind != "guest" or typed not in LEAVE.values():
        text = translate("Type “{name}” to confirm.", language, name=LEAVE[language])
        return _page(request, person, text, 400)
    moment = now().timestamp()
    try:
        heir = heir_of(state.store, moment, person.account)
        accounts.remove(state.store, moment, person.name, person.name)
    except PeopleError as problem:
        return _page(request, person, problem.message(language), problem.status)
    left = leave_projects(state.projects, state.store, moment, person.name, person.name, heir)
    visits_of(state.settings).close_all(person.name)
    response = RedirectResponse(
        f"{state.hub}/logout", status_code=303, headers={"Cache-Control": "no-store"}
    )
    goodbye(request, response)
    response.background = BackgroundTask(_follow_departure, request, left)
    return response


def _follow_departure(request: Request, slugs: list[str]) -> None:
    for slug in slugs:
        follow_project(request, slug)
    follow_people(request.app.state)
