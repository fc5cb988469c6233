"""The screen of the room: for a projector, read from far away, with nothing of anybody on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.portal import own
from datalab.portal.code import svg_of
from datalab.portal.language import language_of, now
from datalab.portal.limits import address_of
from datalab.portal.page import matches, render
from datalab.portal.pieces import drawn_large
from datalab.portal.scene import Scene
from datalab.portal.session_access import session_seen
from datalab.portal.views.taking_part import following, kind_of
from datalab.portal.visitor import remember, visitor_of

router = APIRouter(include_in_schema=False)
KIND = "screen"


def scene_of(request: Request, id: str) -> Scene:
    state, language = request.app.state, language_of(request)
    draw = drawn_large(state.library.shelf(), state.prefix, language)
    scene: Scene = state.scenes.get(id, language, draw, KIND)
    return scene


@router.get("/sessions/{id}/screen")
def look(request: Request, id: str) -> Response:
    """The question, the code, the phase and its clock, ideas as they come, votes, decisions."""
    session_seen(request, id)
    scene = scene_of(request, id)
    found, prefix = scene.facts.session, request.app.state.prefix
    address = f"{own.root_of(request)}{prefix}/join/{found.code}"
    context = {
        "session": found,
        "scene": scene,
        "ideas": [key for key in scene.pieces if key.startswith("idea-")],
        "kind": kind_of(scene),
        "code": svg_of(address),
        "short": f"{own.root_of(request)}{prefix}/join/".split("://", 1)[1],
        "moment": now().timestamp(),
    }
    return remember(request, render(request, "screen.html", context))


@router.get("/sessions/{id}/screen/now")
def poll(request: Request, id: str) -> Response:
    session_seen(request, id)
    scene = scene_of(request, id)
    tag = f'W/"screen-{id}-{scene.number}-{language_of(request)}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept-Language, Cookie"}
    if matches(request, tag):
        return Response(status_code=304, headers=headers)
    return JSONResponse({**scene.since({}), "kind": kind_of(scene)}, headers=headers)


@router.get("/sessions/{id}/screen/events")
async def events(request: Request, id: str, after: int = 0) -> Response:
    await run_in_threadpool(session_seen, request, id)
    known = request.app.state.scenes.known(id, language_of(request), after, KIND)
    visitor = visitor_of(request)
    address = address_of(request)
    name = f"address {address}" if visitor.new else f"visitor {visitor.token}"

    async def told() -> AsyncIterator[str]:
        key = (id, language_of(request), KIND)
        async for one in following(request, key, lambda: scene_of(request, id), known):
            yield one

    answer: Response = request.app.state.streams.answer(name, told, address)
    return answer
