"""What changed in the catalog: a page, an Atom feed and a JSON Feed, for all and for each dataset.

Atom as in RFC 4287, JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/).
"""

from __future__ import annotations

import hashlib
import json as jsons
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid5
from xml.sax.saxutils import escape, quoteattr

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from datalab.i18n import Language, translate
from datalab.portal.changes import NAMESPACE, Event, Histories, events, events_of
from datalab.portal.language import language_of
from datalab.portal.library import Shelf
from datalab.portal.own import root_of
from datalab.portal.page import PAGE_ONLY, PUBLIC, matches, page

router = APIRouter(tags=["catalog"])
ATOM, FEED = "application/atom+xml", "application/feed+json"
LONG_AGO = "2026-01-01T00:00:00Z"  # of a feed in which nothing happened yet


@dataclass(frozen=True)
class ChangesView:
    """``dataset`` is None for the whole catalog."""

    language: Language
    name: str
    dataset: str | None
    events: list[Event]
    dataset_title: str = field(default="", metadata=PAGE_ONLY)

    @property
    def updated(self) -> str:
        return self.events[0].at if self.events else LONG_AGO


def view_of(request: Request, dataset: str | None) -> ChangesView:
    """The newest events.

    Raises
    ------
    UnknownDataset
    """
    state, language = request.app.state, language_of(request)
    shelf: Shelf = state.library.shelf()
    histories: Histories = state.histories
    if dataset is None:
        found = events(histories, state.library.lake, shelf, language)
        name = translate("Changes in the catalog of the data lab", language)
        return ChangesView(language, name, None, found)
    holding = shelf.get(dataset)
    title = holding.dataset.title.in_(language)
    found = events_of(histories, state.library.lake, holding, language)
    name = translate("Changes of “{title}”", language, title=title)
    return ChangesView(language, name, holding.id, found, title)


def _root(request: Request) -> str:
    root: str = root_of(request) + request.app.state.prefix
    return root


def _link(root: str, event: Event) -> str:
    return f"{root}/datasets/{event.dataset}"


def _answer(request: Request, text: str, media: str) -> Response:
    content = text.encode()
    tag = f'W/"{hashlib.sha256(content).hexdigest()[:24]}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "no-cache",
        "Vary": "Accept-Language, Cookie",
        **PUBLIC,
    }
    if matches(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=f"{media}; charset=utf-8", headers=headers)


def _atom(request: Request, dataset: str | None) -> Response:
    view, root = view_of(request, dataset), _root(request)
    own = f"{root}/datasets/{view.dataset}/changes" if view.dataset else f"{root}/changes"
    lab = translate("Data lab of Dijon Métropole", view.language)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{view.language}">',
        f"<title>{escape(view.name)}</title>",
        f"<id>urn:uuid:{_feed_id(view)}</id>",
        f"<updated>{escape(view.updated)}</updated>",
        f"<author><name>{escape(lab)}</name></author>",
        f'<link rel="self" type="{ATOM}" href={quoteattr(own + ".atom")}/>',
        f'<link rel="alternate" type="text/html" href={quoteattr(own)}/>',
    ]
    for event in view.events:
        lines += [
            "<entry>",
            f"<id>{event.id}</id>",
            f"<title>{_text(event.title)}</title>",
            f"<updated>{escape(event.at)}</updated>",
            f'<link rel="alternate" type="text/html" href={quoteattr(_link(root, event))}/>',
            f"<category term={quoteattr(event.kind)}/>",
            f"<summary>{_text(event.text)}</summary>",
            "</entry>",
        ]
    return _answer(request, "\n".join([*lines, "</feed>", ""]), ATOM)


def _json(request: Request, dataset: str | None) -> Response:
    view, root = view_of(request, dataset), _root(request)
    own = f"{root}/datasets/{view.dataset}/changes" if view.dataset else f"{root}/changes"
    document: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": view.name,
        "home_page_url": own,
        "feed_url": f"{own}.json",
        "language": view.language,
        "items": [
            {
                "id": event.id,
                "url": _link(root, event),
                "title": event.title,
                "content_text": event.text,
                "date_published": event.at,
                "tags": [event.kind, event.dataset],
                "_datalab": {
                    "kind": event.kind,
                    "dataset": event.dataset,
                    "snapshot": event.snapshot,
                    "release": event.release,
                },
            }
            for event in view.events
        ],
    }
    return _answer(request, jsons.dumps(document, ensure_ascii=False), FEED)


def _feed_id(view: ChangesView) -> str:
    return str(uuid5(NAMESPACE, f"feed {view.dataset or ''}"))


def _text(text: str) -> str:
    """What XML 1.0 can hold; a note may hold anything that somebody pasted."""
    kept = "".join(c for c in text if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff"))
    return escape("".join(c for c in kept if not "\ud800" <= c <= "\udfff"))


@router.get("/changes.atom", summary="What changed in the catalog, as Atom (RFC 4287)")
def atom(request: Request) -> Response:
    return _atom(request, None)


@router.get("/changes.json", summary="What changed in the catalog, as JSON Feed 1.1")
def json(request: Request) -> Response:
    return _json(request, None)


@router.get("/changes", include_in_schema=False)
def html(request: Request) -> Response:
    return page(request, "changes.html", view_of(request, None))


@router.get("/datasets/{dataset}/changes.atom", summary="What happened to a dataset, as Atom")
def dataset_atom(request: Request, dataset: str) -> Response:
    return _atom(request, dataset)


@router.get("/datasets/{dataset}/changes.json", summary="What happened to a dataset, as JSON Feed")
def dataset_json(request: Request, dataset: str) -> Response:
    return _json(request, dataset)


@router.get("/datasets/{dataset}/changes", include_in_schema=False)
def dataset_html(request: Request, dataset: str) -> Response:
    return page(request, "changes.html", view_of(request, dataset))
