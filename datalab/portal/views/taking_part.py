"""The one page of a participant: it follows the session live, and takes what they say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from fastapi import APIRouter
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.i18n import translate
from datalab.participation import consent
from datalab.participation.agenda import Phase
from datalab.participation.contribution import LONGEST
from datalab.participation.journal import Change
from datalab.portal import own, streams
from datalab.portal.code import svg_of
from datalab.portal.evidence import choices
from datalab.portal.fate import mine_of
from datalab.portal.headers import LOCATING
from datalab.portal.language import language_of, now
from datalab.portal.limits import address_of
from datalab.portal.outbox import new_receipt
from datalab.portal.page import matches, render
from datalab.portal.pieces import drawn
from datalab.portal.place import place_field
from datalab.portal.scene import Scene
from datalab.portal.session_access import session_seen
from datalab.portal.taking import Part, part_of
from datalab.portal.telling import Telling
from datalab.portal.visitor import check_visitor, visitor_of

router = APIRouter(include_in_schema=False)


def scene_of(request: Request, id: str) -> Scene:
    """What every phone of the session shows."""
    state, language = request.app.state, language_of(request)
    scene: Scene = state.scenes.get(
        id, language, drawn(state.library.shelf(), state.prefix, language)
    )
    return scene


@router.get("/sessions/{id}/take-part")
def look(request: Request, id: str, about: str = "") -> Response:
    with request.app.state.participation.reading() as connection:
        found, part = part_of(request, connection, id)
    if part is None:
        prefix = request.app.state.prefix
        return RedirectResponse(
            f"{prefix}/join/{found.code}", status_code=303, headers={"Cache-Control": "no-store"}
        )
    return page(request, part, about=about)


def page(
    request: Request,
    part: Part,
    *,
    about: str = "",
    typed: dict[str, str] | None = None,
    wrong: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    """The page, with what was typed and what is wrong with it."""
    state, language = request.app.state, language_of(request)
    scene, wrong = scene_of(request, part.session.id), wrong or {}
    facts = scene.facts
    with state.participation.reading() as connection:
        mine = mine_of(connection, part, facts, language)
    groups = choices(state.library.shelf(), state.projects, facts.materials, language)
    parents = [idea for idea in facts.ideas if idea.one.id == (typed or {}).get("parent", about)]
    context = {
        "session": facts.session,
        "part": part,
        "scene": scene,
        "ideas": [key for key in scene.pieces if key.startswith("idea-")],
        "mine": mine,
        "kind": _kind(facts.phase, facts.session.state),
        "evidence": groups,
        "place": place_field(request, typed, wrong=wrong.get("place", "")),
        "parent": parents[0] if parents else None,
        "typed": typed or {},
        "wrong": wrong,
        "receipt": new_receipt(),
        "moment": now().timestamp(),
        "longest": LONGEST,
        "minor": consent.MINOR.in_(language),
    }
    return render(request, "take_part.html", context, status=status, headers=LOCATING)


def _kind(phase: Phase | None, state: str) -> str:
    if state == "closed":
        return "over"
    return phase.kind if phase else "wait"


@router.get("/sessions/{id}/take-part/now")
def poll(request: Request, id: str) -> Response:
    """The whole scene, for a page that no stream reaches; nothing in it is anybody's own."""
    scene = scene_of(request, id)
    if scene.facts.session.state == "draft":
        return JSONResponse({"number": 0, "pieces": {}, "ideas": []})
    tag = f'W/"{id}-{scene.number}-{language_of(request)}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept-Language, Cookie"}
    if matches(request, tag):
        return Response(status_code=304, headers=headers)
    return JSONResponse({**scene.since({}), "kind": kind_of(scene)}, headers=headers)


def kind_of(scene: Scene) -> str:
    return _kind(scene.facts.phase, scene.facts.session.state)


@router.get("/sessions/{id}/take-part/mine")
def own_part(request: Request, id: str) -> Response:
    """What is this participant's own, for the open page to put in its place.

    The page's own token has to come along: a notebook of the same host must not read it.
    """
    check_visitor(request, {})
    state, language = request.app.state, language_of(request)
    with state.participation.reading() as connection:
        found, part = part_of(request, connection, id)
        if part is None:
            return RedirectResponse(f"{state.prefix}/join/{found.code}", status_code=303)
        scene = scene_of(request, id)
        mine = mine_of(connection, part, scene.facts, language)
    context = {"mine": mine, "session": scene.facts.session, "part": part}
    headers = {"Cache-Control": "no-store"}
    return render(request, "take_part_mine.html", context, headers=headers)


@router.get("/sessions/{id}/take-part/events")
async def events(request: Request, id: str, after: int = 0) -> Response:
    """What changes, as it does: pieces for everybody, and a nod where something is one's own."""
    await run_in_threadpool(session_seen, request, id)
    author = await run_in_threadpool(_author, request, id)
    last = request.headers.get("last-event-id", "")
    seen = int(last) if last.isdecimal() and len(last) < 16 else after
    visitor = visitor_of(request)
    address = address_of(request)
    name = f"address {address}" if visitor.new else f"visitor {visitor.token}"
    known = request.app.state.scenes.known(id, language_of(request), seen)

    async def told() -> AsyncIterator[str]:
        key = (id, language_of(request), "phone")
        async for one in following(request, key, lambda: scene_of(request, id), known, author):
            yield one

    answer: Response = request.app.state.streams.answer(name, told, address)
    return answer


async def following(
    request: Request,
    key: tuple[str, str, str],
    shown: Callable[[], Scene],
    known: dict[str, str],
    author: str = "",
) -> AsyncIterator[str]:
    """Events of a scene from the state that a page has: of a session, language, kind of page."""
    yield "retry: 2000\n\n"
    telling: Telling = request.app.state.telling

    def kind(scene: Scene) -> dict[str, str]:
        return {"kind": kind_of(scene)}

    async for told in telling.listen(key, f"session:{key[0]}", shown, kind):
        if told is None:
            yield ": still here\n\n"
        elif isinstance(told, Scene):
            first = told.since(known)
            if first["pieces"] or not known:
                yield streams.event("scene", {**first, **kind(told)}, told.number)
        else:
            if author and any(concerns(change, author) for change in told.changes):
                yield streams.event("mine", {})
            yield told.text


def concerns(change: Change, author: str) -> bool:
    """Whether something of what an author said may have changed, or what they may do."""
    if change.kind in ("vote.open", "vote.close", "session.close", "session.open"):
        return True
    if change.kind.startswith("decision.") or change.actor == f"author:{author}":
        return True
    verb = change.kind.partition(".")[2]
    return change.kind.startswith("contribution.") and verb not in ("submit", "move")


def _author(request: Request, id: str) -> str:
    with request.app.state.participation.reading() as connection:
        _, part = part_of(request, connection, id, proven=False)
    return part.author.id if part else ""


@router.get("/sessions/{id}/my-link")
def link(request: Request, id: str) -> Response:
    """The private link: shown, to copy and to scan with another device."""
    state, language = request.app.state, language_of(request)
    with state.participation.reading() as connection:
        found, part = part_of(request, connection, id)
    if part is None:
        return RedirectResponse(f"{state.prefix}/join/{found.code}", status_code=303)
    address = own.link_of(request, part.author.secret)
    context = {
        "session": found,
        "part": part,
        "address": address,
        "code": svg_of(address),
        "title": translate("My private link", language),
    }
    return render(request, "my_link.html", context, headers={"Cache-Control": "no-store"})
