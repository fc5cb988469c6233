"""The versions of a dataset: its snapshots and releases, what waits, and what a steward may do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import DatalabError
from datalab.i18n import Language, translate
from datalab.lake import notice as notices
from datalab.lake import release as releases
from datalab.lake.reader import table
from datalab.people import audit
from datalab.people.rights import Right
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.library import Holding
from datalab.portal.notice import onward
from datalab.portal.own import root_of
from datalab.portal.page import PAGE_ONLY, document, render
from datalab.portal.person import person_of, require
from datalab.portal.uses import Held, held_of
from datalab.restoring import restore

router = APIRouter(tags=["data"])
PAGE = 100
RIGHT: Right = "keep:versions"
PATIENCE = 5.0  # seconds to wait for a refresh that writes


@dataclass(frozen=True)
class VersionLine:
    """One snapshot; ``releases`` are its names, ``rollback`` the one whose rows it shows again."""

    snapshot: int
    at: str
    author: str | None
    rows: int | None
    sha256: str | None
    rollback: int | None
    releases: list[dict[str, str]]
    before: int | None = field(default=None, metadata=PAGE_ONLY)


@dataclass(frozen=True)
class VersionsView:
    """``keeps`` says how long snapshots stay that nothing points at."""

    dataset: str
    title: str
    publisher: str
    versions: list[VersionLine]
    total: int
    offset: int
    held: Held | None
    keeps: str
    may: bool = field(default=False, metadata=PAGE_ONLY)
    root: str = field(default="", metadata=PAGE_ONLY)


def view_of(request: Request, dataset: str, offset: int = 0) -> VersionsView:
    """Fill the page.

    Raises
    ------
    UnknownDataset
    """
    state, language = request.app.state, language_of(request)
    holding: Holding = state.library.shelf().get(dataset)
    named: dict[int, list[dict[str, str]]] = {}
    for one in holding.releases:
        about = {"name": one.name, "note": one.note, "at": one.at, "author": one.author}
        named.setdefault(one.snapshot, []).append(about)
    listed = holding.entry.snapshots
    numbers: list[int | None] = [int(s["snapshot"]) for s in listed]
    person = person_of(request)
    return VersionsView(
        dataset=holding.id,
        title=holding.dataset.title.in_(language),
        publisher=holding.dataset.publisher,
        versions=[
            VersionLine(
                int(s["snapshot"]),
                str(s["at"]),
                s.get("author"),
                s.get("rows"),
                s.get("sha256"),
                s.get("rollback"),
                named.get(int(s["snapshot"]), []),
                before,
            )
            for s, before in zip(listed, [*numbers[1:], None], strict=True)
        ][offset : offset + PAGE],
        total=len(listed),
        offset=offset,
        held=held_of(state.settings.lake, holding, language),
        keeps=_keeps(request, holding, language),
        may=person is not None and person.may(RIGHT),
        root=root_of(request),
    )


def _keeps(request: Request, holding: Holding, language: Language) -> str:
    own, settings = holding.dataset.keep_snapshots, request.app.state.settings
    if own is not None:
        return translate("The {count} newest versions are kept.", language, count=own)
    return translate(
        "The {count} newest versions are kept, and those replaced less than {days} days ago.",
        language,
        count=settings.keep_snapshots,
        days=int(settings.keep_days),
    )


@router.get(
    "/datasets/{dataset}/versions.json", summary="Snapshots, releases and announced changes"
)
def json(request: Request, dataset: str, offset: int = 0) -> Response:
    return document(request, view_of(request, dataset, max(0, offset)))


@router.get("/datasets/{dataset}/versions", include_in_schema=False)
def html(request: Request, dataset: str, offset: int = 0) -> Response:
    return _page(request, dataset, offset=max(0, offset))


def _page(
    request: Request,
    dataset: str,
    form: str = "",
    typed: Mapping[str, str] | None = None,
    problem: DatalabError | None = None,
    offset: int = 0,
) -> Response:
    view = view_of(request, dataset, offset)
    error = problem.message(language_of(request)) if problem else ""
    context = {"view": view, "form": form, "typed": dict(typed or {}), "error": error}
    return render(
        request, "dataset_versions.html", context, status=problem.status if problem else 200
    )


Deed = Callable[[Request, Holding, str, dict[str, str]], str]


async def _do(request: Request, dataset: str, form: str, deed: Deed) -> Response:
    """Send what was typed to ``deed``; where it refuses, show the page again with all of it."""
    person = require(request, RIGHT)
    fields = await form_of(request)
    typed = {name: str(fields.get(name, "")).strip() for name in ("name", "note", "snapshot")}
    state = request.app.state
    holding = state.library.shelf().get(dataset)
    try:
        text = await run_in_threadpool(deed, request, holding, person.name, typed)
    except DatalabError as problem:
        return await run_in_threadpool(_page, request, dataset, form, typed, problem)
    return onward(f"{state.prefix}/datasets/{holding.id}/versions", text)


def _number(holding: Holding, text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1
    table(holding.entry, number)
    return number


def _release(request: Request, holding: Holding, who: str, typed: dict[str, str]) -> str:
    state = request.app.state
    settings, moment = state.settings, now()
    made = releases.make(
        settings.lake,
        settings.writer,
        holding.entry,
        typed["name"],
        _number(holding, typed["snapshot"]),
        moment.isoformat(timespec="seconds"),
        who,
        typed["note"],
    )
    facts: dict[str, Any] = {"release": made.name, "snapshot": made.snapshot}
    audit.record(state.store, moment.timestamp(), who, "dataset.release", holding.id, **facts)
    return translate(
        "Version {snapshot} is called “{release}” from now on.",
        language_of(request),
        snapshot=made.snapshot,
        release=made.name,
    )


def _publish(request: Request, holding: Holding, who: str, typed: dict[str, str]) -> str:
    state = request.app.state
    settings, moment = state.settings, now()
    notices.release_early(settings.lake, settings.writer, holding.entry, who, typed["note"], moment)
    facts = {"note": typed["note"]}
    audit.record(state.store, moment.timestamp(), who, "dataset.publish-early", holding.id, **facts)
    return translate("The change will be published within a minute.", language_of(request))


def _rollback(request: Request, holding: Holding, who: str, typed: dict[str, str]) -> str:
    state, moment = request.app.state, now()
    to = _number(holding, typed["snapshot"])
    done = restore(state.settings, holding.id, to, who, typed["note"], moment, wait=PATIENCE)
    facts = {"to": to, "note": typed["note"]}
    audit.record(state.store, moment.timestamp(), who, "dataset.rollback", holding.id, **facts)
    return translate(
        "Version {snapshot} shows the rows of version {to} again.",
        language_of(request),
        snapshot=done.snapshot,
        to=to,
    )


@router.post("/datasets/{dataset}/versions/release", include_in_schema=False)
async def release(request: Request, dataset: str) -> Response:
    return await _do(request, dataset, "release", _release)


@router.post("/datasets/{dataset}/versions/publish", include_in_schema=False)
async def publish(request: Request, dataset: str) -> Response:
    return await _do(request, dataset, "publish", _publish)


@router.post("/datasets/{dataset}/versions/rollback", include_in_schema=False)
async def rollback(request: Request, dataset: str) -> Response:
    return await _do(request, dataset, "rollback", _rollback)
