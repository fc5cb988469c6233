"""The words that describe a photo to who does not see it, put right by whoever moderates it."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import Connection, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.i18n import translate
from datalab.participation import picture
from datalab.participation.screening import screen
from datalab.participation.tables.contribution import CONTRIBUTION
from datalab.portal.form import form_of
from datalab.portal.language import language_of
from datalab.portal.notice import onward
from datalab.portal.views.blackening import row_of

router = APIRouter(include_in_schema=False)


@router.post("/pictures/{id}/describe")
async def describe(id: str, request: Request) -> Response:
    """Keep the new words, screened; those of somebody else who was faster stay."""
    fields = await form_of(request)
    return await run_in_threadpool(
        _keep, request, id, str(fields.get("shows", "")), str(fields.get("was", ""))
    )


def _keep(request: Request, id: str, shows: str, was: str) -> Response:
    row, language = row_of(request, id), language_of(request)
    with request.app.state.participation.writing() as connection:
        kept = picture.describe(connection, id, screen(shows, language).said, was)
        back = _back(connection, id, row["scope"])
    if kept:
        said = translate("The description of the photo is saved.", language)
    else:
        said = translate(
            "Somebody else changed this description a moment ago: read it, and change it again.",
            language,
        )
    return onward(f"{request.app.state.prefix}{back}", said)


def _back(connection: Connection, id: str, scope: str) -> str:
    """Where the picture is moderated."""
    kind, _, of = scope.partition(":")
    if kind != "session":
        return f"/control/{of}"
    asked = select(CONTRIBUTION.c.id).where(CONTRIBUTION.c.picture_id == id)
    card = connection.execute(asked).scalar()
    return f"/sessions/{of}/board" + (f"/cards/{card}" if card else "")
