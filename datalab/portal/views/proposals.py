"""Datasets from a file or a link, by clicks: anybody signed in proposes, a steward accepts."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request

from datalab.connectors.remote import fetchable
from datalab.errors import DatalabError, ProposalRefused, UnknownProposal
from datalab.i18n import Phrase, translate
from datalab.people import accounts, audit
from datalab.portal.form import form_of, upload_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.page import render
from datalab.portal.person import Person, require, signed_in
from datalab.portal.proposal_form import corrected, undecided
from datalab.portal.proposal_view import PRIVATE, page_of
from datalab.portal.proposal_work import Works, draft_of, inspection_of
from datalab.portal.proposal_written import digest_of, publish, read_back, yaml_of
from datalab.proposal import DAYS, LARGEST, OPEN, STATES, Proposal, Proposals
from datalab.settings import Settings

router = APIRouter(include_in_schema=False)
OVERHEAD = 20_000  # bytes of a form around its file
FORM = 3_000_000  # bytes of the form with all columns
FIELDS = 4_000
PATIENCE = 4.0  # seconds that a request waits for a small file
TAKEN = ("new", "proposals")  # addresses beside those of datasets
LONGEST_NOTE = 2_000
STEWARDS = "stewards"  # who answers for what somebody else proposes, until they say who


@router.get("/datasets/new")
def new(request: Request) -> Response:
    """Drop a file or paste a link; and the proposals that one has already."""
    return _new(request, signed_in(request))


@router.post("/datasets/new")
async def begin(request: Request) -> Response:
    """Take the file as it comes, or the link; what is in it is read on another thread."""
    person = signed_in(request)
    fields = await upload_of(request, LARGEST + OVERHEAD)
    url = str(fields.get("url") or "").strip()
    try:
        made = await run_in_threadpool(_begun, request, person, fields.get("file"), url)
    except ProposalRefused as error:
        return await run_in_threadpool(_new, request, person, url, error)
    finally:
        await fields.close()
    await run_in_threadpool(_works(request).see_to, made, PATIENCE)
    return RedirectResponse(_address(request, made.id), status_code=303)


def _begun(request: Request, person: Person, file: object, url: str) -> Proposal:
    proposals, moment = _works(request).proposals, now().timestamp()
    steward = person.name if person.may("publish:dataset") else STEWARDS
    if isinstance(file, UploadFile) and file.filename:
        made = proposals.create(person.name, moment, name=_plain(file.filename), steward=steward)
        with proposals.file(made.id).open("wb") as kept:
            shutil.copyfileobj(file.file, kept, 1 << 20)
        return made
    if not url:
        reason = Phrase("choose a file, or paste a link")
        raise ProposalRefused(field="file", reason=reason)
    try:
        if len(url) > 2_000:
            raise ValueError(url)
        fetchable(url)
    except ValueError:
        reason = Phrase("this is not the address of a file; it begins with https://")
        raise ProposalRefused(field="url", reason=reason) from None
    private = (urlsplit(url).hostname or "") in _hosts(_settings(request))
    return proposals.create(person.name, moment, url=url, steward=steward, private=private)


def _hosts(settings: Settings) -> set[str]:
    """The private machines whose links the operator allows."""
    return {host.strip().lower() for host in settings.private_hosts.split(",")} - {""}


def _plain(name: str) -> str:
    """The last part of the name of a file, without what moves a cursor or a path."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable())[:120] or "data"


@router.get("/datasets/proposals")
def queue(request: Request, show: str = "sent") -> Response:
    """What waits for a steward."""
    require(request, "publish:dataset")
    language = language_of(request)
    chosen = show if show in ("sent", "refused", "published") else "sent"
    found = [one for one in _works(request).proposals if one.state == chosen]
    states = {name: STATES[name].in_(language) for name in ("sent", "refused", "published")}
    context = {"proposals": found, "states": states, "show": chosen}
    return render(request, "proposals.html", context, headers=PRIVATE)


@router.get("/datasets/new/{id}.yaml")
def as_yaml(request: Request, id: str) -> Response:
    """The dataset as the catalog would hold it."""
    one = _theirs(request, id)
    inspection_of(one)
    name = one.document["id"]
    headers = {"Content-Disposition": f'attachment; filename="{name}.yaml"', **PRIVATE}
    return Response(yaml_of(one), media_type="application/yaml", headers=headers)


