"""Requests that everybody may see: by number, kind, state, time, or near a place."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from datalab.participation import service
from datalab.participation.request_state import DAY, Request, request_of
from datalab.participation.service import Service
from datalab.participation.tables.author import PICTURE
from datalab.participation.tables.request import NOTE, REQUEST

METRES_PER_DEGREE = 111_195.0  # of latitude, on a sphere of 6 371 km
NEAR_METRES = 250.0
WINDOW_DAYS = 90.0
MOST = 1_000
PUBLIC_DECIMALS = 3  # of degrees: a service that keeps fewer is about where people live
EXACT_DECIMALS = 6
HOUSE = re.compile(r"^\s*\d+\s*(?:bis|ter|quater|[a-d])?\b[\s,]*", re.IGNORECASE)


@dataclass(frozen=True)
class Filter:
    """What is asked for. Ids count alone; times are seconds, ``since`` included, ``until`` too."""

    ids: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    since: float | None = None
    until: float | None = None
    updated_since: float | None = None
    updated_until: float | None = None
    communes: tuple[str, ...] = ()
    limit: int = MOST
    offset: int = 0


@dataclass(frozen=True)
class Note:
    id: str
    request_id: str
    actor: str
    text: str
    public: bool
    at: float
    version: int


def listed(connection: Connection, asked: Filter) -> list[Request]:
    """The newest first."""
    return [request_of(row) for row in connection.execute(query(asked)).mappings()]


def query(asked: Filter) -> Select[Any]:
    """The question of :func:`listed`, so that a test reads how a database answers it."""
    chosen = select(REQUEST).where(REQUEST.c.moderation == "accepted")
    if asked.ids:
        chosen = chosen.where(REQUEST.c.id.in_(asked.ids))
    else:
        for column, values in (
            (REQUEST.c.service_code, asked.services),
            (REQUEST.c.status, asked.statuses),
            (REQUEST.c.commune, asked.communes),
        ):
            if values:
                chosen = chosen.where(column.in_(values))
        for moment, since, until in (
            (REQUEST.c.requested_at, asked.since, asked.until),
            (REQUEST.c.updated_at, asked.updated_since, asked.updated_until),
        ):
            if since is not None:
                chosen = chosen.where(moment >= since)
            if until is not None:
                chosen = chosen.where(moment <= until)
    ordered = chosen.order_by(REQUEST.c.requested_at.desc(), REQUEST.c.id.desc())
    return ordered.limit(asked.limit).offset(asked.offset)


def near(
    connection: Connection,
    service_code: str,
    latitude: float,
    longitude: float,
    *,
    metres: float = NEAR_METRES,
    limit: int = 5,
    inside: bool = False,
) -> list[tuple[Request, float]]:
    """Open requests of the same kind around a place, the nearest first, with metres.

    They are measured from where everybody sees them, from where they are with ``inside``.

    250 m is what FixMyStreet suggests to the public (``Cobrand/Default.pm``,
    ``nearby_distances``).
    """
    about = service.get(connection, service_code)
    # What is found does not hang on the exact place: a box moved bit by bit would tell it.
    blurred = 0.5 * 10.0**-about.decimals
    high = metres / METRES_PER_DEGREE
    wide = high / max(0.01, math.cos(math.radians(latitude))) + blurred
    high += blurred
    asked = (
        select(REQUEST)
        .where(REQUEST.c.latitude.between(latitude - high, latitude + high))
        .where(REQUEST.c.longitude.between(longitude - wide, longitude + wide))
        .where(REQUEST.c.service_code == service_code)
        .where(REQUEST.c.status == "open", REQUEST.c.moderation == "accepted")
    )
    found = [request_of(row) for row in connection.execute(asked).mappings()]
    # From where everybody sees it: distances to an exact place would tell it.
    seen = [
        (one, one.latitude, one.longitude) if inside else (one, *place_of(one, about))
        for one in found
    ]
    measured = [
        (one, distance(latitude, longitude, south or 0.0, west or 0.0)) for one, south, west in seen
    ]
    return sorted((pair for pair in measured if pair[1] <= metres), key=lambda pair: pair[1])[
        :limit
    ]


def distance(south: float, west: float, north: float, east: float) -> float:
    """Metres between two points (latitude, longitude, twice), by the haversine formula."""
    rise, run = math.radians(north - south), math.radians(east - west)
    both = math.cos(math.radians(south)) * math.cos(math.radians(north))
    part = math.sin(rise / 2) ** 2 + both * math.sin(run / 2) ** 2
    return 2 * math.degrees(math.asin(min(1.0, math.sqrt(part)))) * METRES_PER_DEGREE


def place_of(found: Request, about: Service) -> tuple[float | None, float | None]:
    """Latitude and longitude for everybody.

    As coarse as the service says, which is what the pages tell whoever reports there. A program
    that sends what stands in the street reads it back to the metre.
    """
    if found.latitude is None or found.longitude is None:
        return None, None
    decimals = EXACT_DECIMALS if is_exact(found, about) else about.decimals
    return round(found.latitude, decimals), round(found.longitude, decimals)


def is_exact(found: Request, about: Service) -> bool:
    """Whether everybody may know where exactly this is."""
    return in_the_street(about) and found.channel == "open311"


def in_the_street(about: Service) -> bool:
    """Whether a service is about things in the street, not about where people live."""
    return about.decimals >= PUBLIC_DECIMALS


def address_of(found: Request, about: Service) -> str:
    """The address for everybody: the street where the place is rounded, none where it is coarse."""
    if is_exact(found, about):
        return found.address
    return HOUSE.sub("", found.address) if in_the_street(about) else ""


def shown_pictures(connection: Connection, found: Collection[Request]) -> set[str]:
    """Those pictures of requests that everybody may see."""
    named = {one.picture_id for one in found if one.picture_id}
    if not named:
        return set()
    asked = select(PICTURE.c.id).where(PICTURE.c.id.in_(named), PICTURE.c.accepted)
    return set(connection.execute(asked).scalars())


def notes(
    connection: Connection, ids: Collection[str], *, inside: bool = False
) -> dict[str, list[Note]]:
    """Notes by request, the oldest first; those of the control room only with ``inside``."""
    asked = select(NOTE).where(NOTE.c.request_id.in_(ids)).order_by(NOTE.c.at, NOTE.c.id)
    if not inside:
        asked = asked.where(NOTE.c.public)
    found: dict[str, list[Note]] = {id: [] for id in ids}
    for row in connection.execute(asked).mappings():
        found[row["request_id"]].append(Note(**row))
    return found


def window(since: float | None, until: float | None, now: float) -> tuple[float, float]:
    """The span that is answered for: 90 days at most, the last ones where nothing is said."""
    if since is None:
        until = now if until is None else until
        return until - WINDOW_DAYS * DAY, until
    return since, min(since + WINDOW_DAYS * DAY, now if until is None else until)
