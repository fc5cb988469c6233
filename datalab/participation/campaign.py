"""Campaigns: one questionnaire carried to one group of people, with a code of its own.

A campaign knows how many people were invited (the denominator of its response rate) and, where
they were typed, the margins of the population it is meant to stand for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from datalab.errors import SurveyClosed, UnknownCampaign
from datalab.i18n import Phrase
from datalab.participation import code as codes
from datalab.participation import journal
from datalab.participation import survey as surveys
from datalab.participation.author import short_id
from datalab.participation.journal import Edit
from datalab.participation.survey import Survey
from datalab.participation.tables.survey import CAMPAIGN, RESPONSE

Margins = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Campaign:
    id: str
    survey_id: str
    code: str
    title: str
    audience: str
    invited: int | None
    margins: dict[str, dict[str, float]] | None
    margins_source: str
    opens_at: float | None
    closes_at: float | None
    version: int


@dataclass(frozen=True)
class Draft:
    """What an agent says of a campaign."""

    title: str
    audience: str
    invited: int | None = None
    opens_at: float | None = None
    closes_at: float | None = None


def add(connection: Connection, survey: Survey, draft: Draft, now: float, actor: str) -> Campaign:
    """A campaign with a new code, that of no other."""
    made = codes.new(connection)
    values = {"id": short_id(), "survey_id": survey.id, "code": made, **draft.__dict__}
    values |= {"margins": None, "margins_source": ""}
    _record(connection, survey, now, actor, "campaign.add", Edit.insert(CAMPAIGN, values))
    return by_code(connection, made)


def change(
    connection: Connection,
    survey: Survey,
    campaign: Campaign,
    values: Mapping[str, Any],
    now: float,
    actor: str,
    seen: int | None = None,
) -> Campaign:
    """Change what is said of a campaign, its dates, or its margins.

    Raises
    ------
    Stale
    """
    edit = Edit.update(CAMPAIGN, campaign.id, dict(values), seen)
    _record(connection, survey, now, actor, "campaign.edit", edit)
    return by_code(connection, campaign.code)


def by_code(connection: Connection, code: str) -> Campaign:
    """The campaign of a code, however it was typed.

    Raises
    ------
    UnknownCampaign
    """
    # Codes of once held digits: what was typed comes first.
    for letters in (codes.typed(code), codes.meant(code)):
        asked = select(CAMPAIGN).where(CAMPAIGN.c.code == letters)
        row = connection.execute(asked).mappings().first()
        if row is not None:
            return Campaign(**row)
    raise UnknownCampaign(code=code[:20])


def get(connection: Connection, survey: Survey, identifier: str) -> Campaign:
    """A campaign of ``survey``.

    Raises
    ------
    UnknownCampaign
    """
    asked = select(CAMPAIGN).where(CAMPAIGN.c.id == identifier, CAMPAIGN.c.survey_id == survey.id)
    row = connection.execute(asked).mappings().first()
    if row is None:
        raise UnknownCampaign(code=identifier[:20])
    return Campaign(**row)


def of_survey(connection: Connection, survey: Survey) -> list[Campaign]:
    asked = select(CAMPAIGN).where(CAMPAIGN.c.survey_id == survey.id).order_by(CAMPAIGN.c.title)
    return [Campaign(**row) for row in connection.execute(asked).mappings()]


def survey_of(connection: Connection, campaign: Campaign) -> Survey:
    found = surveys.of_id(connection, campaign.survey_id)
    if found is None:
        raise UnknownCampaign(code=campaign.code)
    return found


def closed_because(survey: Survey, campaign: Campaign, now: float) -> Phrase | None:
    """Why nobody can answer now, or None."""
    if survey.state == "draft":
        return Phrase("it is being prepared")
    if survey.state == "closed":
        return Phrase("it is over, thank you for your interest")
    if campaign.opens_at is not None and now < campaign.opens_at:
        return Phrase("it has not begun yet")
    if campaign.closes_at is not None and now >= campaign.closes_at:
        return Phrase("it is over, thank you for your interest")
    return None


def require_open(survey: Survey, campaign: Campaign, now: float) -> None:
    """Let through while answers are taken.

    Raises
    ------
    SurveyClosed
    """
    reason = closed_because(survey, campaign, now)
    if reason is not None:
        raise SurveyClosed(reason=reason)


def received(connection: Connection, survey: Survey) -> dict[str | None, int]:
    """Answers that count, by campaign id."""
    asked = (
        select(RESPONSE.c.campaign_id, func.count())
        .where(RESPONSE.c.survey_id == survey.id, RESPONSE.c.state.in_(["submitted", "accepted"]))
        .group_by(RESPONSE.c.campaign_id)
    )
    return {row[0]: row[1] for row in connection.execute(asked)}


def _record(
    connection: Connection, survey: Survey, now: float, actor: str, kind: str, edit: Edit
) -> None:
    journal.record(connection, scope=survey.scope, at=now, actor=actor, kind=kind, edits=[edit])