@router.get("/datasets/new/{id}")
def show(request: Request, id: str) -> Response:
    """The one page of a proposal, whatever its state; work that it waits for goes on."""
    one = _theirs(request, id)
    person = signed_in(request)
    return page_of(request, person, _works(request).see_to(one), may_change=_may(person, one))


@router.post("/datasets/new/{id}")
async def act(request: Request, id: str) -> Response:
    """Save what was typed, always; then do what the button said."""
    fields = await form_of(request, FORM, most=FIELDS)
    return await run_in_threadpool(_acted, request, id, fields)


def _acted(request: Request, id: str, fields: Mapping[str, Any]) -> Response:
    one, person = _theirs(request, id), signed_in(request)
    action = str(fields.get("do") or "save")
    language, works = language_of(request), _works(request)
    if action == "delete":
        if one.owner != person.name or one.state not in OPEN:
            raise UnknownProposal(id=id[:40], days=DAYS)
        works.proposals.delete(one.id)
        said = translate("The proposal and its file are deleted.", language)
        return onward(f"{request.app.state.prefix}/datasets/new", said)
    try:
        if not _may(person, one):
            reason = Phrase("it cannot be changed any more, or is in other hands")
            raise ProposalRefused(field="", reason=reason)
        one = _saved(request, person, one, fields)
        return _done(request, person, one, action, fields)
    except DatalabError as error:
        typed = {name: value for name, value in fields.items() if isinstance(value, str)}
        one = works.proposals.get(one.id)  # as it is now: what was typed may be sent again
        return page_of(
            request, person, one, typed=typed, problem=error, may_change=_may(person, one)
        )


def _saved(request: Request, person: Person, one: Proposal, fields: Mapping[str, Any]) -> Proposal:
    """Keep what was typed, with the dataset that it makes."""
    inspection = inspection_of(one)
    made = corrected(inspection, draft_of(one, inspection), fields)
    ours = {"_token", "do", "version", "reason"}
    typed = {n: v for n, v in fields.items() if isinstance(v, str) and n not in ours}
    state = "draft" if one.state == "refused" else one.state
    return _works(request).proposals.change(
        one.id,
        _version(fields),
        person.name,
        "save",
        now().timestamp(),
        lambda before: replace(
            before,
            typed=typed,
            document=made.document,
            theme=made.theme,
            decisions=made.decisions,
            note=str(fields.get("note") or "")[:LONGEST_NOTE],
            state=state,
        ),
    )


def _done(
    request: Request, person: Person, one: Proposal, action: str, fields: Mapping[str, Any]
) -> Response:
    language, works, moment = language_of(request), _works(request), now().timestamp()
    address = _address(request, one.id)

    def log(did: str, **facts: str) -> None:
        named = {"dataset": one.document["id"], "account": one.owner, **facts}
        store = request.app.state.store
        audit.record(store, moment, person.name, f"proposal.{did}", one.id, **named)

    def change(did: str, **more: Any) -> Proposal:
        return works.proposals.change(
            one.id, one.version, person.name, did, moment, lambda old: replace(old, **more)
        )

    if action == "refuse":
        require(request, "publish:dataset")
        reason = str(fields.get("reason") or "").strip()
        if one.state != "sent" or not 3 <= len(reason) <= LONGEST_NOTE:
            said = Phrase("say in a few words why: whoever proposed it reads it")
            raise ProposalRefused(field="reason", reason=said)
        change("refuse", state="refused", answer=reason, answered_by=person.name)
        log("refuse", reason=reason)
        said_ = translate("It is sent back, with your reason.", language)
        return onward(f"{request.app.state.prefix}/datasets/proposals", said_)
    if action not in ("try", "send", "publish"):
        return onward(address, translate("What you typed is saved.", language))
    wrong = _wrong(one, action)
    if wrong:
        raise ProposalRefused(field=wrong, reason=Phrase("some fields below need another look"))
    strange = _unknown(request, one)
    if strange and action != "try":
        reason = Phrase("nobody has an account called {names}", names=", ".join(strange))
        raise ProposalRefused(field="audience_accounts", reason=reason)
    read = read_back(one, works.proposals, _settings(request))
    if read.problems:
        reason = Phrase("some fields below need another look")
        raise ProposalRefused(field="catalog", reason=reason, problems=read.problems)
    if one.tried != digest_of(one):
        works.see_to(change("ask to try", trying=digest_of(one), trial=None, tried=""), PATIENCE)
        one = works.proposals.get(one.id)
    if action == "try" or one.trying:
        return RedirectResponse(f"{address}#trial", status_code=303)
    if not (one.trial or {}).get("publishable"):
        reason = Phrase("the checks do not pass yet; see what the trial found")
        raise ProposalRefused(field="trial", reason=reason)
    if action == "send":
        change("send", state="sent", answer="", answered_by="")
        log("send")
        return onward(address, translate("It is sent. A steward looks at it.", language))
    require(request, "publish:dataset")
    commit = publish(one, person.name, works.proposals, _settings(request), moment)
    dataset = one.document["id"]
    change("publish", state="published", dataset=dataset, commit=commit, answered_by=person.name)
    log("accept")
    if not one.url:
        works.proposals.file(one.id).unlink(missing_ok=True)  # it lies in the catalog now
    return onward(address, translate("It is in the catalog; it is being published.", language))


