"""What was expected of a dataset and what came of it, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datalab.catalog.badge import verdict_of
from datalab.catalog.beyond_sentences import observed_in_words
from datalab.catalog.validation import ExpectationResult, ValidationResult
from datalab.catalog.words import in_words
from datalab.i18n import Language, translate
from datalab.lake.feed_report import in_words as feed_in_words
from datalab.lake.feed_report import report_of
from datalab.portal.access import barrier
from datalab.portal.library import Holding
from datalab.portal.reader import ANONYMOUS, Reader

MOST_TEXT = 200  # characters of one observed value


@dataclass(frozen=True)
class Verdict:
    """One expectation. ``outcome`` is ``held``, ``warning``, ``broken``, ``unchecked`` (what it
    compares with is not there yet; ``why`` says what) or ``unknown`` (never evaluated).

    ``examples`` are failing rows: the row number in the file's table, then columns with values.
    """

    words: str
    type: str
    severity: str
    outcome: str
    outcome_label: str
    unexpected_count: int | None
    element_count: int | None
    observed: Any
    examples: list[dict[str, Any]]
    note: str | None
    why: str | None = None


@dataclass(frozen=True)
class Quality:
    """``published`` judges what can be read now; ``refused`` the later data that were kept out.
    ``feed`` is what was found in all tables of the file, where this is one of several."""

    evaluated_at: str | None
    held: int
    broken: int
    warnings: int
    unchecked: int
    published: list[Verdict]
    refused: list[Verdict]
    feed: dict[str, Any] | None = None


def quality_of(holding: Holding, language: Language, reader: Reader = ANONYMOUS) -> Quality:
    """The verdicts on a dataset. Values found in rows are told only to who may have the rows."""
    good = _validation(verdict_of(holding.record, holding.good))
    latest = _validation(holding.record.get("validation"))
    told = barrier(holding, reader) is None
    published = _verdicts(holding, good, language, told)
    refused: list[Verdict] = []
    if holding.record.get("state") == "kept" and latest is not None:
        refused = [v for v in _verdicts(holding, latest, language, told) if v.outcome == "broken"]
        # A row tells more than a total, which often is wrong because of that row.
        refused.sort(key=lambda verdict: not verdict.examples)
    outcomes = [verdict.outcome for verdict in published]
    feed = report_of(holding.record, holding.good)
    return Quality(
        evaluated_at=good.evaluated_at if good else None,
        held=outcomes.count("held"),
        broken=outcomes.count("broken"),
        warnings=outcomes.count("warning"),
        unchecked=outcomes.count("unchecked"),
        published=published,
        refused=refused,
        feed=feed_in_words(feed, language) if feed else None,
    )


def _validation(document: Mapping[str, Any] | None) -> ValidationResult | None:
    return ValidationResult.from_json(document) if document else None


def _verdicts(
    holding: Holding, validation: ValidationResult | None, language: Language, told: bool
) -> list[Verdict]:
    if validation is None:
        return [
            Verdict(
                in_words(e, holding.dataset, language),
                e.type,
                e.severity,
                "unknown",
                _label("unknown", language),
                None,
                None,
                None,
                [],
                e.note.in_(language) if e.note else None,
            )
            for e in holding.dataset.expectations
        ]
    notes = {
        (e.type, repr(sorted(e.arguments.items()))): e.note.in_(language)
        for e in holding.dataset.expectations
        if e.note
    }
    verdicts = [_verdict(r, holding, language, told, notes) for r in validation.results]
    order = {"broken": 0, "warning": 1, "unchecked": 2, "held": 3}
    return sorted(verdicts, key=lambda verdict: order[verdict.outcome])


def _verdict(
    result: ExpectationResult,
    holding: Holding,
    language: Language,
    told: bool,
    notes: dict[tuple[str, str], str],
) -> Verdict:
    outcome = result.outcome
    observed = result.observed_value
    said = observed_in_words(observed, language)
    if said is not None:
        observed = said
    if isinstance(observed, list | dict | str) and len(str(observed)) > MOST_TEXT:
        observed = str(observed)[:MOST_TEXT] + "…"
    words = in_words(result, holding.dataset, language)
    note = notes.get((result.type, repr(sorted(result.kwargs.items()))))
    return Verdict(
        words=words,
        type=result.type,
        severity=result.severity,
        outcome=outcome,
        outcome_label=_label(outcome, language),
        unexpected_count=result.unexpected_count,
        element_count=result.element_count,
        observed=observed if told else None,
        examples=result.examples if told else [],
        note=note if note and note.rstrip(".") != words else None,
        why=(result.unchecked or {}).get(language),
    )


def _label(outcome: str, language: Language) -> str:
    return {
        "held": translate("Holds", language),
        "warning": translate("Reservation", language),
        "broken": translate("Does not hold", language),
        "unchecked": translate("Not checked", language),
        "unknown": translate("Not evaluated yet", language),
    }[outcome]
