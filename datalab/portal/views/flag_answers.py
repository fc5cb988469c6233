"""One flag before its steward: the answer, and the test that it may become."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.responses import Response
from starlette.requests import Request

from datalab.catalog import kept
from datalab.catalog.dataset import Expectation
from datalab.catalog.words import in_words
from datalab.errors import DatalabError, FlagRefused
from datalab.i18n import LANGUAGES, Phrase, translate
from datalab.participation import flag
from datalab.participation.flag import STATE_NAMES, STATES, Flag
from datalab.portal import flag_tests
from datalab.portal.language import language_of, now
from datalab.portal.library import Holding
from datalab.portal.notice import onward
from datalab.portal.page import render
from datalab.portal.person import Person


def page_of(
    request: Request,
    person: Person,
    found: Flag,
    holding: Holding,
    *,
    typed: Mapping[str, Any] | None = None,
    written: list[dict[str, Any]] | None = None,
    problem: DatalabError | None = None,
) -> Response:
    """The flag, with tests tried on what is published; ``written`` in place of those drafted."""
    state, language = request.app.state, language_of(request)
    lake = state.settings.lake
    drafted = written or flag_tests.drafts(lake, holding.entry, found)
    context = {
        "flag": found,
        "holding": holding,
        "title": holding.dataset.title.in_(language),
        "typed": typed or {},
        "tests": flag_tests.suggestions(lake, holding.entry, drafted, language),
        "states": {name: STATE_NAMES[name].in_(language) for name in STATES},
        "made": _made(found, holding, language),
        "problem": problem.message(language) if problem else "",
        "problem_field": str(problem.facts.get("field", "")) if problem else "",
    }
    headers = {"Cache-Control": "private, no-store"}
    status = problem.status if problem else 200
    return render(request, "flag.html", context, headers=headers, status=status)


def answered(
    request: Request, person: Person, found: Flag, holding: Holding, fields: Mapping[str, Any]
) -> Response:
    """Do what the steward asked: answer, try a test, or make it."""
    action = str(fields.get("do") or "answer")
    written: list[dict[str, Any]] | None = None
    try:
        if action == "answer":
            return _answer(request, person, found, holding, fields)
        drafted = flag_tests.drafts(request.app.state.settings.lake, holding.entry, found)
        chosen = flag_tests.chosen(drafted, fields)
        expectation = flag_tests.checked(holding.entry, chosen)
        number = int(str(fields.get("test")))
        plain = {name: value for name, value in chosen.items() if name != "severity"}
        written = [*drafted[:number], plain, *drafted[number + 1 :]]
        if action == "save":
            return _save(request, person, found, holding, expectation, fields)
        return page_of(request, person, found, holding, typed=fields, written=written)
    except DatalabError as error:
        return page_of(
            request, person, found, holding, typed=fields, written=written, problem=error
        )


def _answer(
    request: Request, person: Person, found: Flag, holding: Holding, fields: Mapping[str, Any]
) -> Response:
    _write(request, person, found, holding, str(fields.get("state") or ""), fields, None)
    said = translate("Your answer is saved, and whoever flagged it is told.", language_of(request))
    return onward(f"{request.app.state.prefix}/flags/", said)


def _save(
    request: Request,
    person: Person,
    found: Flag,
    holding: Holding,
    expectation: Expectation,
    fields: Mapping[str, Any],
) -> Response:
    """The test goes into the lab's own catalog, in the steward's name; then the reader is told."""
    state, moment = request.app.state, now().timestamp()
    if found.expectation is not None:
        raise FlagRefused(field="test", reason=Phrase("a test was made of it already"))
    if _version(fields) != found.version:
        # Looked at before anything is written: two stewards, one test.
        raise FlagRefused(field="test", reason=Phrase("somebody answered it meanwhile; look again"))
    day = now().date().isoformat()
    note = {
        "fr": f"Ajouté le {day}, après le signalement {found.id} d’une lectrice ou d’un lecteur.",
        "en": f"Added on {day}, after flag {found.id} of a reader.",
    }
    written: dict[str, Any] = {"type": expectation.type, "severity": expectation.severity}
    written |= {**expectation.arguments, "note": note}
    message = f"{holding.id}: {in_words(expectation, holding.dataset, 'en')}\n\nFlag: {found.id}"
    kept.add_expectation(
        state.settings.own_catalog, holding.id, written, person.name, message, moment
    )
    spoken = {one: in_words(expectation, holding.dataset, one) for one in LANGUAGES}
    text = str(fields.get("text") or "").strip()
    said = " / ".join(spoken[one] for one in LANGUAGES)
    made = translate("From now on each refresh tests it: {test}.", language_of(request), test=said)
    _write(
        request,
        person,
        found,
        holding,
        "answered",
        {**fields, "text": f"{text}\n{made}".strip()},
        written,
    )
    told = translate("The test is made at each refresh from now on.", language_of(request))
    return onward(f"{state.prefix}/flags/{found.id}", told)


def _write(
    request: Request,
    person: Person,
    found: Flag,
    holding: Holding,
    chosen: str,
    fields: Mapping[str, Any],
    expectation: Mapping[str, Any] | None,
) -> None:
    moment = now().timestamp()
    with request.app.state.participation.writing() as connection:
        flag.answer(
            connection,
            found,
            state=chosen,
            text=str(fields.get("text") or ""),
            actor=person.name,
            seen=_version(fields),
            now=moment,
            title=holding.dataset.title.in_(language_of(request)),
            expectation=expectation,
        )


def _version(fields: Mapping[str, Any]) -> int:
    given = str(fields.get("version") or "")
    return int(given) if given.isdecimal() and len(given) < 10 else -1


def _made(found: Flag, holding: Holding, language: Any) -> str:
    """The test that the flag became, in words."""
    if found.expectation is None:
        return ""
    expectation = Expectation.model_validate(found.expectation)
    return in_words(expectation, holding.dataset, language)
