"""One's own tokens: made for a program, shown once, revoked at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from datalab.errors.grant import TokenNotMade
from datalab.i18n import Phrase, translate
from datalab.people import tokens
from datalab.portal.admission import end_of
from datalab.portal.figures import DIJON
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.own import root_of
from datalab.portal.page import render
from datalab.portal.person import Person, signed_in

router = APIRouter(include_in_schema=False)
DAYS = 180  # offered
PRIVATE = {"Cache-Control": "private, no-store"}


@router.get("/me/tokens/")
def with_slash(request: Request) -> Response:
    return RedirectResponse(request.url.path.removesuffix("/"), status_code=308)


@router.get("/me/tokens")
def listing(request: Request) -> Response:
    return _page(request, signed_in(request), {}, None)


@router.post("/me/tokens")
async def make(request: Request) -> Response:
    """A new token; its words are on this answer alone."""
    person = signed_in(request)
    fields = await form_of(request)
    typed = {name: str(fields.get(name, "")).strip() for name in ("name", "until")}
    state, moment = request.app.state, now().timestamp()
    try:
        made, words = tokens.make(
            state.store, moment, person.name, typed["name"], end_of(typed["until"])
        )
    except TokenNotMade as problem:
        return _page(request, person, typed, problem)
    root = f"{root_of(request)}{state.prefix}"
    context = {"made": made, "words": words, "root": root}
    return render(request, "token_new.html", context, headers=PRIVATE)


@router.post("/me/tokens/{id}/revoke")
async def revoke(request: Request, id: str) -> Response:
    person = signed_in(request)
    await form_of(request)
    state = request.app.state
    token = tokens.revoke(state.store, now().timestamp(), person.name, id)
    text = translate(
        "The token “{name}” opens nothing any more.", language_of(request), name=token.name
    )
    return onward(f"{state.prefix}/me/tokens", text)


def _page(
    request: Request, person: Person, typed: dict[str, str], problem: TokenNotMade | None
) -> Response:
    state, language, moment = request.app.state, language_of(request), now().timestamp()
    settings = state.settings
    today = now().astimezone(DIJON).date()
    reason = problem.facts.get("reason") if problem else None
    context: dict[str, Any] = {
        "rows": [(one, one.opens(moment)) for one in tokens.listed(state.store, person.name)],
        "typed": {"name": "", "until": (today + timedelta(days=DAYS)).isoformat(), **typed},
        "earliest": (today + timedelta(days=1)).isoformat(),
        "latest": (today + timedelta(days=365)).isoformat(),
        "longest_name": tokens.LONGEST_NAME,
        "wrong": str(problem.facts.get("field", "")) if problem else "",
        "problem": reason.in_(language) if isinstance(reason, Phrase) else "",
        "per_minute": settings.token_requests_per_minute,
        "per_day": settings.token_requests_per_day,
        "bytes_per_day": settings.token_bytes_per_day,
    }
    status = problem.status if problem else 200
    return render(request, "tokens.html", context, status=status, headers=PRIVATE)
