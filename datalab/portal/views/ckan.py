"""``/api/3/action/…``: the reading part of CKAN's Action API, by GET and by POST.

Answers and errors have CKAN's own shape, so that what speaks to any CKAN speaks to the lab.
``/api/action/…`` is the same door, by the address that ckanapi asks.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from datalab import __version__
from datalab.errors import DatalabError
from datalab.portal import ckan_search, datastore
from datalab.portal.addresses import root_of
from datalab.portal.ckan import BadQuery, Document, Invalid, NotFound, Site
from datalab.portal.form import body_of
from datalab.portal.language import language_of, now
from datalab.portal.page import PUBLIC
from datalab.portal.refusal import with_way

router = APIRouter(prefix="/api", tags=["ckan"])
LARGEST = 64 << 10  # bytes of a question
Action = Callable[[Request, Site, Document], Any]
SPOKEN = "2.11.0"  # the CKAN whose actions these are


def _listed(given: Document, name: str) -> list[str]:
    """A list, or the JSON or words of one."""
    value = given.get(name)
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise Invalid(**{name: "Not a json list"}) from None
    if not value:
        return []
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _named(given: Document, *names: str) -> str:
    for name in names:
        if given.get(name):
            return str(given[name])
    raise Invalid(**{names[0]: "Missing value"})


def _cut(given: Document, found: list[Any]) -> list[Any]:
    offset = datastore.whole(given, "offset", 0, 10**9)
    return found[offset : offset + datastore.whole(given, "limit", 1000, 1000)]


def _yes(given: Document, name: str) -> bool:
    return str(given.get(name, "")).lower() in ("true", "1", "yes", "on", "t", "y")


def package_search(request: Request, site: Site, given: Document) -> Document:
    filters = _listed(given, "fq_list") + ([str(given["fq"])] if given.get("fq") else [])
    return ckan_search.search(
        site,
        q=str(given.get("q") or ""),
        fq=filters,
        rows=datastore.whole(given, "rows", 10, ckan_search.MOST),
        start=datastore.whole(given, "start", 0, 10**9),
        sort=str(given.get("sort") or ""),
        facets=_listed(given, "facet.field"),
        facet_limit=datastore.whole(given, "facet.limit", 50, 10**6),
    )


def package_show(request: Request, site: Site, given: Document) -> Document:
    return site.package(site.holding(_named(given, "id", "name_or_id")))


def resource_show(request: Request, site: Site, given: Document) -> Document:
    return site.resource(*site.resource_of(_named(given, "id")))


def _collections(kind: str) -> tuple[Action, Action]:
    """``…_list`` and ``…_show`` of organizations or groups."""

    def names(site: Site) -> dict[str, Document]:
        if kind == "organization":
            return {
                name: site.organization(publisher)
                for name, publisher in site.organizations().items()
            }
        return {theme: site.group(theme) for theme in site.groups()}

    def all_(request: Request, site: Site, given: Document) -> list[Any]:
        found = names(site)
        asked = _listed(given, f"{kind}s")
        chosen = [name for name in found if not asked or name in asked]
        whole = _yes(given, "all_fields")
        return _cut(given, [found[name] if whole else name for name in chosen])

    def one(request: Request, site: Site, given: Document) -> Document:
        found = names(site).get(_named(given, "id"))
        if found is None:
            raise NotFound
        if not _yes(given, "include_datasets"):
            return {**found, "packages": [], "users": [], "extras": [], "tags": []}
        field = "organization" if kind == "organization" else "groups"
        packages = ckan_search.search(site, fq=[f'{field}:"{found["name"]}"'], rows=1000)["results"]
        return {**found, "packages": packages, "users": [], "extras": [], "tags": []}

    return all_, one


ORGANIZATIONS, GROUPS = _collections("organization"), _collections("group")
ACTIONS: dict[str, tuple[Action, str]] = {
    "package_list": (
        lambda request, site, given: _cut(given, [one.id for one in site.holdings()]),
        "The names of all datasets",
    ),
    "package_show": (package_show, "A dataset, by id"),
    "package_search": (package_search, "Datasets that meet q and fq, with facets"),
    "current_package_list_with_resources": (
        lambda request, site, given: [site.package(one) for one in _cut(given, site.holdings())],
        "All datasets with their resources",
    ),
    "resource_show": (resource_show, "A resource, by id"),
    "organization_list": (ORGANIZATIONS[0], "The producers"),
    "organization_show": (ORGANIZATIONS[1], "A producer, by id"),
    "group_list": (GROUPS[0], "The themes"),
    "group_show": (GROUPS[1], "A theme, by id"),
    "tag_list": (lambda request, site, given: _cut(given, site.tags()), "The keywords"),
    "license_list": (lambda request, site, given: site.licenses(), "The licences"),
    "datastore_search": (
        datastore.search,
        "Rows of a resource: filters, q, sort, fields, limit, offset",
    ),
    "site_read": (lambda request, site, given: True, "Whether the site may be read"),
    "status_show": (
        lambda request, site, given: {
            "ckan_version": SPOKEN,
            "site_url": site.root,
            "site_title": "Data lab of Dijon Métropole",
            "site_description": f"datalab {__version__}",
            "locale_default": "fr",
            "extensions": ["datastore"],
        },
        "What answers here",
    ),
    "help_show": (
        lambda request, site, given: _help(_named(given, "name")),
        "What an action does, by name",
    ),
}


def _help(name: str) -> str:
    if name not in ACTIONS:
        raise NotFound
    return ACTIONS[name][1]


def _answer(request: Request, name: str, given: Document) -> Response:
    site = Site(request.app.state.library.shelf(), root_of(request), language_of(request), now)
    help_ = f"{site.root}/api/3/action/help_show?name={name}"

    def failed(status: int, kind: str, error: Document) -> Response:
        return _json({"help": help_, "success": False, "error": {**error, "__type": kind}}, status)

    try:
        result = ACTIONS[name][0](request, site, given)
    except NotFound:
        return failed(404, "Not Found Error", {"message": "Not found"})
    except Invalid as error:
        return failed(409, "Validation Error", error.fields)
    except BadQuery as error:
        return failed(400, "Search Query Error", {"message": f"Search Query is invalid: {error}"})
    except DatalabError as error:
        kinds = {401: "Authorization Error", 403: "Authorization Error", 404: "Not Found Error"}
        kind = kinds.get(error.status, "Validation Error")
        said = with_way(request, error, site.language).message(site.language)
        if kind == "Authorization Error":
            said = f"Access denied: {said}"
        return failed(error.status, kind, {"message": said})
    return _json({"help": help_, "success": True, "result": result})


def _json(document: Any, status: int = 200) -> Response:
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    headers = {
        "Cache-Control": "no-cache" if status == 200 else "no-store",
        "Vary": "Accept-Language, Authorization, Cookie",
        **PUBLIC,
    }
    content = text.encode("utf-8", "replace")
    return Response(content, status, media_type="application/json", headers=headers)


def _reading(name: str) -> Callable[[Request], Response]:
    def action(request: Request) -> Response:
        return _answer(request, name, dict(request.query_params))

    return action


def _asked(name: str) -> Callable[[Request], Any]:
    async def action(request: Request) -> Response:
        body = await body_of(request, LARGEST)
        try:
            given = json.loads(body) if body.strip() else {}
        except (ValueError, RecursionError):
            return _json("Bad request - JSON Error: Error decoding JSON data.", 400)
        if not isinstance(given, dict):
            return _json("Bad request - JSON Error: JSON data must be a dict.", 400)
        return await asyncio.to_thread(_answer, request, name, given)

    return action


for _name, (_, _about) in ACTIONS.items():
    for _at in ("/3/action", "/action"):
        _shown = _at == "/3/action"
        router.add_api_route(
            f"{_at}/{_name}", _reading(_name), summary=_about, include_in_schema=_shown
        )
        router.add_api_route(
            f"{_at}/{_name}",
            _asked(_name),
            methods=["POST"],
            summary=_about,
            include_in_schema=False,
        )


@router.get("/3", include_in_schema=False)
@router.get("/3/", include_in_schema=False)
def version() -> Response:
    return _json({"version": 3})


@router.api_route("/3/action/{name}", methods=["GET", "POST"], include_in_schema=False)
@router.api_route("/action/{name}", methods=["GET", "POST"], include_in_schema=False)
def unknown(name: str) -> Response:
    return _json(f"Bad request - Action name not known: {name[:80]}", 400)
