"""Training modules: checks on the page and in notebooks, and one's own progress; the watch of
programmes and trends.

What a notebook answers is checked here again: nobody can say that they passed. It counts for the
account whose own server it is. In a project's server several people write, so that nobody knows who
answered: from there a link leads to the page, with the answer filled in.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import DatalabError, InvalidParameter, SignInNeeded, UnknownShared
from datalab.i18n import Phrase
from datalab.methods import training as modules
from datalab.participation import training
from datalab.people import accounts
from datalab.portal import limits
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.maturity import shelf_of
from datalab.portal.page import render
from datalab.portal.passed_on import account_of, document_of
from datalab.portal.person import person_of, signed_in
from datalab.portal.rows import open_table, read
from datalab.projects.project import slug_of_account

router = APIRouter(include_in_schema=False)
WATCH = "smart-territory-watch"
LONGEST, MOST = 200, 20  # characters of an answer, and words of it
KINDS = ("programme", "method", "rule", "trend")


@router.get("/smart-territory/training/")
def shown(
    request: Request,
    module: str = "",
    step: str = "",
    answer: Annotated[list[str] | None, Query()] = None,
) -> Response:
    """``?module=…&step=…&answer=…`` fills in what a notebook answered; nothing is checked yet."""
    given = [one[:LONGEST] for one in (answer or [])[:MOST] if one]
    known = given and modules.step(module, step) is not None
    return _page(request, {}, {(module, step): given} if known else {}, filled=bool(known))


@router.post("/api/v1/training/{module}")
async def from_notebook(request: Request, module: str) -> Response:
    """An answer of somebody whose account is known: by a personal token, or passed on by the hub.

    Only what is right is written down, once: a notebook is run again and again.
    """
    limits.allow(request, "answers")
    document = await document_of(request)
    account = await run_in_threadpool(account_of, request, document)
    one = modules.step(module, str(document.get("step") or "")[:60])
    if one is None:
        raise UnknownShared()
    if slug_of_account(account) is not None:
        reason = Phrase("in a project nobody knows who answered: use the page of the training")
        raise InvalidParameter(name="account", value=account, reason=reason)
    verdict = modules.check(one, document.get("answer"))

    def work() -> set[str]:
        if accounts.find(request.app.state.store, account) is None:
            raise SignInNeeded()
        moment = now().timestamp()

        def write(connection: Connection) -> set[str]:
            before = training.passed(connection, account).get(module, set())
            if verdict.passed and one.id not in before:
                training.tried(connection, account, module, one.id, right=True, now=moment)
                return before | {one.id}
            return before

        done: set[str] = request.app.state.participation.write(write)
        return done

    steps = sorted(await run_in_threadpool(work))
    answer = {"module": module, "step": one.id, "passed": verdict.passed, "steps": steps}
    return JSONResponse(answer, headers={"Cache-Control": "private, no-store"})


@router.post("/smart-territory/training/")
async def answer(request: Request) -> Response:
    """Check an answer; the page says whether it is right, and keeps what was typed."""
    person = signed_in(request)
    fields = await form_of(request)
    module, step = str(fields.get("module") or ""), str(fields.get("step") or "")
    one = modules.step(module, step)
    if one is None:
        raise UnknownShared()
    given = [str(value)[:LONGEST] for value in fields.getlist("answer")[:MOST] if str(value)]
    verdict = modules.check(one, given if one.accept else (given or [""])[0])

    def work() -> Response:
        if verdict.passed is not None:
            moment, right = now().timestamp(), bool(verdict.passed)
            request.app.state.participation.write(
                lambda connection: training.tried(
                    connection, person.name, module, step, right=right, now=moment
                )
            )
        return _page(request, {(module, step): verdict}, {(module, step): given})

    return await run_in_threadpool(work)


@router.get("/smart-territory/watch")
def watch(request: Request) -> Response:
    """Programmes, methods, rules and trends, as the lake has them."""
    shelf, language = shelf_of(request), language_of(request)
    holding = shelf.holdings.get(WATCH)
    rows: list[dict[str, Any]] = []
    labels: dict[str, dict[str, str]] = {"kind": {}, "status": {}}
    if holding is not None and holding.good is not None:
        try:
            rows = read(shelf, open_table(shelf, holding, language), limit=500, offset=0).rows
        except DatalabError:
            rows = []
        for column, known in labels.items():
            values = holding.dataset.columns[column].values or {}
            known.update({name: said.in_(language) for name, said in values.items()})
    context = {"rows": rows, "kinds": KINDS, "labels": labels}
    return render(request, "smart_territory_watch.html", context)


def _page(
    request: Request,
    verdicts: dict[tuple[str, str], modules.Verdict],
    typed: dict[tuple[str, str], list[str]],
    *,
    filled: bool = False,
) -> Response:
    person, language = person_of(request), language_of(request)
    passed: dict[str, set[str]] = {}
    if person is not None:
        with request.app.state.participation.reading() as connection:
            passed = training.passed(connection, person.name)
    context = {
        "modules": modules.MODULES,
        "passed": passed,
        "verdicts": {key: (one.passed, one.said.in_(language)) for key, one in verdicts.items()},
        "typed": typed,
        "filled": filled,
        "count": sum(len(one.steps) for one in modules.MODULES),
        "done": sum(len(steps) for steps in passed.values()),
    }
    return render(request, "smart_territory_training.html", context)
