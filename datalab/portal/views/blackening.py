"""Painting faces and plates over, by whoever moderates the picture, before anybody else sees it.

A net of boxes lies over the picture: it is ticked with a finger, a mouse or the keyboard, with
scripts or without.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import RightMissing, UnknownPage
from datalab.i18n import Phrase, translate
from datalab.participation import picture
from datalab.participation.picture import Rectangle
from datalab.portal.form import form_of
from datalab.portal.language import language_of
from datalab.portal.notice import onward
from datalab.portal.page import render
from datalab.portal.person import signed_in
from datalab.portal.views.pictures import may_moderate

router = APIRouter(include_in_schema=False)
COLUMNS, ROWS = 12, 9


@dataclass(frozen=True)
class Shown:
    """A picture under its net; ``back`` is where it is moderated."""

    id: str
    alternative: str
    accepted: bool
    wide: bool
    back: str


@router.get("/pictures/{id}/black-out")
def ask(id: str, request: Request) -> Response:
    return _page(request, id)


def _page(request: Request, id: str, problem: str = "") -> Response:
    row = row_of(request, id)
    view = Shown(
        id,
        row["alternative"],
        row["accepted"],
        row["width"] >= row["height"],
        _back(request, row["scope"]),
    )
    context = {"view": view, "columns": COLUMNS, "rows": ROWS, "problem": problem}
    return render(request, "picture_black_out.html", context, status=422 if problem else 200)


@router.post("/pictures/{id}/black-out")
async def paint(id: str, request: Request) -> Response:
    """Paint the ticked boxes black for good."""
    fields = await form_of(request)
    await run_in_threadpool(row_of, request, id)
    boxes = [box for text in fields.getlist("box") if (box := box_of(str(text))) is not None]
    language = language_of(request)
    if not boxes:
        problem = translate("Tick at least one box.", language)
        return await run_in_threadpool(_page, request, id, problem)
    state = request.app.state
    await picture.black_out(state.participation, state.settings, id, boxes)
    said = translate("Painted over. The picture as it was no longer exists.", language)

    return onward(f"{state.prefix}/pictures/{id}/black-out", said)


def box_of(text: str) -> Rectangle | None:
    """The rectangle of a box ``column-row``, as shares of the sides; None for anything else."""
    column, _, row = text.partition("-")
    if not (column.isdecimal() and row.isdecimal() and len(text) < 6):
        return None
    x, y = int(column), int(row)
    if not (0 <= x < COLUMNS and 0 <= y < ROWS):
        return None
    return (x / COLUMNS, y / ROWS, (x + 1) / COLUMNS, (y + 1) / ROWS)


def row_of(request: Request, id: str) -> Any:
    """The row of a picture, to whoever may moderate it.

    Raises
    ------
    SignInNeeded, RightMissing, UnknownPage
    """
    signed_in(request)
    with request.app.state.participation.reading() as connection:
        row = picture.get(connection, id)
    if row is None:
        raise UnknownPage(path=request.url.path[:80])
    if not may_moderate(request, row["scope"]):
        right, whom = Phrase("moderate pictures"), Phrase("who runs this")
        raise RightMissing(right=right, whom=whom)
    return row


def _back(request: Request, scope: str) -> str:
    prefix = request.app.state.prefix
    kind, _, id = scope.partition(":")
    if kind == "session":
        return f"{prefix}/sessions/{id}/board"
    return f"{prefix}/control/" if kind == "request" else f"{prefix}/"
