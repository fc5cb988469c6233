"""Public pages made from notebooks: anybody reads them, and no script in one reaches anything.

A page is served under ``sandbox`` without ``allow-same-origin``: it has no origin, so that even a
hole in the cleaning of its HTML would give a script neither cookies nor the lab's answers, and
``script-src 'none'`` lets none run. Maps live in frames with a policy of their own: inline scripts
only, no request to anywhere, and the lab's map scripts written into the document.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.requests import Request

from datalab.errors import PublicationWithdrawn, UnknownPage, UnknownProject, UnknownPublication
from datalab.i18n import Language, Phrase
from datalab.portal import figures, publishing
from datalab.portal.code import svg_of
from datalab.portal.language import COOKIE, language_of
from datalab.portal.library import Shelf
from datalab.portal.page import PAGE_ONLY, PUBLIC, document, render
from datalab.portal.published import Published, recent
from datalab.projects import publication as publications
from datalab.projects.project import Project
from datalab.projects.publication import Publication

router = APIRouter(tags=["pages"])
YEAR = 365 * 24 * 3600
PAGE_POLICY = "; ".join(
    [
        # What is left out matters: no allow-same-origin, no allow-forms, no allow-top-navigation.
        # allow-scripts is for the frames, which inherit these flags; this page runs none.
        "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads",
        "default-src 'none'",
        "script-src 'none'",
        "style-src 'self'",
        "img-src 'self' data:",
        "frame-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
FRAME_HEADERS = {
    "Content-Security-Policy": "; ".join(
        [
            "sandbox allow-scripts",
            "default-src 'none'",
            "script-src 'unsafe-inline'",
            "style-src 'unsafe-inline'",
            "img-src data:",
            "form-action 'none'",
            "base-uri 'none'",
            "frame-src 'none'",
            # No frame-ancestors: the page around it has no origin that could be named here (seen
            # in Chromium: not even "*" fits). Whoever else frames it shows what anybody may read.
        ]
    ),
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
PICTURE_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; frame-ancestors 'none'",
}
MEDIA = {
    "png": ("image/png", PICTURE_HEADERS),
    "jpg": ("image/jpeg", PICTURE_HEADERS),
    "gif": ("image/gif", PICTURE_HEADERS),
    "webp": ("image/webp", PICTURE_HEADERS),
    "svg": ("image/svg+xml", PICTURE_HEADERS),
}
ASSET = re.compile(
    r'<script src="[^"]*/assets/([a-z.]+\.js)"></script>'
    r'|<link rel="stylesheet" href="[^"]*/assets/([a-z.]+\.css)">'
)


@dataclass(frozen=True)
class VersionLine:
    version: int
    href: str


@dataclass(frozen=True)
class SourceLine:
    """``newer_at`` is when newer data than these were published, None where these are the newest
    or the dataset is no longer there."""

    dataset: str
    snapshot: int
    title: str
    publisher: str
    license: str
    license_title: str
    at: str
    sha256: str
    href: str
    newer_at: str | None = None
    newest: str = field(default="", metadata=PAGE_ONLY)


@dataclass(frozen=True)
class PageView:
    """One version of a page. ``at`` and ``ran_at`` are ISO 8601."""

    project: str
    project_title: str
    name: str
    version: int
    newest: int
    title: str
    summary: str
    language: str
    at: str
    ran_at: str
    authors: list[str]
    license: str
    sources: list[SourceLine]
    parts: list[dict[str, str]]
    versions: list[VersionLine]
    href: str
    stable: str
    files: str = field(metadata=PAGE_ONLY)
    qr: Any = field(metadata=PAGE_ONLY)


@dataclass(frozen=True)
class PagesView:
    pages: list[Published]


@router.get("/pages.json", summary="Published pages, newest first")
def pages_json(request: Request) -> Response:
    return document(request, PagesView(recent(request.app.state, 200)))


@router.get("/pages/", include_in_schema=False)
def pages(request: Request) -> Response:
    return render(request, "pages.html", {"view": PagesView(recent(request.app.state, 200))})


@router.get("/pages/{slug}/{name}.json", summary="A published page: text, figures, sources")
def json(request: Request, slug: str, name: str) -> Response:
    return document(request, view_of(request, *_standing(request, slug, name, None)))


@router.get("/pages/{slug}/{name}/v/{version}.json", summary="One version of a published page")
def version_json(request: Request, slug: str, name: str, version: int) -> Response:
    return document(request, view_of(request, *_standing(request, slug, name, version)))


@router.get("/pages/{slug}/{name}", include_in_schema=False)
def html(request: Request, slug: str, name: str) -> Response:
    return _page(request, slug, name, None)


@router.get("/pages/{slug}/{name}/v/{version}", include_in_schema=False)
def version_html(request: Request, slug: str, name: str, version: int) -> Response:
    return _page(request, slug, name, version)


def _page(request: Request, slug: str, name: str, version: int | None) -> Response:
    request = anonymous(request)
    try:
        project, page = _standing(request, slug, name, version)
    except PublicationWithdrawn as gone:
        return render(request, "page_gone.html", {"error": gone, **gone.facts}, status=410)
    view = view_of(request, project, page)
    headers = {"Content-Security-Policy": PAGE_POLICY, "Referrer-Policy": "no-referrer"}
    return render(request, "page.html", {"view": view}, headers=headers)


def anonymous(request: Request) -> Request:
    """The request as of somebody unknown: a page without an origin has no use for who reads it."""
    chosen = request.cookies.get(COOKIE)
    kept = [(k, v) for k, v in request.scope["headers"] if k != b"cookie"]
    if chosen in {"fr", "en"}:
        kept.append((b"cookie", f"{COOKIE}={chosen}".encode()))
    state = {**request.scope.get("state", {}), "person": None}
    return Request({**request.scope, "headers": kept, "state": state}, request.receive)


def _standing(
    request: Request, slug: str, name: str, version: int | None
) -> tuple[Project, Publication]:
    """The page, where anybody may read it now.

    Raises
    ------
    UnknownPublication, PublicationWithdrawn
    """
    try:
        project: Project = request.app.state.projects.get(slug)
    except UnknownProject:
        raise UnknownPublication() from None
    page = publications.find(project, name, version)
    language = language_of(request)
    if project.manifest.status == "deleted":
        day = project.manifest.status_at or datetime.fromtimestamp(page.at, UTC)
        reason: str = Phrase("the project was deleted.")
    elif page.withdrawal is not None:
        day = datetime.fromtimestamp(page.withdrawal.at, UTC)
        reason = page.withdrawal.reason
    elif shut := publishing.closed(request.app.state.library.shelf(), page):
        day = datetime.now(UTC)
        reason = Phrase("the dataset “{dataset}” is no longer open to everybody.", dataset=shut[0])
    else:
        return project, page
    raise PublicationWithdrawn(day=figures.day(day, language), reason=reason)


def view_of(request: Request, project: Project, page: Publication) -> PageView:
    """Fill the page. Its own texts are in its own language, whatever the reader's is."""
    language, prefix = language_of(request), request.app.state.prefix
    shelf: Shelf = request.app.state.library.shelf()
    stable = f"{prefix}/pages/{page.slug}/{page.name}"
    here = f"{stable}/v/{page.version}"
    absolute = f"{request.url.scheme}://{request.url.netloc}{stable}"
    return PageView(
        project=page.slug,
        project_title=project.manifest.title.in_(language),
        name=page.name,
        version=page.version,
        newest=max(page.versions),
        title=page.title,
        summary=page.summary,
        language=page.language,
        at=_iso(page.at),
        ran_at=_iso(page.ran_at),
        authors=list(page.authors),
        license=page.license,
        sources=[_source(source, language, prefix, shelf) for source in page.sources],
        parts=[dict(part) for part in page.parts],
        versions=[VersionLine(n, f"{stable}/v/{n}") for n in reversed(page.versions)],
        href=here,
        stable=absolute,
        files=f"{here}/files/",
        qr=svg_of(absolute),
    )


