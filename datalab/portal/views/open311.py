"""Open311 GeoReport v2: discovery, services, definitions, requests and tokens, in XML and JSON.

``open311/v2`` records; ``open311/test/v2`` answers alike and records nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from datalab.errors import (
    CallRefused,
    InvalidParameter,
    MethodNotServed,
    UnknownJurisdiction,
    UnknownResource,
    UnknownToken,
)
from datalab.i18n import Language, Phrase, translate
from datalab.participation import picture, request_list, service
from datalab.participation import request as requests
from datalab.participation.categories import WRITTEN
from datalab.participation.request_state import Request as Found
from datalab.portal import open311_document as document
from datalab.portal.form import LARGEST, MULTIPART, body_of, content_type, fields_of
from datalab.portal.language import language_of, now
from datalab.portal.limits import allow
from datalab.portal.open311_failure import GeoReportRoute
from datalab.portal.open311_format import CROSS_ORIGIN, Format, respond
from datalab.portal.open311_query import asked
from datalab.portal.open311_report import Recorded, record, sent
from datalab.portal.own import root_of

router = APIRouter(route_class=GeoReportRoute, include_in_schema=False)
SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
AGENCY = "Dijon Métropole"
LARGEST_PICTURE = picture.LARGEST + LARGEST
UNREADABLE = Phrase(
    "a form is needed, application/x-www-form-urlencoded or multipart/form-data, in UTF-8"
)
ANY = ("GET", "POST", "PUT", "PATCH", "DELETE")
ROOTS = ("/open311/v2", "/open311/test/v2")
PREFLIGHT = {
    **CROSS_ORIGIN,
    "Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type, Idempotency-Key",
    "Access-Control-Max-Age": "86400",
}


class Call(NamedTuple):
    """What every answer depends on."""

    format: Format
    language: Language
    base: str  # where people reach the portal


@router.options("/open311/{path:path}")
def preflight(path: str) -> Response:
    """Any page may call: nothing here rests on a cookie."""
    return Response(status_code=204, headers=PREFLIGHT)


@router.get("/open311/discovery.{format}")
def discovery(request: Request, format: str) -> Response:
    call = _call(request, format)
    with request.app.state.participation.reading() as connection:
        changed = service.changed_at(connection)
    changeset = max(WRITTEN, document.moment(changed) or "")
    endpoints = [
        {
            "specification": SPECIFICATION,
            "url": f"{call.base}{root}",
            "changeset": changeset,
            "type": kind,
            "formats": ["text/xml", "application/json"],
        }
        for root, kind in zip(ROOTS, ("production", "test"), strict=True)
    ]
    guide = f"{call.base}/open311/"
    contact = "Read {guide}, or ask an agent of the lab."
    found = {
        "changeset": changeset,
        "contact": translate(contact, call.language, guide=guide),
        "key_service": translate(
            "An agent makes a key for who asks: {guide} says how.", call.language, guide=guide
        ),
        "endpoints": endpoints,
    }
    return respond("discovery", found, call.format)


@router.get("/open311/v2/services.{format}")
@router.get("/open311/test/v2/services.{format}")
def services(request: Request, format: str) -> Response:
    call = _call(request, format)
    with request.app.state.participation.reading() as connection:
        offered = service.services(connection)
    return respond(
        "services", [document.service(one, call.language) for one in offered], call.format
    )


@router.get("/open311/v2/services/{code}.{format}")
@router.get("/open311/test/v2/services/{code}.{format}")
def definition(request: Request, code: str, format: str) -> Response:
    call = _call(request, format)
    with request.app.state.participation.reading() as connection:
        about = service.get(connection, code)
    return respond("service_definition", document.definition(about, call.language), call.format)


@router.get("/open311/v2/requests.{format}")
@router.get("/open311/test/v2/requests.{format}")
def listing(request: Request, format: str) -> Response:
    call = _call(request, format)
    wanted = asked(request.query_params, now().timestamp())

    def make() -> list[dict[str, Any]]:
        with request.app.state.participation.reading() as connection:
            found = request_list.listed(connection, wanted.filter)
            return _documents(connection, found, call, wanted.extended)

    key = ("open311", str(request.query_params), call)
    documents = request.app.state.sharing.of(key, make)
    headers = {}
    if wanted.page is not None:
        full = len(documents) == wanted.filter.limit
        headers["Link"] = ", ".join(_pages(request, wanted.page, full))
    return respond("service_requests", documents, call.format, headers=headers)


@router.get("/open311/v2/requests/{id}.{format}")
@router.get("/open311/test/v2/requests/{id}.{format}")
def one(request: Request, id: str, format: str) -> Response:
    call = _call(request, format)
    extended = request.query_params.get("extensions", "").lower() in ("true", "1")
    with request.app.state.participation.reading() as connection:
        found = requests.public(connection, id)
        documents = _documents(connection, [found], call, extended)
    return respond("service_requests", documents, call.format)


@router.get("/open311/v2/tokens/{token}.{format}")
@router.get("/open311/test/v2/tokens/{token}.{format}")
def token(request: Request, token: str, format: str) -> Response:
    """The number behind a token: none as long as an agent has not read the report."""
    call = _call(request, format)
    with request.app.state.participation.reading() as connection:
        found = requests.find_token(connection, token)
    if found is None or found.moderation == "rejected":
        raise UnknownToken(token=token[:60])
    id = found.id if found.moderation == "accepted" else None
    return respond("service_requests", [{"service_request_id": id, "token": token}], call.format)


@router.post("/open311/v2/requests.{format}")
@router.post("/open311/test/v2/requests.{format}")
async def create(request: Request, format: str) -> Response:
    multipart = content_type(request) == MULTIPART
    if multipart:
        allow(request, "picture")
    body = await body_of(request, LARGEST_PICTURE if multipart else LARGEST)
    try:
        fields = await fields_of(request, body)
    except InvalidParameter:
        raise CallRefused(field="body", reason=UNREADABLE) from None
    call = _call(request, format, str(fields.get("jurisdiction_id", "")))
    trial = "/open311/test/" in request.url.path
    receipt = request.headers.get("idempotency-key", "").strip()
    done = await record(
        request, sent(fields, receipt, call.language), now().timestamp(), trial=trial
    )
    answer: dict[str, Any] = {}
    if done.submitted.id is None:
        answer["token"] = done.submitted.token
    else:
        answer["service_request_id"] = done.submitted.id
    answer |= {"service_notice": _notice(done, call.language, trial), "account_id": None}
    headers = {"Cache-Control": "no-store"}
    return respond("service_requests", [answer], call.format, headers=headers)


@router.api_route("/open311/{path:path}", methods=list(ANY))
def nothing(request: Request, path: str) -> Response:
    """An address that does not exist, or one that only answers other methods."""
    shown = path[:80]
    if request.method not in ("GET", "HEAD"):
        for root in ROOTS:
            resource, _, format = f"/open311/{path}".removeprefix(f"{root}/").rpartition(".")
            known = resource.partition("/")[0] in ("services", "requests", "tokens")
            if known and format in ("xml", "json"):
                raise MethodNotServed(path=shown, method=request.method[:20])
    raise UnknownResource(path=shown)


def _call(request: Request, format: str, jurisdiction: str = "") -> Call:
    """Raises UnknownResource, UnknownJurisdiction."""
    if format not in ("xml", "json"):
        raise UnknownResource(path=request.url.path.rpartition("/open311/")[2][:80])
    state = request.app.state
    given = (jurisdiction or request.query_params.get("jurisdiction_id", "")).strip()
    known: str = state.settings.jurisdiction
    if given and given.lower().removeprefix("www.") != known:
        raise UnknownJurisdiction(id=given[:80], known=known)
    kind: Format = "json" if format == "json" else "xml"
    return Call(kind, language_of(request), f"{root_of(request)}{state.prefix}")


def _documents(
    connection: Any, found: Sequence[Found], call: Call, extended: bool
) -> list[dict[str, Any]]:
    kinds = {about.code: about for about in service.services(connection, every=True)}
    pictures = request_list.shown_pictures(connection, found)
    documents = [
        document.request(one, kinds[one.service_code], call.base, AGENCY, call.language, pictures)
        for one in found
    ]
    if extended:
        notes = request_list.notes(connection, [one.id for one in found])
        for made, one in zip(documents, found, strict=True):
            kind = kinds[one.service_code]
            made |= document.extended(one, kind, notes[one.id], call.language)
    return documents


def _pages(request: Request, page: int, full: bool) -> list[str]:
    """Where the pages before and after this one are (RFC 8288)."""
    pairs = [(k, v) for k, v in request.query_params.multi_items() if k != "page"]
    near = [("prev", page - 1)] if page > 1 else []
    near += [("next", page + 1)] if full else []
    path = request.url.path
    return [
        f'<{path}?{urlencode([*pairs, ("page", number)])}>; rel="{relation}"'
        for relation, number in near
    ]


def _notice(done: Recorded, language: Language, trial: bool) -> str:
    """What happens next, and what was not kept."""
    said = []
    if trial:
        said.append(translate("This was a test: nothing was recorded.", language))
    elif done.submitted.id is None:
        said.append(
            translate("An agent reads it before it is shown: ask again with the token.", language)
        )
    else:
        hours = round(done.service.closure_hours)
        said.append(translate("It should be solved within {hours} hours.", language, hours=hours))
    if done.dropped:
        names = ", ".join(done.dropped)
        said.append(translate("Not kept, since it is not needed: {names}.", language, names=names))
    return " ".join(said)