def _unknown(request: Request, one: Proposal) -> list[str]:
    """The accounts of the audience that nobody has."""
    named = [name for name in one.document.get("audience", []) if name.startswith("account:")]
    plain = [name.removeprefix("account:") for name in named]
    store = request.app.state.store
    return [name for name in plain if accounts.find(store, name) is None]


def _wrong(one: Proposal, action: str) -> str:
    """The first field that keeps ``action`` from being done, "" where none does."""
    inspection = inspection_of(one)
    made = corrected(inspection, draft_of(one, inspection), one.typed)
    wrong = dict(made.wrong)
    if made.document["id"] in TAKEN:
        wrong["id"] = Phrase("another dataset has this id")
    if action == "try":  # texts may wait
        wrong = {k: v for k, v in wrong.items() if k.startswith("c") or k == "id"}
    else:
        wrong |= undecided(inspection, made.decisions)
    return next(iter(wrong), "")


def _new(
    request: Request, person: Person, url: str = "", problem: ProposalRefused | None = None
) -> Response:
    language = language_of(request)
    mine = [one for one in _works(request).proposals if one.owner == person.name]
    context = {
        "mine": mine,
        "states": {name: phrase.in_(language) for name, phrase in STATES.items()},
        "url": url,
        "largest": LARGEST,
        "days": DAYS,
        "steward": person.may("publish:dataset"),
        "problem": _sentence(problem, language) if problem else "",
        "field": str(problem.facts["field"]) if problem else "",
    }
    status = problem.status if problem else 200
    return render(request, "proposal_new.html", context, headers=PRIVATE, status=status)


def _sentence(problem: ProposalRefused, language: Any) -> str:
    said = str(problem.facts["reason"].in_(language))
    return said[:1].upper() + said[1:] + "."


def _theirs(request: Request, id: str) -> Proposal:
    """The proposal, where it is of who asks, or was sent to the stewards and they are one.

    Raises
    ------
    SignInNeeded, UnknownProposal
    """
    person = signed_in(request)
    one = _works(request).proposals.get(id)
    handed_over = one.state in ("sent", "refused", "published")
    if one.owner == person.name or (handed_over and person.may("publish:dataset")):
        return one
    raise UnknownProposal(id=id[:40], days=DAYS)


def _may(person: Person, one: Proposal) -> bool:
    """Whether ``person`` may correct it now."""
    if one.state == "sent":
        return person.may("publish:dataset")
    return one.owner == person.name and one.state in ("draft", "refused")


def _works(request: Request) -> Works:
    state = request.app.state
    if not hasattr(state, "proposal_works"):
        state.proposal_works = Works(Proposals(state.settings.proposals), state.settings)
    found: Works = state.proposal_works
    return found


def _settings(request: Request) -> Settings:
    found: Settings = request.app.state.settings
    return found


def _version(fields: Mapping[str, Any]) -> int:
    given = str(fields.get("version") or "")
    return int(given) if given.isdecimal() and given.isascii() and len(given) < 10 else -2


def _address(request: Request, id: str) -> str:
    return f"{request.app.state.prefix}/datasets/new/{id}"
