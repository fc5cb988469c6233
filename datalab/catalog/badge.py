"""The badge of a dataset: what a reader must know of its quality, computed in one place.

Page, listing, notebook, API header (``Datalab-Quality``), command line and DCAT all show this one
value. It goes by plain facts: two run records as JSON, the periodicity, and the time.

A *name* says what the latest attempt did: ``published``, ``unchanged``, ``kept`` (expectations
failed, the last good snapshot stands), ``failed`` (the source could not be read) or ``waiting``
(there never was a run). *Marks* stand beside it: ``warning`` (what is read does not keep all that
is expected of it), ``stale`` (it should have been read again since).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from datalab.i18n import Language, translate

STATES = ("published", "unchanged", "kept", "failed", "waiting")
READ = {"published", "unchanged"}  # states of a run that read its source and agreed with it
MARKS = ("warning", "stale")
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


@dataclass(frozen=True)
class Badge:
    """``name`` is one of :data:`STATES`.

    Attributes
    ----------
    held, broken, warnings, unchecked
        expectations of what can be read now: how many hold, fail, hold with a reservation, and
        could not be compared with anything yet.
    refused
        expectations that the data kept out did not meet; 0 where nothing was kept out.
    checked_at, attempted_at, published_at
        ISO 8601 moments, or None.
    """

    name: str
    warning: bool = False
    stale: bool = False
    held: int = 0
    broken: int = 0
    warnings: int = 0
    unchecked: int = 0
    refused: int = 0
    readable: bool = False
    checked_at: str | None = None
    attempted_at: str | None = None
    published_at: str | None = None

    @property
    def marks(self) -> tuple[str, ...]:
        return tuple(mark for mark in MARKS if getattr(self, mark))

    @property
    def expected(self) -> int:
        """How many expectations what is read was held against, unchecked ones included."""
        return self.held + self.broken + self.warnings + self.unchecked

    def header(self) -> str:
        """The value of ``Datalab-Quality``, as a structured field (RFC 9651, a token with
        parameters): ``published; warning; held=11; warnings=1``."""
        counts = {
            "held": self.held,
            "broken": self.broken,
            "warnings": self.warnings,
            "unchecked": self.unchecked,
            "refused": self.refused,
        }
        parts = [self.name, *self.marks]
        parts += [f"{name}={count}" for name, count in counts.items() if count or name == "held"]
        return "; ".join(parts)

    def as_json(self) -> dict[str, Any]:
        return {
            "state": self.name,
            "marks": list(self.marks),
            "held": self.held,
            "broken": self.broken,
            "warnings": self.warnings,
            "unchecked": self.unchecked,
            "refused": self.refused,
            "checked_at": self.checked_at,
            "attempted_at": self.attempted_at,
            "published_at": self.published_at,
        }


def badge_of(
    record: Mapping[str, Any] | None,
    good: Mapping[str, Any] | None,
    periodicity: str,
    now: datetime,
) -> Badge:
    """The badge of a dataset at ``now``.

    Parameters
    ----------
    record, good
        ``RunRecord.as_json()`` of the latest run, and of the one that published what is read.
    periodicity
        what the dataset promises.
    now
        with its zone.
    """
    record, good = record or {}, good or {}
    state = record.get("state")
    if not good and away(record):
        state = "waiting"  # a source that never answered is no failure of the lab
    name = str(state) if state in STATES else "waiting"
    current = verdict_of(record, good)
    counts = _counts(current)
    reserved = bool(counts["warnings"] or counts["failed"] if current else good.get("warning"))
    refused = _counts(record.get("validation")) if name == "kept" else {}
    return Badge(
        name=name,
        warning=bool(good) and reserved,
        stale=_late(record, good, periodicity, now),
        held=counts["successful"],
        broken=counts["failed"],
        warnings=counts["warnings"],
        unchecked=counts["unchecked"],
        refused=refused.get("failed", 0),
        readable=bool(good),
        checked_at=(current or {}).get("evaluated_at"),
        attempted_at=record.get("finished_at"),
        published_at=good.get("finished_at"),
    )


def verdict_of(
    record: Mapping[str, Any] | None, good: Mapping[str, Any] | None
) -> Mapping[str, Any] | None:
    """The validation that speaks of what can be read now.

    A run that found nothing new may have compared it anew with other datasets, and with the time;
    one that was kept out or failed says nothing of it.
    """
    record, good = record or {}, good or {}
    if record.get("state") in READ and record.get("validation"):
        found: Mapping[str, Any] = record["validation"]
        return found
    return good.get("validation")


def _counts(validation: Mapping[str, Any] | None) -> dict[str, int]:
    told = (validation or {}).get("statistics") or {}
    names = ("successful", "failed", "warnings", "unchecked")
    return {name: int(told.get(name) or 0) for name in names}


def late_at(
    record: Mapping[str, Any] | None, good: Mapping[str, Any] | None, periodicity: str
) -> datetime | None:
    """The moment after which a dataset is ``stale`` unless it is read again; None for never."""
    looked = [
        run.get("finished_at") for run in (record or {}, good or {}) if run.get("state") in READ
    ]
    last = max((str(moment) for moment in looked if moment), default=None)
    late = LATE.get(periodicity)
    return datetime.fromisoformat(last) + late if last and late else None


def _late(
    record: Mapping[str, Any], good: Mapping[str, Any], periodicity: str, now: datetime
) -> bool:
    moment = late_at(record, good, periodicity)
    return moment is not None and now > moment


def away(record: Mapping[str, Any]) -> bool:
    """Whether the latest run failed because the source did not answer."""
    error = record.get("error") or {}
    return record.get("state") == "failed" and error.get("code") == "source-unreachable"


# -- in words -----------------------------------------------------------------------------


def label(name: str, language: Language) -> str:
    """A state or a mark as a badge says it."""
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
    """What a state or a mark means."""
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
        "warning": translate(
            "What you read does not keep all that is expected of it: its page says what.", language
        ),
        "stale": translate(
            "It should have been read again since: newer data may exist elsewhere.", language
        ),
    }[name]


def in_words(badge: Badge, language: Language) -> str:
    """The badge in one line of plain text, for a notebook or a terminal."""
    parts = [label(badge.name, language), *(label(mark, language) for mark in badge.marks)]
    return ", ".join([parts[0], *(part[0].lower() + part[1:] for part in parts[1:])])