def _source(
    source: publications.Source, language: Language, prefix: str, shelf: Shelf
) -> SourceLine:
    return SourceLine(
        dataset=source.dataset,
        snapshot=source.snapshot,
        title=source.title.get(language) or source.dataset,
        publisher=source.publisher,
        license=source.license,
        license_title=source.license_title,
        at=source.at,
        sha256=source.sha256,
        href=f"{prefix}/datasets/{source.dataset}?snapshot={source.snapshot}",
        newer_at=newer_at(shelf, source),
        newest=f"{prefix}/datasets/{source.dataset}",
    )


def newer_at(shelf: Shelf, source: publications.Source) -> str | None:
    """When the data that followed those of ``source`` were published, ISO 8601.

    A steward who went back to exactly these rows made no newer ones.
    """
    holding = shelf.holdings.get(source.dataset)
    listed = holding.entry.snapshots if holding else []
    if not listed or source.snapshot in (listed[0]["snapshot"], listed[0].get("rollback")):
        return None
    if int(listed[0]["snapshot"]) < source.snapshot:  # it moved to another lake meanwhile
        return None
    return str(listed[0]["at"])


@router.get("/pages/{slug}/{name}/v/{version}/files/{file}", include_in_schema=False)
def picture(request: Request, slug: str, name: str, version: int, file: str) -> Response:
    """A picture, or a frame with its own policy. Nothing here depends on who asks."""
    _, page = _standing(request, slug, name, version)
    content = page.file(file)
    if content is None:
        raise UnknownPage(path=file[:80])
    ending = file.rpartition(".")[2]
    # A page may be withdrawn at any time: asked again each time.
    headers = {"Cache-Control": "no-cache", "Cross-Origin-Resource-Policy": "same-site"}
    if ending == "html":
        if request.headers.get("sec-fetch-dest") == "document":
            # By itself it could send its reader anywhere, in the name of the lab's address.
            address = f"{request.app.state.prefix}/pages/{page.slug}/{page.name}/v/{page.version}"
            return RedirectResponse(address, status_code=303)
        return frame_of(request, content, headers)
    media, policy = MEDIA[ending]
    headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # the page has no origin
    return Response(content, media_type=media, headers={**policy, **headers})


