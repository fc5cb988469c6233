"""One municipality: its answers theme by theme, what follows from them, its team, its files."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request

from datalab.errors import AssessmentClosed, FieldRefused, Stale, UnknownAssessment
from datalab.i18n import Phrase, translate
from datalab.methods.maturity import HIGHEST
from datalab.participation import maturity
from datalab.participation.grid import Theme
from datalab.participation.maturity import Assessment, Given, Typed
from datalab.participation.team import let_in, take_out
from datalab.people import accounts
from datalab.people.rights import may
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.maturity import STRATUM_NAMES, MaturityView, assessment_for, csv_of, view_of
from datalab.portal.notice import onward
from datalab.portal.page import document, render
from datalab.portal.person import Person, require
from datalab.portal.printing import file
from datalab.portal.views.smart_territory import RIGHT, root, sentence

router = APIRouter(include_in_schema=False)
PRIVATE = {"Cache-Control": "private, no-store"}


@router.get("/smart-territory/communes/{code}.json")
def as_json(request: Request, code: str, turn: int | None = None) -> Response:
    answer = document(request, _view(request, code, turn))
    del answer.headers["Access-Control-Allow-Origin"]
    answer.headers.update(PRIVATE)
    return answer


@router.get("/smart-territory/communes/{code}.csv")
def as_csv(request: Request, code: str, turn: int | None = None) -> Response:
    text = csv_of(_view(request, code, turn))
    answer = file(request, text.encode, f"auto-diagnostic-{code[:5]}.csv", "text/csv")
    answer.headers.update(PRIVATE)
    return answer


@router.get("/smart-territory/communes/{code}/")
def commune(request: Request, code: str, turn: int | None = None) -> Response:
    return _commune(request, code, {}, turn=turn)


@router.post("/smart-territory/communes/{code}/close")
async def close(request: Request, code: str) -> Response:
    person = require(request, RIGHT)
    fields = await form_of(request)
    language = language_of(request)

    def work() -> Response:
        try:
            with request.app.state.participation.writing() as connection:
                one = assessment_for(connection, person, code)
                seen, moment = _seen(fields.get("seen")), now().timestamp()
                maturity.close(connection, one, seen=seen, actor=person.name, now=moment)
        except (FieldRefused, Stale, AssessmentClosed) as error:
            return _commune(request, code, {"close": error.message(language)}, error.status)
        text = translate("The self-assessment is closed. Thank you.", language)
        return onward(f"{root(request)}/communes/{one.commune}/", text)

    return await run_in_threadpool(work)


@router.post("/smart-territory/communes/{code}/team")
async def change_team(request: Request, code: str) -> Response:
    """Let an account in, or take one out."""
    person = require(request, RIGHT)
    fields = await form_of(request)
    language, account = language_of(request), str(fields.get("account") or "").strip()

    def work() -> Response:
        act = take_out if fields.get("act") == "out" else let_in
        try:
            found = accounts.find(request.app.state.store, account)
            if act is let_in and (found is None or not may(found.groups, RIGHT)):
                reason = Phrase("There is no account of this name that may answer.")
                raise FieldRefused("account", reason)
            with request.app.state.participation.writing() as connection:
                one = assessment_for(connection, person, code)
                moment = now().timestamp()
                act(connection, one.commune, account, actor=person.name, now=moment)
        except FieldRefused as error:
            problem = {"account": sentence(error, language), "typed": account}
            return _commune(request, code, problem, error.status)
        text = translate("The team has changed.", language)
        return onward(f"{root(request)}/communes/{one.commune}/#team", text)

    return await run_in_threadpool(work)


@router.get("/smart-territory/communes/{code}/{theme}")
def answer_form(request: Request, code: str, theme: str) -> Response:
    person = require(request, RIGHT)
    with request.app.state.participation.reading() as connection:
        one = assessment_for(connection, person, code)
        held = maturity.answers(connection, one)
    return _theme(request, one, _theme_of(one, theme), held, {}, {})


@router.post("/smart-territory/communes/{code}/{theme}")
async def answer(request: Request, code: str, theme: str) -> Response:
    """Keep a theme; what somebody else changed meanwhile is shown beside what was typed."""
    person = require(request, RIGHT)
    fields = await form_of(request)
    return await run_in_threadpool(_answer, request, person, code, theme, fields)


def _answer(request: Request, person: Person, code: str, theme: str, fields: FormData) -> Response:
    language = language_of(request)
    with request.app.state.participation.reading() as connection:
        one = assessment_for(connection, person, code)
    chosen = _theme_of(one, theme)
    typed = {item.id: _typed(item.id, fields) for item in chosen.items}
    wrong: dict[str, str] = {}
    for each in typed.values():
        try:
            each.values()
        except FieldRefused as error:
            wrong[str(error.facts["name"])] = sentence(error, language)
    status = 422
    if not wrong:
        try:
            with request.app.state.participation.writing() as connection:
                fresh = assessment_for(connection, person, code)
                moment = now().timestamp()
                maturity.answer(
                    connection, fresh, list(typed.values()), actor=person.name, now=moment
                )
            return _after(request, one, chosen, str(fields.get("then") or ""))
        except Stale:
            status = 409
        except AssessmentClosed as error:
            return _commune(request, code, {"close": error.message(language)}, error.status)
    with request.app.state.participation.reading() as connection:
        held = maturity.answers(connection, one)
    return _theme(request, one, chosen, held, typed, wrong, status)


def _after(request: Request, one: Assessment, theme: Theme, then: str) -> Response:
    """On to the next theme, or to the result."""
    order = [each.id for each in one.edition.themes]
    place = order.index(theme.id)
    text = translate("Kept. You may stop here and go on later.", language_of(request))
    own = f"{root(request)}/communes/{one.commune}/"
    if then == "next" and place + 1 < len(order):
        return onward(f"{own}{order[place + 1]}", text)
    return onward(own, text)


def _typed(item: str, fields: FormData) -> Typed:
    return Typed(
        item,
        str(fields.get(f"level-{item}") or ""),
        str(fields.get(f"evidence-{item}") or ""),
        str(fields.get(f"comment-{item}") or ""),
        _seen(fields.get(f"seen-{item}")),
        str(fields.get(f"was-{item}") or ""),
    )


def _theme(
    request: Request,
    one: Assessment,
    theme: Theme,
    held: dict[str, Given],
    typed: dict[str, Typed],
    wrong: dict[str, str],
    status: int = 200,
) -> Response:
    """The form; a statement that somebody else changed shows both answers."""
    clash = status == 409
    shown: dict[str, Given | Typed] = {item.id: held[item.id] for item in theme.items}
    # What the reader left alone is shown as it is now; what they typed is kept.
    shown |= {item: each for item, each in typed.items() if each.touched or not clash}
    marks = {item.id: (held[item.id].version, held[item.id].mark) for item in theme.items}
    if not clash:
        marks |= {item: (each.seen, each.was) for item, each in typed.items()}
    clashes = {
        item: held[item]
        for item, each in typed.items()
        if clash and each.touched and each.seen != held[item].version
    }
    context = {
        "one": one,
        "theme": theme,
        "held": held,
        "shown": shown,
        "marks": marks,
        "wrong": wrong,
        "clashes": clashes,
        "done": {
            each.id: sum(held[item.id].done for item in each.items) for each in one.edition.themes
        },
        "levels": range(HIGHEST + 1),
        "longest": maturity.LONGEST_COMMENT,
    }
    return render(request, "smart_territory_theme.html", context, status=status, headers=PRIVATE)


def _theme_of(one: Assessment, theme: str) -> Theme:
    found = one.edition.theme(theme)
    if found is None:
        raise UnknownAssessment(commune=f"{one.commune} {theme}"[:60])
    return found


def _view(request: Request, code: str, turn: int | None) -> MaturityView:
    person = require(request, RIGHT)
    with request.app.state.participation.reading() as connection:
        one = assessment_for(connection, person, code, turn)
        return view_of(connection, one, language_of(request))


def _commune(
    request: Request,
    code: str,
    problem: dict[str, str],
    status: int = 200,
    turn: int | None = None,
) -> Response:
    view = _view(request, code, turn)
    context = {
        "view": view,
        "stratum": STRATUM_NAMES[view.stratum].in_(view.language),
        "problem": problem,
        "last": turn is None or turn == max(each["turn"] for each in view.turns),
    }
    return render(request, "smart_territory_commune.html", context, status=status, headers=PRIVATE)


def _seen(value: Any) -> int:
    text = str(value or "")
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else 0
