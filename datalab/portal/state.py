"""The badge of a dataset as a page says it: what the last attempt did, and what that means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from datalab.catalog.badge import LATE, MARKS, STATES, Badge, away, badge_of, label, meaning
from datalab.catalog.compatibility import told
from datalab.connectors.registry import is_remote
from datalab.i18n import Language, translate
from datalab.portal.access import barrier
from datalab.portal.figures import day as written
from datalab.portal.library import Holding

__all__ = ["LATE", "MARKS", "STATES", "State", "badge", "label", "meaning", "state_of"]


@dataclass(frozen=True)
class State:
    """``name`` is one of the design's states, or ``waiting`` where there never was a run.

    ``label`` and ``sentence`` are for people; ``reason`` says what stood in the way of the last
    attempt, where that may be told. ``unreachable_since`` is the first of the present row of
    attempts that the source did not answer.
    """

    name: str
    label: str
    sentence: str
    reason: str | None
    warning: bool
    stale: bool
    attempted_at: str | None
    published_at: str | None
    unchecked: int = 0
    unreachable_since: str | None = None


def badge(holding: Holding, now: datetime) -> Badge:
    """The badge of a dataset of the published lake at ``now``."""
    return badge_of(holding.record, holding.good, holding.dataset.periodicity, now)


def name_of(holding: Holding) -> str:
    name = holding.record.get("state")
    if away(holding.record) and not holding.good:
        return "waiting"
    return name if name in STATES else "waiting"


def marks_of(holding: Holding, now: datetime) -> set[str]:
    """``warning``: what is read was published with a reservation; ``stale``: it is late."""
    return set(badge(holding, now).marks)


def state_of(holding: Holding, language: Language, now: datetime) -> State:
    """The state of a dataset at ``now``."""
    found = badge(holding, now)
    name = found.name
    sentence = meaning(name, language)
    called = label(name, language)
    if name == "failed" and (holding.record.get("error") or {}).get("code") == "too-many-rejects":
        # The source was read: its rows are what is wrong.
        called = translate("Rows unreadable", language)
        sentence = translate(
            "Rows of the new file are not as declared: the last good version stays in place.",
            language,
        )
    if name == "kept" and holding.record.get("held"):
        called = translate("Change announced", language)
        sentence = translate(
            "A change of its columns is announced, for which who uses these data was given time "
            "until {day}. Until then the version before stays in place.",
            language,
            day=written(str(holding.record["held"]["until"]), language),
        )
    if name in {"kept", "failed"} and not found.readable:
        sentence = translate("Nothing was ever published: its first version failed.", language)
    since = unreachable_since(holding.record)
    if since is not None:
        day = written(since, language)
        called = translate("Source unreachable since {day}", language, day=day)
        sentence = (
            translate(
                "The source has not answered since {day}: the last good version stays in place, "
                "and the lab asks again by itself.",
                language,
                day=day,
            )
            if found.readable
            else translate(
                "These data lie elsewhere on the web, and their source has not answered since "
                "{day}. The lab asks again by itself: they will be here as soon as it does.",
                language,
                day=day,
            )
        )
    elif name == "waiting" and is_remote(holding.dataset):
        sentence = translate(
            "These data lie elsewhere on the web. The lab will fetch them by itself in a moment.",
            language,
        )
    return State(
        name=name,
        label=called,
        sentence=sentence,
        # It promises that the last good version stays: there is none yet.
        reason=_reason(holding, language) if found.readable or since is None else None,
        warning=found.warning,
        stale=found.stale,
        attempted_at=found.attempted_at,
        published_at=found.published_at,
        unchecked=found.unchecked,
        unreachable_since=since,
    )


def unreachable_since(record: Mapping[str, Any]) -> str | None:
    """When the source of a dataset first did not answer, if it still does not."""
    if not away(record):
        return None
    return record.get("failing_since") or record.get("started_at")


def _reason(holding: Holding, language: Language) -> str | None:
    """What the last attempt ran into. The message may quote a value, so it stays with the rows."""
    error = holding.record.get("error")
    if error and barrier(holding) is None:
        said = (error.get("messages") or {}).get(language) or error.get("message")
        return str(said or error.get("code"))
    if error:
        return translate("Technical code: {code}", language, code=error.get("code"))
    if held := holding.record.get("held"):
        return told(held["changes"], language)
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
