"""The cases of the control room: asked for by place, kind, age, state, team; the late ones first.

Agents see what citizens typed, also what waits in moderation; nothing of this room is public.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select

from datalab.participation.request_state import DAY, HOUR
from datalab.participation.tables.request import FOLLOWER, REQUEST, SERVICE

Show = Literal["open", "waiting", "overdue", "unassigned", "mine", "closed", "all"]
SHOWS: tuple[Show, ...] = ("open", "waiting", "overdue", "unassigned", "mine", "closed", "all")
Order = Literal["urgent", "newest", "oldest"]
ORDERS: tuple[Order, ...] = ("urgent", "newest", "oldest")
PAGE = 50
MOST_POINTS = 5_000
LONGEST = 240  # characters of a text in the list


@dataclass(frozen=True)
class Asked:
    """``older_days`` lets pass what was reported at least so long ago; ``agent`` is who asks."""

    show: Show = "open"
    services: tuple[str, ...] = ()
    communes: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    team: str = ""
    older_days: float = 0
    text: str = ""
    order: Order = "urgent"
    agent: str = ""
    ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """One case in the list. ``answer_due`` is None once it was answered."""

    id: str
    service_code: str
    state: str
    status: str
    moderation: str
    text: str
    address: str
    commune: str | None
    latitude: float | None
    longitude: float | None
    team: str
    assignee: str | None
    channel: str
    concerns: int
    followers: int
    picture: bool
    reopened: int
    requested_at: float
    answer_due: float | None
    expected_at: float | None
    escalated_at: float | None
    closed_at: float | None
    overdue: bool
    version: int


@dataclass(frozen=True)
class Totals:
    """How many cases each view holds, whatever the other filters say."""

    open: int
    waiting: int
    overdue: int
    unassigned: int
    mine: int
    closed: int
    all: int


def answer_due() -> ColumnElement[Any]:
    return REQUEST.c.requested_at + SERVICE.c.answer_hours * HOUR


def late(now: float) -> ColumnElement[bool]:
    """Open, and not answered or not closed in the time of its service."""
    return and_(
        REQUEST.c.status == "open",
        REQUEST.c.moderation != "rejected",
        or_(
            REQUEST.c.expected_at < now,
            and_(REQUEST.c.answered_at.is_(None), answer_due() < now),
        ),
    )


def _of_show(show: Show, agent: str, now: float) -> ColumnElement[bool]:
    is_open = and_(REQUEST.c.status == "open", REQUEST.c.moderation != "rejected")
    conditions: dict[Show, ColumnElement[bool]] = {
        "open": is_open,
        "waiting": and_(REQUEST.c.moderation == "waiting", REQUEST.c.status == "open"),
        "overdue": late(now),
        "unassigned": and_(is_open, REQUEST.c.team == "", REQUEST.c.assignee.is_(None)),
        "mine": and_(is_open, REQUEST.c.assignee == agent),
        "closed": or_(REQUEST.c.status == "closed", REQUEST.c.moderation == "rejected"),
        "all": REQUEST.c.id.is_not(None),
    }
    return conditions[show]


def listed(
    connection: Connection, asked: Asked, now: float, *, limit: int = PAGE, offset: int = 0
) -> list[Line]:
    """Cases in the order asked for; ``urgent`` puts the late ones first, by when they were due."""
    due = func.coalesce(REQUEST.c.expected_at, REQUEST.c.requested_at)
    followers = (
        select(func.count())
        .where(FOLLOWER.c.request_id == REQUEST.c.id)
        .correlate(REQUEST)
        .scalar_subquery()
    )
    first = case((late(now), 1), else_=0)
    query = _filtered(
        select(
            REQUEST,
            answer_due().label("answer_due"),
            first.label("late"),
            followers.label("followers"),
        ),
        asked,
        now,
    )
    orders: dict[Order, Sequence[Any]] = {
        "urgent": (first.desc(), due.asc()),
        "newest": (REQUEST.c.requested_at.desc(),),
        "oldest": (REQUEST.c.requested_at.asc(),),
    }
    query = query.order_by(*orders[asked.order], REQUEST.c.id).limit(limit).offset(offset)
    return [_line(row) for row in connection.execute(query).mappings()]


def count(connection: Connection, asked: Asked, now: float) -> int:
    query = _filtered(select(func.count(REQUEST.c.id)), asked, now)
    return int(connection.execute(query).scalar_one())


def totals(connection: Connection, agent: str, now: float) -> Totals:
    parts = [func.sum(case((_of_show(show, agent, now), 1), else_=0)).label(show) for show in SHOWS]
    query = select(*parts).join_from(REQUEST, SERVICE)
    row = connection.execute(query).mappings().one()
    return Totals(**{show: int(row[show] or 0) for show in SHOWS})


def points(connection: Connection, asked: Asked, now: float) -> list[dict[str, Any]]:
    """What the map needs, in few letters: the newest cases that have a place."""
    query = _filtered(
        select(
            REQUEST.c.id,
            REQUEST.c.latitude,
            REQUEST.c.longitude,
            REQUEST.c.service_code,
            REQUEST.c.status,
            REQUEST.c.moderation,
            case((late(now), 1), else_=0).label("late"),
        ),
        asked,
        now,
    ).where(REQUEST.c.latitude.is_not(None))
    query = query.order_by(REQUEST.c.requested_at.desc()).limit(MOST_POINTS)
    marks = {"waiting": "w", "rejected": "r"}
    return [
        {
            "i": row.id,
            "p": [round(row.longitude, 5), round(row.latitude, 5)],
            "k": row.service_code,
            "s": "l" if row.late else marks.get(row.moderation, row.status[0]),
        }
        for row in connection.execute(query)
    ]


def teams(connection: Connection) -> list[str]:
    """Names of teams that hold or held a case."""
    asked = select(REQUEST.c.team).where(REQUEST.c.team != "").distinct()
    return sorted(connection.execute(asked).scalars())


def _filtered(query: Select[Any], asked: Asked, now: float) -> Select[Any]:
    query = query.join_from(REQUEST, SERVICE)
    if asked.ids:
        return query.where(REQUEST.c.id.in_(asked.ids))
    query = query.where(_of_show(asked.show, asked.agent, now))
    for column, values in (
        (REQUEST.c.service_code, asked.services),
        (REQUEST.c.commune, asked.communes),
        (REQUEST.c.state, asked.states),
    ):
        if values:
            query = query.where(column.in_(values))
    if asked.team:
        query = query.where(REQUEST.c.team == asked.team)
    if asked.older_days:
        query = query.where(REQUEST.c.requested_at <= now - asked.older_days * DAY)
    for word in asked.text.split()[:8]:
        query = query.where(_holds(word))
    return query


def _holds(word: str) -> ColumnElement[bool]:
    # SQLite folds the case of ASCII alone: a word is also looked for as it is and capitalised.
    shapes = {word, word.lower(), word.capitalize()}
    columns = (REQUEST.c.id, REQUEST.c.description, REQUEST.c.said, REQUEST.c.address)
    return or_(
        *(column.icontains(shape, autoescape=True) for column in columns for shape in shapes)
    )


def _line(row: Any) -> Line:
    text = row["said"] if row["moderation"] == "accepted" else row["description"]
    return Line(
        id=row["id"],
        service_code=row["service_code"],
        state=row["state"],
        status=row["status"],
        moderation=row["moderation"],
        text=text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…",
        address=row["address"],
        commune=row["commune"],
        latitude=row["latitude"],
        longitude=row["longitude"],
        team=row["team"],
        assignee=row["assignee"],
        channel=row["channel"],
        concerns=len(row["concerns"]),
        followers=row["followers"],
        picture=row["picture_id"] is not None,
        reopened=row["reopened"],
        requested_at=row["requested_at"],
        answer_due=row["answer_due"] if row["answered_at"] is None else None,
        expected_at=row["expected_at"],
        escalated_at=row["escalated_at"],
        closed_at=row["closed_at"],
        overdue=bool(row["late"]),
        version=row["version"],
    )
