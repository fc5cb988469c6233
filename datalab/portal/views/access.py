"""Access to restricted datasets: asked for with a purpose and a last day, granted by a steward."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from datalab.catalog.dataset import Dataset
from datalab.errors import PeopleError, RightMissing, UnknownPage
from datalab.i18n import Language, Phrase, translate
from datalab.people import accounts, grants
from datalab.people.rights import MEANING
from datalab.portal.admission import (
    audience_in_words,
    end_of,
    may_grant,
    steward_of,
    versions_of,
)
from datalab.portal.figures import DIJON
from datalab.portal.form import form_of
from datalab.portal.granted import named_accounts, reads_of, rows_of
from datalab.portal.language import language_of, now
from datalab.portal.library import Holding
from datalab.portal.notice import onward
from datalab.portal.page import render
from datalab.portal.person import Person, person_of, signed_in

router = APIRouter(include_in_schema=False)
DAYS = 90  # offered to who asks
PRIVATE = {"Cache-Control": "private, no-store"}


def datasets_of(request: Request) -> dict[str, Holding]:
    """Restricted datasets that are published or described, by id."""
    holdings = request.app.state.library.shelf().holdings
    return {name: h for name, h in holdings.items() if h.dataset.access == "restricted"}


def _restricted(request: Request, name: str) -> Holding:
    holding: Holding = request.app.state.library.shelf().get(name)
    if holding.dataset.access != "restricted":
        raise UnknownPage(path=request.url.path[:80])
    return holding


@router.get("/access")
def without_slash(request: Request) -> Response:
    return RedirectResponse(f"{request.url.path}/", status_code=308)


@router.get("/access/")
def mine(request: Request) -> Response:
    """What one asked for and was granted."""
    person = signed_in(request)
    found = grants.listed(request.app.state.store, account=person.name)
    context = {
        "rows": rows_of(request, found),
        "answers": bool(_granted_by(request, person)),
        "others": [],
    }
    return render(request, "access.html", context, headers=PRIVATE)


@router.get("/access/requests")
def requests(request: Request) -> Response:
    """What waits for an answer, and who has access until when, for who may grant it."""
    person = signed_in(request)
    own = _granted_by(request, person)
    if not own and not person.may("grant:access"):
        whom = Phrase("the steward of the dataset")
        raise RightMissing(right=MEANING["grant:access"], whom=whom)
    found = [one for one in grants.listed(request.app.state.store) if one.dataset in own]
    rows = rows_of(request, found)
    language = language_of(request)
    context = {
        "waiting": [row for row in rows if row.grant.state == "asked"],
        "held": [row for row in rows if row.holds],
        "datasets": [
            (
                name,
                own[name].dataset.title.in_(language),
                sum(r.holds for r in rows if r.grant.dataset == name),
            )
            for name in sorted(own)
        ],
    }
    return render(request, "access_requests.html", context, headers=PRIVATE)


@router.get("/datasets/{dataset}/access")
def of_dataset(request: Request, dataset: str) -> Response:
    """To ask for access; for the steward, who has it."""
    person, holding = signed_in(request), _restricted(request, dataset)
    if may_grant(person, holding.dataset):
        return _manage(request, holding, {}, None)
    return _ask(request, person, holding, {}, None)


@router.post("/datasets/{dataset}/access")
async def ask(request: Request, dataset: str) -> Response:
    person, holding = signed_in(request), _restricted(request, dataset)
    fields = await form_of(request)
    typed = {name: str(fields.get(name, "")) for name in ("purpose", "until")}
    state, language = request.app.state, language_of(request)
    try:
        grants.ask(
            state.store,
            now().timestamp(),
            person.name,
            holding.id,
            typed["purpose"],
            end_of(typed["until"]),
        )
    except PeopleError as problem:
        return _ask(request, person, holding, typed, problem)
    whom = steward_of(state.store, holding.dataset, language)
    text = translate(
        "Your request was sent to {whom}. You read the answer here.", language, whom=whom
    )
    return onward(f"{state.prefix}/access/", text)


@router.post("/datasets/{dataset}/access/give")
async def give(request: Request, dataset: str) -> Response:
    """Let somebody in who did not ask."""
    person, holding = signed_in(request), _restricted(request, dataset)
    _require(person, holding.dataset)
    fields = await form_of(request)
    names = ("account", "version", "purpose", "until")
    typed = {name: str(fields.get(name, "")).strip() for name in names}
    state, language = request.app.state, language_of(request)
    try:
        account = accounts.get(state.store, typed["account"])
        known = {version for version, _ in versions_of(holding.dataset, language)}
        version = typed["version"] if typed["version"] in known else holding.id
        grants.give(
            state.store,
            now().timestamp(),
            person.name,
            account.name,
            version,
            end_of(typed["until"]),
            typed["purpose"],
        )
    except PeopleError as problem:
        return _manage(request, holding, typed, problem)
    text = translate(
        "{who} can read it until {day}.", language, who=account.display, day=typed["until"]
    )
    return onward(f"{state.prefix}/datasets/{holding.id}/access", text)


@router.post("/access/{id}/{deed}")
async def settle(request: Request, id: str, deed: str) -> Response:
    """Answer a request, take a grant back, or give one's own up."""
    person = signed_in(request)
    fields = await form_of(request)
    state, language, moment = request.app.state, language_of(request), now().timestamp()
    one = grants.get(state.store, id)
    reason = str(fields.get("reason", ""))
    if deed == "withdraw":
        grants.withdraw(state.store, moment, person.name, id)
        return onward(f"{state.prefix}/access/", translate("It is withdrawn.", language))
    holding = _restricted(request, one.dataset)
    _require(person, holding.dataset)
    address = f"{state.prefix}/datasets/{one.dataset}/access"
    try:
        if deed == "grant":
            version = str(fields.get("version", "")) or one.dataset
            if version not in {known for known, _ in versions_of(holding.dataset, language)}:
                version = one.dataset
            until = end_of(str(fields.get("until", "")))
            grants.grant(state.store, moment, person.name, id, version, until, reason)
            text = translate("Access is granted.", language)
        elif deed == "refuse":
            grants.refuse(state.store, moment, person.name, id, reason)
            text = translate("The request is refused, with your reason.", language)
        elif deed == "revoke":
            grants.revoke(state.store, moment, person.name, id, reason)
            text = translate(
                "Access is taken back. A notebook server that shows these data is stopped.",
                language,
            )
        else:
            raise UnknownPage(path=request.url.path[:80])
    except PeopleError as problem:
        typed = {f"{name}-{id}": str(value) for name, value in fields.items()}
        return _manage(request, holding, {**typed, "id": id}, problem)
    return onward(address, text)