def frame_of(
    request: Request, content: bytes, headers: Mapping[str, str] | None = None
) -> Response:
    """A frame's document under its own policy."""
    request.scope.setdefault("state", {})["framed"] = True
    return HTMLResponse(_inlined(request, content), headers={**FRAME_HEADERS, **(headers or {})})


def _inlined(request: Request, content: bytes) -> bytes:
    """A frame's document with the lab's own map scripts written into it: it may load nothing."""
    folder: Path = request.app.state.settings.assets

    def inline(match: re.Match[str]) -> str:
        name = match.group(1) or match.group(2)
        try:
            text = (folder / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return ""
        if match.group(1):
            return "<script>" + text.replace("</script", "<\\/script") + "</script>"
        return "<style>" + re.sub(r"url\((?!#)[^)]*\)", "none", text) + "</style>"

    text = content.decode("utf-8", "replace")
    if not re.match(r"\s*<!doctype", text, re.I):
        text = f"<!doctype html><meta charset=utf-8>{text}"
    return ASSET.sub(inline, text).encode()


@router.get("/pages/{slug}/{name}/v/{version}/notebook.ipynb", include_in_schema=False)
def notebook(request: Request, slug: str, name: str, version: int) -> Response:
    """The notebook as it was run for this version."""
    _, page = _standing(request, slug, name, version)
    headers = {
        "Content-Disposition": f'attachment; filename="{page.name}-{page.version}.ipynb"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "no-cache",
        **PUBLIC,
    }
    return Response(page.document, media_type="application/x-ipynb+json", headers=headers)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
