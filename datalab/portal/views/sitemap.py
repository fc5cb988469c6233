"""``sitemap.xml``: the pages that search engines may find, and ``robots.txt`` which names it.

A search engine asks for ``robots.txt`` at the root of a host alone: whoever runs the host copies
the line, or tells the search engine where the sitemap is.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response
from starlette.requests import Request

from datalab.portal.addresses import root_of
from datalab.portal.library import Shelf
from datalab.portal.published import recent

router = APIRouter(tags=["metadata"])
MOST = 50_000  # addresses, https://www.sitemaps.org/protocol.html
SPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
PLACES = ("", "datasets/", "projects/", "sessions/", "participate/")
PAGES = 5_000


@router.get(
    "/sitemap.xml",
    summary="The public pages, for search engines",
    response_class=Response,
    responses={200: {"content": {"application/xml": {}}}},
)
def sitemap(request: Request) -> Response:
    root, shelf = root_of(request), _shelf(request)
    found: list[tuple[str, str | None]] = [(f"{root}/{place}", None) for place in PLACES]
    for name in sorted(shelf.holdings):
        good = shelf.holdings[name].good
        found.append((f"{root}/datasets/{name}", good["finished_at"] if good else None))
    host = root.removesuffix(request.app.state.prefix)
    found += [(host + one.href, one.at) for one in recent(request.app.state, PAGES)]
    lines = [
        f"<url><loc>{escape(address)}</loc>"
        + (f"<lastmod>{escape(str(at)[:10])}</lastmod>" if at else "")
        + "</url>"
        for address, at in found[:MOST]
    ]
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="{SPACE}">\n'
    text = body + "\n".join(lines) + "\n</urlset>\n"
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(text.encode(), media_type="application/xml", headers=headers)


@router.get("/robots.txt", include_in_schema=False)
def robots(request: Request) -> Response:
    """What the host's own ``robots.txt`` may say of the portal."""
    root, prefix = root_of(request), request.app.state.prefix
    closed = ("api/", "sql/", "me/", "control/", "people/")
    lines = ["User-agent: *", *(f"Disallow: {prefix}/{place}" for place in closed)]
    return PlainTextResponse("\n".join([*lines, "", f"Sitemap: {root}/sitemap.xml", ""]))


def _shelf(request: Request) -> Shelf:
    found: Shelf = request.app.state.library.shelf()
    return found