def _require(person: Person, dataset: Dataset) -> None:
    if not may_grant(person, dataset):
        raise RightMissing(right=MEANING["grant:access"], whom=Phrase("the steward of the dataset"))


def _granted_by(request: Request, person: Person) -> dict[str, Holding]:
    """Restricted datasets whose access ``person`` may grant."""
    return {
        name: holding
        for name, holding in datasets_of(request).items()
        if may_grant(person, holding.dataset)
    }


def _ask(
    request: Request,
    person: Person,
    holding: Holding,
    typed: dict[str, str],
    problem: PeopleError | None,
) -> Response:
    state, language = request.app.state, language_of(request)
    mine = grants.listed(state.store, account=person.name, dataset=holding.id)
    today = now().astimezone(DIJON).date()
    context = {
        "dataset": holding.id,
        "title": holding.dataset.title.in_(language),
        "whom": steward_of(state.store, holding.dataset, language),
        "rows": rows_of(request, mine),
        "waiting": any(one.state == "asked" for one in mine),
        "typed": {"purpose": "", "until": (today + timedelta(days=DAYS)).isoformat(), **typed},
        "earliest": (today + timedelta(days=1)).isoformat(),
        "latest": (today + timedelta(days=365)).isoformat(),
        **_wrong(problem, language),
    }
    status = problem.status if problem else 200
    return render(request, "access_ask.html", context, status=status, headers=PRIVATE)


def _manage(
    request: Request, holding: Holding, typed: dict[str, str], problem: PeopleError | None
) -> Response:
    state, language = request.app.state, language_of(request)
    dataset = holding.dataset
    rows = rows_of(request, grants.listed(state.store, dataset=holding.id))
    today = now().astimezone(DIJON).date()
    context = {
        "dataset": holding.id,
        "title": dataset.title.in_(language),
        "waiting": [row for row in rows if row.grant.state == "asked"],
        "held": [row for row in rows if row.holds],
        "past": [row for row in rows if row.grant.state != "asked" and not row.holds],
        "named": audience_in_words(dataset, language),
        "members": len(named_accounts(request, dataset)),
        "versions": versions_of(dataset, language),
        "reads": reads_of(request, holding.id),
        "typed": {
            "account": "",
            "version": holding.id,
            "purpose": "",
            "until": (today + timedelta(days=DAYS)).isoformat(),
            "id": "",
            **typed,
        },
        "earliest": (today + timedelta(days=1)).isoformat(),
        "latest": (today + timedelta(days=365)).isoformat(),
        **_wrong(problem, language),
    }
    status = problem.status if problem else 200
    return render(request, "access_manage.html", context, status=status, headers=PRIVATE)


def _wrong(problem: PeopleError | None, language: Language) -> dict[str, Any]:
    if problem is None:
        return {"wrong": "", "problem": ""}
    reason = problem.facts.get("reason")
    said = reason.in_(language) if isinstance(reason, Phrase) else problem.message(language)
    field = str(problem.facts.get("field", ""))
    if problem.code == "unknown-account":
        field = "account"
    return {"wrong": field, "problem": said}


def waiting_for(request: Request) -> int:
    """Requests that wait for the person who looks at a page."""
    person = person_of(request)
    if person is None:
        return 0
    own = _granted_by(request, person)
    asked = grants.listed(request.app.state.store, states=("asked",)) if own else []
    return sum(one.dataset in own for one in asked)
