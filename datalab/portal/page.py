"""One view, two answers: a dataclass rendered as a page for people or as JSON for machines."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request

from datalab.i18n import LANGUAGES, translate
from datalab.participation import letter
from datalab.people.accounts import speak
from datalab.people.identity import GROUP_NAMES
from datalab.portal import figures, notice
from datalab.portal.language import COOKIE, NAMES, YEAR, known, language_of, now, switched
from datalab.portal.person import (
    FIELD,
    is_navigation,
    may_be_known,
    person_of,
    recognise,
    signin_address,
)
from datalab.portal.visitor import open_form_token, remember

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
PAGE_ONLY = {"page_only": True}  # metadata of fields that only the page needs
SPREAD = {"spread": True}  # metadata of fields whose members stand in their place
# Of a page that holds what is this browser's alone (the token of a form, a private link): no cache
# keeps it, from which a script of another page could read it. The worker keeps it without that.
OWN = {"Cache-Control": "private, no-store", "X-Datalab-Kept": "stripped"}
# For answers that do not depend on who asks; one that does loses it on its way out (headers.py).
PUBLIC = {"Access-Control-Allow-Origin": "*"}


@cache
def environment() -> Environment:
    """The templates, every value escaped, every missing name an error."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["version_of"] = version_of
    return made


@cache
def version_of(name: str) -> str:
    """A few letters that change when a static file changes, so that it can be kept for long."""
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]


def render(
    request: Request,
    template: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The page of ``template`` in the reader's language."""
    language = language_of(request)
    prefix: str = request.app.state.prefix

    def t(message: str, **facts: object) -> str:
        return translate(message, language, **facts)

    def here(**changes: object) -> str:
        """This address with some parameters replaced; None takes one away."""
        pairs = [
            (k, v) for k, v in request.query_params.multi_items() if k not in {*changes, "lang"}
        ]
        pairs += [(k, str(v)) for k, v in changes.items() if v is not None]
        return f"{request.url.path}?{urlencode(pairs)}" if pairs else request.url.path

    person = person_of(request)
    if person is None and status == 200 and may_be_known(request):
        return recognise(request)
    notices = notice.notices_of(request)
    # Only a page that a person looks at holds the token: a script that fetches it learns nothing.
    token = person.csrf if person and is_navigation(request) else ""
    hidden = Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token)

    shared = {
        "person": person,
        "token": token,
        "form_token": lambda: hidden,
        "open_token": lambda: open_form_token(request),
        "trap": lambda: request.app.state.trap.field(now().timestamp(), language),
        "notices": notices,
        "signin": signin_address(request),
        "group_name": lambda group: GROUP_NAMES[group].in_(language),
        "moment_of": lambda at: figures.instant(datetime.fromtimestamp(at, UTC), language),
        "bytes_of": lambda count: figures.size(count, language),
        "t": t,
        "here": here,
        "language": language,
        "languages": [(code, NAMES[code], switched(request, code)) for code in LANGUAGES],
        "prefix": prefix,
        "letters": letter.possible(request.app.state.settings),
        "hub": request.app.state.hub,
        "number": lambda value, **how: figures.number(value, language, **how),
        "percent": lambda share: figures.percent(share, language),
        "day": lambda value: figures.day(value, language),
        "instant": lambda value: figures.instant(value, language),
        "unit": lambda value: figures.unit(value, language),
        "cell": lambda value, type_, name: figures.cell(value, type_, name, language),
    }
    html = environment().get_template(template).render({**shared, **context})
    response = HTMLResponse(html, status_code=status)
    response.headers["Vary"] = "Accept-Language, Cookie"
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Content-Language"] = language
    response.headers.update(headers or {})
    if "visitor" in request.scope["state"]:  # a form for everybody is on the page
        remember(request, response)
        if person is None and "Cache-Control" not in (headers or {}):
            response.headers.update(OWN)
    if notices:
        notice.forget(response, f"{prefix}/")
    chosen = known(request.query_params.get("lang"))
    if chosen and request.cookies.get(COOKIE) != chosen:
        response.set_cookie(
            COOKIE, chosen, max_age=YEAR, path=f"{prefix}/", samesite="lax", httponly=True
        )
        if person is not None:
            speak(request.app.state.store, person.name, chosen)
    return response


def page(request: Request, template: str, view: Any) -> Response:
    """The page of a view."""
    return render(request, template, {"view": view, "now": format_datetime(now(), usegmt=True)})


def document(request: Request, view: Any) -> Response:
    """The ``.json`` twin of a view."""
    body = json.dumps(plain(view), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    content = body.encode()
    tag = f'W/"{hashlib.sha256(content).hexdigest()[:24]}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "no-cache",
        "Vary": "Accept-Language, Cookie",
        **PUBLIC,
    }
    if matches(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


def matches(request: Request, tag: str) -> bool:
    """Whether the reader already holds this version (``If-None-Match``, compared weakly)."""
    asked = request.headers.get("if-none-match", "")
    held = {part.strip().removeprefix("W/") for part in asked.split(",")}
    return tag.removeprefix("W/") in held or "*" in held


def plain(value: Any) -> Any:
    """A view as JSON holds it, without the fields that only its page needs."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        members: dict[str, Any] = {}
        for field in dataclasses.fields(value):
            if field.metadata.get("page_only"):
                continue
            member = plain(getattr(value, field.name))
            members |= member if field.metadata.get("spread") else {field.name: member}
        return members
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
