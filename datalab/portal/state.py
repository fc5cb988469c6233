"""The state of a dataset in words: what the last attempt did, and what that means for a reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from datalab.i18n import Language, translate
from datalab.portal.access import barrier
from datalab.portal.library import Holding

# Twice the period of a dataset: one missed refresh is no news, two are.
LATE = {
    "realtime": timedelta(hours=1),
    "hourly": timedelta(hours=3),
    "daily": timedelta(days=2),
    "weekly": timedelta(days=14),
    "monthly": timedelta(days=62),
    "quarterly": timedelta(days=184),
    "annual": timedelta(days=731),
}
STATES = ("published", "unchanged", "kept", "failed", "waiting")
READ = {"published", "unchanged"}  # states of a run that read its source
MARKS = ("warning", "stale")


@dataclass(frozen=True)
class State:
    """``name`` is one of the design's states, or ``waiting`` where there never was a run.

    ``label`` and ``sentence`` are for people; ``reason`` says what stood in the way of the last
    attempt, where that may be told.
    """

    name: str
    label: str
    sentence: str
    reason: str | None
    warning: bool
    stale: bool
    attempted_at: str | None
    published_at: str | None


def label(name: str, language: Language) -> str:
    """A state as a badge says it."""
    return {
        "published": translate("Published", language),
        "unchanged": translate("Up to date", language),
        "kept": translate("Earlier version kept", language),
        "failed": translate("Source unreadable", language),
        "waiting": translate("Not published yet", language),
        "warning": translate("With a reservation", language),
        "stale": translate("Late", language),
    }[name]


def meaning(name: str, language: Language) -> str:
    """What a state means, for the health of the whole lake."""
    return {
        "published": translate(
            "The last refresh brought new data, which passed its tests.", language
        ),
        "unchanged": translate("The last refresh read the source and found nothing new.", language),
        "kept": translate(
            "New data came but did not pass its tests: the last good version stays in place.",
            language,
        ),
        "failed": translate(
            "The source could not be read: the last good version stays in place.", language
        ),
        "waiting": translate("Described in the catalog, never published so far.", language),
    }[name]


def name_of(holding: Holding) -> str:
    name = holding.record.get("state")
    return name if name in STATES else "waiting"


def state_of(holding: Holding, language: Language, now: datetime) -> State:
    """The state of a dataset at ``now``."""
    name = name_of(holding)
    good = holding.good or {}
    record = holding.record
    marks = marks_of(holding, now)
    sentence = meaning(name, language)
    called = label(name, language)
    if name == "failed" and (record.get("error") or {}).get("code") == "too-many-rejects":
        # The source was read: its rows are what is wrong.
        called = translate("Rows unreadable", language)
        sentence = translate(
            "Rows of the new file are not as declared: the last good version stays in place.",
            language,
        )
    if name in {"kept", "failed"} and not good:
        sentence = translate("Nothing was ever published: its first version failed.", language)
    return State(
        name=name,
        label=called,
        sentence=sentence,
        reason=_reason(holding, language),
        warning="warning" in marks,
        stale="stale" in marks,
        attempted_at=record.get("finished_at"),
        published_at=good.get("finished_at"),
    )


def marks_of(holding: Holding, now: datetime) -> set[str]:
    """``warning``: what is read was published with a reservation; ``stale``: it is late."""
    marks = set()
    good, record = holding.good or {}, holding.record
    if good.get("warning"):
        marks.add("warning")
    looked = [run.get("finished_at") for run in (record, good) if run.get("state") in READ]
    last = max((moment for moment in looked if moment), default=None)
    late = LATE.get(holding.dataset.periodicity)
    if last and late and now - datetime.fromisoformat(last) > late:
        marks.add("stale")
    return marks


def _reason(holding: Holding, language: Language) -> str | None:
    """What the last attempt ran into. The message may quote a value, so it stays with the rows."""
    error = holding.record.get("error")
    if error and barrier(holding) is None:
        said = (error.get("messages") or {}).get(language) or error.get("message")
        return str(said or error.get("code"))
    if error:
        return translate("Technical code: {code}", language, code=error.get("code"))
    validation = holding.record.get("validation")
    if name_of(holding) == "kept" and validation:
        counts = validation.get("statistics", {})
        return translate(
            "{failed} of {evaluated} expectations failed.",
            language,
            failed=counts.get("failed", 0),
            evaluated=counts.get("evaluated", 0),
        )
    return None
