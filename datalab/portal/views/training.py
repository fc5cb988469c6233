"""Training modules: their notebooks, checks without a notebook, and one's own progress; the watch
of programmes and trends."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import DatalabError, UnknownShared
from datalab.methods import training as modules
from datalab.participation import training
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.maturity import shelf_of
from datalab.portal.page import render
from datalab.portal.person import person_of, signed_in
from datalab.portal.rows import open_table, read

router = APIRouter(include_in_schema=False)
WATCH = "smart-territory-watch"
KINDS = ("programme", "method", "rule", "trend")


@router.get("/smart-territory/training/")
def shown(request: Request) -> Response:
    return _page(request, {}, {})


@router.post("/smart-territory/training/")
async def answer(request: Request) -> Response:
    """Check an answer; the page says whether it is right, and keeps what was typed."""
    person = signed_in(request)
    fields = await form_of(request)
    module, step = str(fields.get("module") or ""), str(fields.get("step") or "")
    one = modules.step(module, step)
    if one is None:
        raise UnknownShared()
    given = [str(value)[:200] for value in fields.getlist("answer") if str(value)]
    verdict = modules.check(one, given if one.accept else (given or [""])[0])

    def work() -> Response:
        if verdict.passed is not None:
            with request.app.state.participation.writing() as connection:
                moment = now().timestamp()
                right = bool(verdict.passed)
                training.tried(connection, person.name, module, step, right=right, now=moment)
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
        "count": sum(len(one.steps) for one in modules.MODULES),
        "done": sum(len(steps) for steps in passed.values()),
    }
    return render(request, "smart_territory_training.html", context)
