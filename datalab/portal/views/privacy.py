"""``privacy/``: the register of processing as people read it, and as JSON."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from datalab.i18n import Language
from datalab.participation.activities import ACTIVITIES
from datalab.participation.consent import MINOR, VERSION, YOUNGEST
from datalab.participation.register import PERIODS, Activity
from datalab.portal.language import language_of
from datalab.portal.page import document, page

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Entry:
    """One activity in the reader's language; ``tables`` are where it lies."""

    id: str
    title: str
    purpose: str
    basis: str
    people: str
    data: str
    recipients: str
    retention: list[str]
    rights: str
    tables: list[str]


@dataclass(frozen=True)
class Register:
    """``contact`` is whom people write to about their data, "" where the lab was told none."""

    activities: list[Entry]
    contact: str
    minors: str
    youngest: int
    consent: str


def entry_of(activity: Activity, language: Language) -> Entry:
    periods = [PERIODS[kept].in_(language) for kept in activity.kept]
    if activity.until is not None:
        periods.append(activity.until.in_(language))
    return Entry(
        activity.id,
        activity.title.in_(language),
        activity.purpose.in_(language),
        activity.basis.in_(language),
        activity.people.in_(language),
        activity.data.in_(language),
        activity.recipients.in_(language),
        periods,
        activity.rights.in_(language),
        list(activity.tables),
    )


def view_of(request: Request) -> Register:
    language = language_of(request)
    return Register(
        [entry_of(activity, language) for activity in ACTIVITIES],
        request.app.state.settings.privacy_contact,
        MINOR.in_(language),
        YOUNGEST,
        VERSION,
    )


@router.get("/privacy")
def without_slash(request: Request) -> Response:
    return RedirectResponse(f"{request.url.path}/", status_code=308)


@router.get("/privacy/")
def show(request: Request) -> Response:
    return page(request, "privacy.html", view_of(request))


@router.get("/privacy.json")
def as_json(request: Request) -> Response:
    return document(request, view_of(request))
