"""What a private link shows of somebody's reports, and of those they follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from datalab.i18n import Language
from datalab.participation import case_list, following
from datalab.participation.author import Author
from datalab.participation.request_state import DAY, REOPEN_DAYS, STATE_NAMES, request_of
from datalab.participation.satisfaction import SCORES
from datalab.participation.service import Service
from datalab.participation.tables.request import REQUEST
from datalab.portal.case_view import (
    Answer,
    CaseCard,
    Moment,
    Step,
    answer_in,
    card_of,
    moments,
    sentence_now,
    services_of,
    steps,
)

MOST = 100


@dataclass(frozen=True)
class OwnCase:
    """One report of the author. ``description`` is what they typed; ``moderation`` whether it is
    public; ``reopen_until`` is None where it cannot be opened again."""

    id: str
    icon: str
    service: str
    description: str
    status: str
    state: str
    state_title: str
    sentence: str
    moderation: str
    reason: str
    steps: list[Step]
    moments: list[Moment]
    answer: Answer | None
    picture: str | None
    requested_at: float
    expected_at: float | None
    reopen_until: float | None
    satisfaction: int | None
    satisfaction_words: str


@dataclass(frozen=True)
class ReporterView:
    """``own`` and ``followed``, the newest first; ``scores`` are the words of 1 to 5."""

    own: list[OwnCase]
    followed: list[CaseCard]
    scores: dict[int, str]


def mine_reporter(
    connection: Connection, author: Author, now: float, language: Language
) -> ReporterView | None:
    """The reports of ``author``; None where they are of another kind."""
    if author.kind != "reporter":
        return None
    services = services_of(connection)
    asked = select(REQUEST).where(REQUEST.c.author_id == author.id)
    rows = connection.execute(asked.order_by(REQUEST.c.requested_at.desc()).limit(MOST))
    followed = case_list.some(connection, following.followed(connection, author.id)[:MOST])
    return ReporterView(
        [_own(connection, row, services, now, language) for row in rows.mappings()],
        [card_of(case, services, {}, language, now) for case in followed],
        {score: said.in_(language) for score, said in SCORES.items()},
    )


def _own(
    connection: Connection,
    row: Any,
    services: dict[str, Service],
    now: float,
    language: Language,
) -> OwnCase:
    one = request_of(row)
    until = one.closed_at + REOPEN_DAYS * DAY if one.closed_at is not None else 0.0
    again = one.status == "closed" and one.moderation != "rejected" and now <= until
    happened = moments(connection, one.id, one.requested_at, language)
    return OwnCase(
        id=one.id,
        icon=one.service_code,
        service=services[one.service_code].name(language),
        description=one.description,
        status=one.status,
        state=one.state,
        state_title=STATE_NAMES[one.state].in_(language),
        sentence=sentence_now(one.state, case_list.was_read(one), happened, language),
        moderation=one.moderation,
        reason=one.status_notes if one.moderation == "rejected" else "",
        steps=steps(one.state, language),
        moments=happened,
        answer=answer_in(happened),
        picture=one.picture_id,
        requested_at=one.requested_at,
        expected_at=one.expected_at,
        reopen_until=until if again else None,
        satisfaction=one.satisfaction,
        satisfaction_words=row["satisfaction_words"],
    )
