"""Cases as everybody may see them: accepted ones, their place rounded, their text screened.

What a page shows of a case comes through here, and holds nothing of what was typed, nor of whom.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from datalab.participation import request, request_list
from datalab.participation.request_list import HOUSE, NEAR_METRES, Filter, distance
from datalab.participation.request_state import Request
from datalab.participation.street import resembles, street_of
from datalab.participation.tables.author import PICTURE
from datalab.participation.tables.request import REQUEST, SERVICE

MOST_POINTS = 1_000  # on one map
MOST_COMPARED = 2_000  # addresses of one kind in one commune, the newest
NEAREST = 5  # cases that are suggested at most
FINE = 3  # decimals from which a place is that of a thing in the street, not of somebody's window
COARSE = 2_000.0  # metres around which the other ones are looked for


@dataclass(frozen=True)
class Case:
    """``latitude`` and ``longitude`` are rounded as the service says; ``picture`` was accepted.

    ``street`` is the address without its number, empty where the place is told coarsely. ``read``
    says that an agent accepted it, and no machine.
    """

    id: str
    service_code: str
    state: str
    status: str
    said: str
    street: str
    latitude: float | None
    longitude: float | None
    decimals: int
    commune: str | None
    picture: str | None
    alternative: str
    status_notes: str
    duplicate_of: str | None
    agency: str
    reopened: int
    read: bool
    requested_at: float
    updated_at: float
    answered_at: float | None
    expected_at: float | None
    closed_at: float | None


class Point(NamedTuple):
    """What a map shows of a case, its place rounded as :class:`Case` has it."""

    id: str
    service_code: str
    state: str
    status: str
    latitude: float
    longitude: float
    requested_at: float


@dataclass(frozen=True)
class Near:
    """A case that may be the same.

    ``metres`` from the place asked about, None where only words were compared: ``street`` then
    says whether both name a street, or something else such as a park.
    """

    case: Case
    metres: float | None
    street: bool = False


def page(connection: Connection, asked: Filter) -> tuple[list[Case], int]:
    """Cases that ``asked`` lets pass, the newest first, and how many there are in all."""
    every = request_list.query(asked).limit(None).offset(None).order_by(None).subquery()
    total = int(connection.execute(select(func.count()).select_from(every)).scalar_one())
    return cases(connection, request_list.listed(connection, asked)), total


def points(connection: Connection, asked: Filter) -> list[Point]:
    """Those of the newest cases that have a place, for a map."""
    every = request_list.query(replace(asked, limit=MOST_POINTS, offset=0))
    codes = select(SERVICE.c.code, SERVICE.c.decimals)
    decimals = {row.code: row.decimals for row in connection.execute(codes)}
    columns = [REQUEST.c[name] for name in Point._fields]
    return [
        Point(
            id, code, state, status, round(north, decimals[code]), round(east, decimals[code]), at
        )
        for id, code, state, status, north, east, at in connection.execute(
            every.with_only_columns(*columns)
        ).all()
        if north is not None and east is not None
    ]


def get(connection: Connection, id: str) -> Case:
    """One case.

    Raises
    ------
    UnknownRequest
        also where it waits, or was rejected.
    """
    return cases(connection, [request.public(connection, id)])[0]


def some(connection: Connection, ids: Sequence[str]) -> list[Case]:
    """Those of ``ids`` that everybody may see, the newest first."""
    if not ids:
        return []
    return cases(connection, request_list.listed(connection, Filter(ids=tuple(ids))))


def near(connection: Connection, service: str, latitude: float, longitude: float) -> list[Near]:
    """Open cases of one kind around a place, the nearest first: 250 m for things in the street.

    Kinds whose places are published coarsely are compared by what is published, so that nobody
    finds out by many questions where exactly one of them is.
    """
    decimals = connection.execute(
        select(SERVICE.c.decimals).where(SERVICE.c.code == service)
    ).scalar()
    if decimals is None:
        return []
    if decimals >= FINE:
        found = request_list.near(connection, service, latitude, longitude, limit=NEAREST)
        shown = {case.id: case for case in cases(connection, [one for one, _ in found])}
        return [Near(shown[one.id], metres) for one, metres in found]
    around = request_list.near(
        connection, service, latitude, longitude, metres=COARSE, limit=MOST_POINTS
    )
    there = (round(latitude, decimals), round(longitude, decimals))
    same = [
        case
        for case in cases(connection, [one for one, _ in around])
        if (case.latitude, case.longitude) == there
    ]
    return [Near(case, distance(*there, latitude, longitude)) for case in same[:NEAREST]]


def on_street(
    connection: Connection, service: str, commune: str, town: str, address: str, *, placed: bool
) -> list[Near]:
    """Open cases of one kind in a commune named ``town`` whose address is alike, the closest first.

    With ``placed`` the asker has a point: cases that have one too are left to :func:`near`. None
    for kinds whose places are told coarsely: their addresses are nobody else's to find.
    """
    asked_for = street_of(address, town)
    decimals = connection.execute(
        select(SERVICE.c.decimals).where(SERVICE.c.code == service)
    ).scalar()
    if asked_for is None or decimals is None or decimals < FINE:
        return []
    asked = Filter(
        services=(service,), statuses=("open",), communes=(commune,), limit=MOST_COMPARED
    )
    query = request_list.query(asked).with_only_columns(
        REQUEST.c.id, REQUEST.c.address, REQUEST.c.latitude
    )
    found: list[tuple[float, str, bool]] = []
    for row in connection.execute(query):
        street = street_of(row.address, town)
        if street is None or (placed and row.latitude is not None):
            continue
        if like := resembles(asked_for, street):
            found.append((like, row.id, bool(asked_for.kind and street.kind)))
    best = sorted(found, key=lambda one: -one[0])[:NEAREST]
    shown = {case.id: case for case in some(connection, [id for _, id, _ in best])}
    return [Near(shown[id], None, street) for _, id, street in best]


def cases(connection: Connection, found: Iterable[Request]) -> list[Case]:
    """What everybody may see of requests that were accepted."""
    rows = list(found)
    columns = select(SERVICE.c.code, SERVICE.c.decimals)
    decimals = {row.code: row.decimals for row in connection.execute(columns)}
    held = [one.picture_id for one in rows if one.picture_id]
    pictures: dict[str, str] = {}
    if held:
        asked = select(PICTURE.c.id, PICTURE.c.alternative)
        asked = asked.where(PICTURE.c.id.in_(held), PICTURE.c.accepted)
        pictures = {row.id: row.alternative for row in connection.execute(asked)}
    return [_case(one, decimals[one.service_code], pictures) for one in rows]


def _case(one: Request, decimals: int, pictures: dict[str, str]) -> Case:
    picture = one.picture_id if one.picture_id in pictures else None
    return Case(
        id=one.id,
        service_code=one.service_code,
        state=one.state,
        status=one.status,
        said=one.said,
        street=HOUSE.sub("", one.address) if decimals >= FINE else "",
        latitude=_rounded(one.latitude, decimals),
        longitude=_rounded(one.longitude, decimals),
        decimals=decimals,
        commune=one.commune,
        picture=picture,
        alternative=pictures.get(picture, "") if picture else "",
        status_notes=one.status_notes,
        duplicate_of=one.duplicate_of,
        agency=one.agency,
        reopened=one.reopened,
        read=was_read(one),
        requested_at=one.requested_at,
        updated_at=one.updated_at,
        answered_at=one.answered_at,
        expected_at=one.expected_at,
        closed_at=one.closed_at,
    )


def was_read(one: Request) -> bool:
    """Whether an agent let everybody see it: words that are clean need nobody's eyes."""
    return one.moderation == "accepted" and bool(one.concerns or one.picture_id)


def _rounded(degrees: float | None, decimals: int) -> float | None:
    return None if degrees is None else round(degrees, decimals)


__all__ = [
    "NEAR_METRES",
    "Case",
    "Filter",
    "Near",
    "cases",
    "get",
    "near",
    "on_street",
    "page",
    "some",
    "was_read",
]
