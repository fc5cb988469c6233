"""The page of a proposal: what was read, what is typed, what is wrong, what the trial found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.responses import Response
from starlette.requests import Request

from datalab.catalog.dataset import TYPE_NAMES, Dataset
from datalab.catalog.units import UNITS
from datalab.catalog.validation import ValidationResult
from datalab.catalog.vocabulary import LICENSES, THEMES
from datalab.catalog.words import in_words
from datalab.errors import DatalabError
from datalab.i18n import Language, Phrase
from datalab.inspection.found import Inspection
from datalab.people.identity import group_names, named
from datalab.people.rights import GROUPS
from datalab.portal.facts import type_label
from datalab.portal.language import language_of
from datalab.portal.page import render
from datalab.portal.person import Person
from datalab.portal.proposal_form import PERIODS, PLACES, corrected, undecided
from datalab.portal.proposal_work import draft_of, inspection_of
from datalab.portal.proposal_written import digest_of, yaml_of
from datalab.proposal import DAYS, STATES, Proposal

PRIVATE = {"Cache-Control": "private, no-store"}
SHOWN = 20  # values at fault
PREVIEW = 8  # rows
AGAIN = "2"  # seconds until a page that waits looks again
ACCESS_NAMES = {
    "open": Phrase("Everybody"),
    "members": Phrase("Members of the lab"),
    "restricted": Phrase("Only who is granted it"),
}
PERIOD_NAMES = {
    "once": Phrase("never again"),
    "realtime": Phrase("all the time"),
    "hourly": Phrase("every hour"),
    "daily": Phrase("every day"),
    "weekly": Phrase("every week"),
    "monthly": Phrase("every month"),
    "quarterly": Phrase("every three months"),
    "annual": Phrase("every year"),
    "irregular": Phrase("now and then"),
}
PLACE_NAMES = {
    "longitude": Phrase("Longitude"),
    "latitude": Phrase("Latitude"),
    "geometry": Phrase("Geometry"),
    "value": Phrase("Value that gives the colour"),
    "label": Phrase("Name of a place"),
}


FIELD_NAMES = {
    "title_fr": Phrase("Title in French"),
    "title_en": Phrase("Title in English"),
    "id": Phrase("Identifier, as in its address"),
    "description_fr": Phrase("Description in French"),
    "description_en": Phrase("Description in English"),
    "publisher": Phrase("Who publishes the data"),
    "license": Phrase("Licence"),
    "steward": Phrase("Steward"),
    "theme": Phrase("Theme"),
    "access": Phrase("Who can read it"),
    "audience": Phrase("Who can read it"),
    "audience_accounts": Phrase("Persons, by the names of their accounts"),
    "periodicity": Phrase("How often it changes"),
    "columns": Phrase("Columns"),
    "reason": Phrase("Why it is sent back"),
}
PARTS = {
    "name": Phrase("Name"),
    "type": Phrase("Type"),
    "unit": Phrase("Unit"),
    "fr": Phrase("Description in French"),
    "en": Phrase("Description in English"),
}
SURE = 0.95  # a guess that is less sure is shown open


def page_of(
    request: Request,
    person: Person,
    one: Proposal,
    *,
    may_change: bool,
    typed: Mapping[str, str] | None = None,
    problem: DatalabError | None = None,
) -> Response:
    """``typed`` in place of what is saved, beside ``problem``."""
    language = language_of(request)
    facts = problem.facts if problem else {}
    waits = one.state == "reading" or bool(one.trying)
    context: dict[str, Any] = {
        "one": one,
        "state": STATES[one.state].in_(language),
        "states": one.state,
        "may_change": may_change and not waits,
        "steward": person.may("publish:dataset"),
        "mine": one.owner == person.name,
        "days": DAYS,
        "waits": waits,
        "title": one.title(language),
        "message": problem.message(language) if problem else "",
        "failed": one.problem.get(language, "") if one.problem else "",
        "published": _published(request, one, language),
        "wrong": {},
        "at_fault": [],
        "more": [],
        "trial": None,
        "fresh": False,
    }
    if one.inspection is not None:
        inspection = inspection_of(one)
        said = dict(typed or one.typed)
        context |= _form(inspection, one, said, language)
        if problem is not None:
            context |= _wrong(inspection, one, said, facts, language)
        context["yaml"] = yaml_of(one)
        holdings = request.app.state.library.shelf().holdings.values()
        context["publishers"] = sorted({held.dataset.publisher for held in holdings})
        context |= _trial(one, language)
    headers = dict(PRIVATE)
    if waits or (one.state == "published" and context["published"]["wait"]):
        headers["Refresh"] = AGAIN
    status = problem.status if problem else 200
    return render(request, "proposal.html", context, headers=headers, status=status)


def _form(
    inspection: Inspection, one: Proposal, said: Mapping[str, str], language: Language
) -> dict[str, Any]:
    draft = draft_of(one, inspection)
    dataset = _dataset(draft)
    made = corrected(inspection, draft, said)
    known = list(dict.fromkeys([*TYPE_NAMES, *(c.type for c in inspection.columns)]))
    labels = {kind: type_label(kind, language) for kind in known}
    shown = {**said, "steward": named(said.get("steward", ""), language)}
    return {
        "ready": not (made.wrong or undecided(inspection, made.decisions)),
        "read": inspection,
        "remarks": [remark.as_json(language) for remark in inspection.remarks[:SHOWN]],
        "rejects": [bad.as_json(language) for bad in inspection.rejects[:SHOWN]],
        "columns": [
            {
                "at": c.position,
                "source": c.source,
                "type": c.type,
                "label": labels[c.type],
                "open": c.personal is not None or c.confidence < SURE,
                "why": Phrase(c.why, **c.why_facts).in_(language) if c.why else "",
                "sure": c.confidence,
                # What may be about persons is shown masked, here too.
                "examples": c.personal.examples if c.personal else c.examples[:4],
                "personal": c.personal,
                "nulls": c.nulls,
            }
            for c in inspection.columns
        ],
        "v": lambda name: shown.get(name, ""),
        "types": {kind: _both(label, kind) for kind, label in labels.items()},
        "units": list(UNITS),
        "themes": {name: theme.title.in_(language) for name, theme in THEMES.items()},
        "licenses": {name: license.title for name, license in LICENSES.items()},
        "accesses": {name: phrase.in_(language) for name, phrase in ACCESS_NAMES.items()},
        "periods": {name: PERIOD_NAMES[name].in_(language) for name in PERIODS},
        "groups": dict(zip(GROUPS, group_names(GROUPS, language), strict=True)),
        "places": {name: PLACE_NAMES[name].in_(language) for name in PLACES},
        "expectations": [in_words(e, dataset, language) for e in dataset.expectations],
    }


def _wrong(
    inspection: Inspection,
    one: Proposal,
    said: Mapping[str, str],
    facts: Mapping[str, Any],
    language: Language,
) -> dict[str, Any]:
    """What is wrong beside each field, and what has no field of its own."""
    made = corrected(inspection, draft_of(one, inspection), said)
    wrong = {**undecided(inspection, made.decisions), **made.wrong}
    more: list[str] = []
    at = _positions(inspection, made.document)
    for found in facts.get("problems", []):
        parts = found.key.split(".")
        if parts[0] in said:
            wrong[parts[0]] = found.message
        elif parts[0] == "columns" and len(parts) > 1 and parts[1] in at:
            part = parts[2] if len(parts) > 2 and parts[2] in ("type", "unit") else "name"
            wrong[f"c{at[parts[1]]}_{part}"] = found.message
        else:
            more.append(f"{found.key}: {_said(found.message, language)}")
    field = str(facts.get("field") or "")
    if field and field not in ("catalog", "trial", *wrong):
        wrong[field] = facts["reason"]
    told = {k: _sentence(p, language) for k, p in wrong.items()}
    sources = {f"c{c.position}": c.source for c in inspection.columns}
    named = [(k, _field_name(k, sources, language), said_) for k, said_ in told.items()]
    return {"wrong": told, "at_fault": named, "more": more}


def _field_name(field: str, sources: Mapping[str, str], language: Language) -> str:
    """A field as the page calls it; of a column, whose."""
    if field in FIELD_NAMES:
        return FIELD_NAMES[field].in_(language)
    at, _, part = field.partition("_")
    if at in sources:
        said = PARTS[part].in_(language) if part in PARTS else ""
        return f"{sources[at]}, {said.lower()}" if said else sources[at]
    return ""


def _both(label: str, kind: str) -> str:
    return label if label == kind else f"{label} ({kind})"


def _positions(inspection: Inspection, document: Mapping[str, Any]) -> dict[str, int]:
    by_source = {c.source: c.position for c in inspection.columns}
    return {
        name: by_source[column.get("source", name)]
        for name, column in document["columns"].items()
        if column.get("source", name) in by_source
    }


def _said(message: Any, language: Language) -> str:
    return message.in_(language) if isinstance(message, Phrase) else str(message)


def _sentence(message: Any, language: Language) -> str:
    said = _said(message, language).rstrip(".")
    return said[:1].upper() + said[1:] + "."


def _trial(one: Proposal, language: Language) -> dict[str, Any]:
    found = one.trial
    if found is None:
        return {}
    dataset = _dataset(one.document)
    result = ValidationResult.from_json(found["validation"]) if found["validation"] else None
    error = found["error"]
    rejects = [
        {**reject, "reason": Phrase(reject["reason"], **reject["facts"]).in_(language)}
        for reject in found["rejects"][:SHOWN]
    ]
    checks = [
        {"said": in_words(r, dataset, language), "outcome": r.outcome, "held": r.outcome == "held"}
        for r in (result.results if result else [])
    ]
    hidden = {name for name, column in one.document["columns"].items() if column.get("personal")}
    places = [n for n, column in enumerate(found["columns"]) if column["name"] in hidden]
    preview = [
        ["•••" if n in places and value is not None else value for n, value in enumerate(row)]
        for row in found["preview"][:PREVIEW]
    ]
    columns = [{**c, "label": type_label(c["type"].lower(), language)} for c in found["columns"]]
    return {
        "trial": {**found, "rejects": rejects, "preview": preview, "columns": columns},
        "trial_error": error["messages"][language] if error else "",
        "checks": checks,
        "fresh": one.tried == digest_of(one),
        "outcomes": {
            "held": Phrase("holds").in_(language),
            "broken": Phrase("fails").in_(language),
            "warning": Phrase("fails, and only warns").in_(language),
            "unchecked": Phrase("could not be tested").in_(language),
        },
    }


def _dataset(document: Mapping[str, Any]) -> Dataset:
    plain = {**document, "steward": document.get("steward") or "-"}
    return Dataset.model_validate(plain)


def _published(request: Request, one: Proposal, language: Language) -> dict[str, Any]:
    """What became of an accepted dataset: whether it is there already."""
    if one.state != "published":
        return {"wait": False, "there": False, "failed": ""}
    holding = request.app.state.library.shelf().holdings.get(one.dataset)
    if holding is None or (holding.entry.record is None and holding.entry.good is None):
        return {"wait": True, "there": False, "failed": ""}
    record = holding.entry.record or {}
    error = record.get("error") if holding.entry.good is None else None
    said = error or {}
    failed = (said.get("messages") or {}).get(language) or said.get("message", "")
    return {"wait": False, "there": holding.entry.good is not None, "failed": failed}
