"""Pictures that people sent: to everybody once accepted, before that to moderators and the author.

They were drawn anew by the lab; even so they are served so that no browser could take one for
anything else than a picture.
"""

from __future__ import annotations

import re

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response
from starlette.requests import Request

from datalab.errors import UnknownPage, UnknownSession
from datalab.participation import picture
from datalab.participation.author import Author
from datalab.portal.language import now
from datalab.portal.own import authors_of
from datalab.portal.person import person_of
from datalab.portal.session_access import may_run, read

router = APIRouter(include_in_schema=False)
NAME = re.compile(r"(?P<id>[0-9a-z]{4,40})(?P<small>-small)?\.jpg")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Disposition": "inline",
}


@router.get("/pictures/{name}")
def show(request: Request, name: str) -> Response:
    """One picture; who may not see it learns nothing of its being there."""
    state, missing = request.app.state, UnknownPage(path=request.url.path[:80])
    match = NAME.fullmatch(name)
    if match is None:
        raise missing
    with state.participation.reading() as connection:
        row = picture.get(connection, match["id"])
        if row is None:
            raise missing
        if not row["accepted"]:
            authors = authors_of(request, connection, now().timestamp(), proven=False)
            if not (_is_author(row["author_id"], authors) or may_moderate(request, row["scope"])):
                raise missing
    path = state.settings.pictures / name
    if not path.is_file():
        raise missing
    kept = "public, max-age=300" if row["accepted"] else "private, no-store"
    headers = {**HEADERS, "Cache-Control": kept}
    return FileResponse(path, media_type="image/jpeg", headers=headers)


def may_moderate(request: Request, scope: str) -> bool:
    """Whether who asks decides what others may see of what came in ``scope``."""
    person = person_of(request)
    kind, _, id = scope.partition(":")
    if person is None:
        return False
    if kind == "session":
        try:
            return may_run(request, read(request, id), person)
        except UnknownSession:
            return person.may("facilitate:session")
    return person.may("handle:requests" if kind == "request" else "facilitate:session")


def _is_author(author_id: str | None, authors: list[Author]) -> bool:
    return author_id is not None and author_id in {author.id for author in authors}
