"""Links from a finding of a territorial diagnosis to what people said of it and what was decided.

A finding is named by the INSEE code of its commune and by its indicator, never by its place in the
list, which changes with the data. Who runs the workshop or the survey declares each link. What
is linked shows once nothing more comes in: the workshop is closed, the questionnaire too.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from datalab.errors import FieldRefused
from datalab.i18n import Phrase
from datalab.participation import journal
from datalab.participation.author import short_id
from datalab.participation.campaign import Campaign, of_survey
from datalab.participation.decision import Decision
from datalab.participation.journal import Edit
from datalab.participation.survey import Survey
from datalab.participation.survey import get as survey_of
from datalab.participation.tables.finding import FINDING_LINK
from datalab.participation.tables.session import DECISION, SESSION
from datalab.participation.tables.survey import CAMPAIGN, SURVEY

MOST = 200  # choices offered, the newest first
MOST_LINKS = 60  # of one commune


@dataclass(frozen=True)
class FindingLink:
    """Either ``decision_id``, or ``campaign_id`` with ``question``."""

    id: str
    commune: str
    finding: str
    decision_id: str | None
    campaign_id: str | None
    question: str
    linked_at: float
    version: int


@dataclass(frozen=True)
class Held:
    """A decision with the title of its session."""

    decision: Decision
    session: str


def links(connection: Connection, commune: str) -> list[FindingLink]:
    asked = select(FINDING_LINK).where(FINDING_LINK.c.commune == commune)
    rows = connection.execute(asked.order_by(FINDING_LINK.c.linked_at, FINDING_LINK.c.id))
    return [FindingLink(**row) for row in rows.mappings()]


def add(
    connection: Connection,
    *,
    commune: str,
    finding: str,
    decision: str = "",
    campaign: str = "",
    question: str = "",
    now: float,
    actor: str,
) -> FindingLink:
    """Declare a link; the same one is made once.

    Raises
    ------
    FieldRefused
        where the decision, the campaign or its question is not one that can be linked.
    """
    there = links(connection, commune)
    wanted = (finding, decision or None, campaign or None, question if campaign else "")
    for one in there:
        if (one.finding, one.decision_id, one.campaign_id, one.question) == wanted:
            return one
    if len(there) >= MOST_LINKS:
        raise FieldRefused("target", Phrase("A commune has {most} links at most.", most=MOST_LINKS))
    if decision:
        known = decision in decisions(connection)
    else:
        found = campaigns(connection).get(campaign)
        known = found is not None and question in found[0].questionnaire.variables
    if not known:
        raise FieldRefused("target", Phrase("Choose one of these."))
    row = {
        "id": short_id(),
        "commune": commune,
        "finding": finding,
        "decision_id": decision or None,
        "campaign_id": campaign or None,
        "question": question if campaign else "",
        "linked_at": now,
    }
    _record(connection, commune, "finding_link.add", Edit.insert(FINDING_LINK, row), now, actor)
    return next(one for one in links(connection, commune) if one.id == row["id"])


def remove(connection: Connection, commune: str, id: str, *, now: float, actor: str) -> None:
    """One that is gone already is no problem."""
    if id not in {one.id for one in links(connection, commune)}:
        return
    _record(connection, commune, "finding_link.remove", Edit.delete(FINDING_LINK, id), now, actor)


def decisions(connection: Connection) -> dict[str, Held]:
    """Decisions of sessions that are over, the newest first; none of a demonstration."""
    asked = (
        select(DECISION, SESSION.c.title.label("session_title"))
        .join(SESSION, SESSION.c.id == DECISION.c.session_id)
        .where(SESSION.c.state == "closed", SESSION.c.demonstration.is_(False))
        .order_by(DECISION.c.created_at.desc(), DECISION.c.id)
        .limit(MOST)
    )
    found = {}
    for row in connection.execute(asked).mappings():
        values = dict(row)
        title = str(values.pop("session_title"))
        found[str(values["id"])] = Held(Decision(**values), title)
    return found


def campaigns(connection: Connection) -> dict[str, tuple[Survey, Campaign]]:
    """Campaigns of questionnaires that are closed, by id: their results no longer change."""
    asked = (
        select(SURVEY.c.slug)
        .where(SURVEY.c.state == "closed", SURVEY.c.id.in_(select(CAMPAIGN.c.survey_id)))
        .order_by(SURVEY.c.closed_at.desc(), SURVEY.c.id)
        .limit(MOST)
    )
    closed = [survey_of(connection, slug) for slug in connection.execute(asked).scalars().all()]
    return {one.id: (survey, one) for survey in closed for one in of_survey(connection, survey)}


def _record(
    connection: Connection, commune: str, kind: str, edit: Edit, now: float, actor: str
) -> None:
    scope = f"diagnosis:{commune}"
    journal.record(connection, scope=scope, at=now, actor=actor, kind=kind, edits=[edit])
