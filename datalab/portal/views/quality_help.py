"""The page that explains quality: each state of a dataset, what it means, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from datalab.catalog.badge import MARKS, STATES, label, meaning
from datalab.i18n import Language, Phrase
from datalab.portal.language import language_of, now
from datalab.portal.library import Shelf
from datalab.portal.page import render
from datalab.portal.state import badge

router = APIRouter(include_in_schema=False)
MOST = 5  # datasets that stand as examples

EXAMPLES: dict[str, Phrase] = {
    "published": Phrase(
        "Example: INSEE publishes the populations of 2023. 23 rows came, all the tests held, and "
        "everybody reads them since."
    ),
    "unchanged": Phrase(
        "Example: the file of the municipalities was fetched this morning; not a letter of it "
        "changed since last week."
    ),
    "kept": Phrase(
        "Example: the new file holds 22 municipalities instead of 23. It was kept out; you go on "
        "reading the version of before, and the page says which test failed, on which rows."
    ),
    "failed": Phrase(
        "Example: the producer's server did not answer, or sent a page instead of a file. You go "
        "on reading the version of before."
    ),
    "waiting": Phrase("Example: a dataset was described today; its first refresh is tonight."),
    "warning": Phrase(
        "Example: an unemployment rate of 31% is possible and would have no precedent. The data "
        "are published, with the row that surprises."
    ),
    "stale": Phrase("Example: a dataset promised every day was last read four days ago."),
}
ADVICE: dict[str, Phrase] = {
    "published": Phrase("Use it. Cite its version number, so that others read the same rows."),
    "unchanged": Phrase("Use it: nothing newer exists at the source."),
    "kept": Phrase(
        "What you read was checked, and may be older than you need: look at its date. The steward "
        "sees the failed tests and asks the producer."
    ),
    "failed": Phrase(
        "What you read was checked, and may be older than you need: look at its date. The lab "
        "tries again by itself."
    ),
    "waiting": Phrase("Come back, or ask its steward, who is named on its page."),
    "warning": Phrase(
        "Read the reservation before you conclude anything, and quote it with your result."
    ),
    "stale": Phrase("Look at the date before you use it for what happens now."),
}


@dataclass(frozen=True)
class Entry:
    """One state or mark. ``shown`` are datasets that have it now: id and title."""

    name: str
    label: str
    meaning: str
    example: str
    advice: str
    shown: list[tuple[str, str]]
    count: int


@router.get("/quality/")
def with_slash(request: Request) -> Response:
    return RedirectResponse(request.url.path.rstrip("/"), status_code=308)


@router.get("/quality")
def explained(request: Request) -> Response:
    language, shelf = language_of(request), request.app.state.library.shelf()
    found = _by_name(shelf, language)
    context = {
        "states": [_entry(name, found, language) for name in STATES],
        "marks": [_entry(name, found, language) for name in MARKS],
        "unchecked": found["unchecked"][:MOST],
        "unchecked_count": len(found["unchecked"]),
    }
    return render(request, "quality_help.html", context)


def _by_name(shelf: Shelf, language: Language) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {name: [] for name in (*STATES, *MARKS, "unchecked")}
    moment = now()
    for holding in shelf.holdings.values():
        told = badge(holding, moment)
        names = [told.name, *told.marks, *(["unchecked"] if told.unchecked else [])]
        for name in names:
            found[name].append((holding.id, holding.dataset.title.in_(language)))
    return found


def _entry(name: str, found: dict[str, list[tuple[str, str]]], language: Language) -> Entry:
    return Entry(
        name=name,
        label=label(name, language),
        meaning=meaning(name, language),
        example=EXAMPLES[name].in_(language),
        advice=ADVICE[name].in_(language),
        shown=found[name][:MOST],
        count=len(found[name]),
    )
