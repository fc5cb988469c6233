"""Experience sheets, questions and answers; and the queue of whoever reads what is shared."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import FieldRefused, Stale
from datalab.i18n import translate
from datalab.participation import peer, shared
from datalab.participation.peer import PARTS
from datalab.people.rights import Right
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.page import render
from datalab.portal.person import person_of, require
from datalab.portal.views.shared import STATE_NAMES, known_origin
from datalab.portal.views.smart_territory import RIGHT, root, sentence

router = APIRouter(include_in_schema=False)
MODERATION: Right = "moderate:exchange"


@router.get("/smart-territory/peers/")
def posts(request: Request, q: str = "", tag: str = "") -> Response:
    person, language = person_of(request), language_of(request)
    with request.app.state.participation.reading() as connection:
        everything = peer.listed(connection, person.name if person else "")
    context = {
        "posts": peer.found(everything, q[:200], tag[:60]),
        "q": q[:200],
        "tag": tag[:60],
        "tags": sorted({t for one in everything if one.state == "published" for t in one.tags}),
        "parts": {k: {n: p.in_(language) for n, p in v.items()} for k, v in PARTS.items()},
        "states": STATE_NAMES,
        "allowed": person is not None and person.may(RIGHT),
        "moderator": person is not None and person.may(MODERATION),
    }
    return render(request, "smart_territory_peers.html", context)


@router.get("/smart-territory/peers/new")
def new(request: Request, kind: str = "question") -> Response:
    typed = {"origin": known_origin(request, require(request, RIGHT))}
    kind = kind if kind in {"sheet", "question"} else "question"
    return _form(request, kind, None, typed, {})


@router.get("/smart-territory/peers/{id}/answer")
def answer_form(request: Request, id: str) -> Response:
    typed = {"origin": known_origin(request, require(request, RIGHT))}
    with request.app.state.participation.reading() as connection:
        question = peer.get(connection, id)
    return _form(request, "answer", question, typed, {})


@router.post("/smart-territory/peers/new")
async def send(request: Request) -> Response:
    person = require(request, RIGHT)
    fields = {name: str(value) for name, value in (await form_of(request)).items()}
    language = language_of(request)
    kind, parent = fields.get("kind", ""), fields.get("parent") or None

    def work() -> Response:
        question = None
        try:
            with request.app.state.participation.writing() as connection:
                if parent is not None:
                    question = peer.get(connection, parent)
                moment = now().timestamp()
                peer.send(
                    connection,
                    kind=kind,
                    parent=parent,
                    fields=fields,
                    actor=person.name,
                    now=moment,
                    language=language,
                )
        except FieldRefused as error:
            wrong = {str(error.facts["name"]): sentence(error, language)}
            return _form(request, kind, question, fields, wrong, 422)
        text = translate("Thank you. It is published once somebody has read it.", language)
        return onward(f"{root(request)}/peers/", text)

    return await run_in_threadpool(work)


@router.get("/smart-territory/waiting")
def waiting(request: Request) -> Response:
    require(request, MODERATION)
    return _waiting(request, {})


@router.post("/smart-territory/waiting")
async def read_over(request: Request) -> Response:
    """Publish, refuse or take back one thing."""
    person = require(request, MODERATION)
    fields = await form_of(request)
    language, what = language_of(request), str(fields.get("what") or "")
    id, seen = str(fields.get("id") or ""), str(fields.get("seen") or "")

    def work() -> Response:
        act = shared.read_over if what == "document" else peer.read_over
        try:
            with request.app.state.participation.writing() as connection:
                act(
                    connection,
                    id,
                    state=str(fields.get("state") or ""),
                    reason=str(fields.get("reason") or ""),
                    seen=int(seen) if seen.isdecimal() and len(seen) < 9 else 0,
                    actor=person.name,
                    now=now().timestamp(),
                )
        except FieldRefused as error:
            problem = {id: sentence(error, language)}
            return _waiting(request, problem, error.status)
        except Stale as error:
            return _waiting(request, {"": error.message(language)}, error.status)
        return onward(f"{root(request)}/waiting", translate("It is done.", language))

    return await run_in_threadpool(work)


def _waiting(request: Request, problem: dict[str, str], status: int = 200) -> Response:
    language = language_of(request)
    with request.app.state.participation.reading() as connection:
        documents, found = shared.waiting(connection), peer.waiting(connection)
    context = {
        "documents": documents,
        "posts": found,
        "parts": {k: {n: p.in_(language) for n, p in v.items()} for k, v in PARTS.items()},
        "licenses": shared.LICENSES,
        "problem": problem,
    }
    return render(request, "smart_territory_waiting.html", context, status=status)


def _form(
    request: Request,
    kind: str,
    question: peer.Post | None,
    typed: dict[str, str],
    wrong: dict[str, str],
    status: int = 200,
) -> Response:
    language = language_of(request)
    context = {
        "kind": kind,
        "question": question,
        "typed": typed,
        "wrong": wrong,
        "parts": {name: phrase.in_(language) for name, phrase in PARTS[kind].items()},
        "needed": peer.NEEDED,
        "longest": peer.LONGEST,
    }
    return render(request, "smart_territory_say.html", context, status=status)
