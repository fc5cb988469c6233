"""Which team a report goes to: lines by service and municipality, the most exact one wins.

A line for one service in one municipality stands above one for the service everywhere, that above
one for the municipality whatever the service, and a line for all above none.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, or_, select

from datalab.errors import RouteTaken
from datalab.participation import journal
from datalab.participation.author import short_id
from datalab.participation.batch import once
from datalab.participation.journal import Change, Edit
from datalab.participation.tables.request import ROUTE

SCOPE = "control"
LONGEST_TEAM = 80  # characters


@dataclass(frozen=True)
class Route:
    """None stands for all services, or for all municipalities."""

    id: str
    service_code: str | None
    commune: str | None
    team: str
    version: int

    @property
    def exactness(self) -> int:
        return 2 * (self.service_code is not None) + (self.commune is not None)


def routes(connection: Connection) -> list[Route]:
    """The most exact ones first."""
    found = [Route(**row) for row in connection.execute(select(ROUTE)).mappings()]
    return sorted(found, key=lambda r: (-r.exactness, r.service_code or "", r.commune or "", r.id))


def team_of(connection: Connection, service_code: str, commune: str | None) -> str:
    """The team of a report, empty where no line names one."""

    def ask() -> str:
        asked = {"service": service_code, "commune": commune}
        found = [Route(**row) for row in connection.execute(_FITTING, asked).mappings()]
        return max(found, key=lambda route: (route.exactness, route.id)).team if found else ""

    return once(connection, ("team", service_code, commune), ask)


_FITTING = select(ROUTE).where(
    or_(ROUTE.c.service_code.is_(None), ROUTE.c.service_code == bindparam("service")),
    or_(ROUTE.c.commune.is_(None), ROUTE.c.commune == bindparam("commune")),
)


def add(
    connection: Connection,
    service_code: str | None,
    commune: str | None,
    team: str,
    *,
    actor: str,
    now: float,
) -> Change:
    """A new line.

    Raises
    ------
    RouteTaken
        where there is one for the same service and municipality.
    """
    for route in routes(connection):
        if (route.service_code, route.commune) == (service_code, commune):
            raise RouteTaken(team=route.team)
    values = {"id": short_id(), "service_code": service_code, "commune": commune, "team": team}
    return _record(connection, "route.add", Edit.insert(ROUTE, values), actor, now)


def change(
    connection: Connection, id: str, team: str, *, actor: str, seen: int, now: float
) -> Change:
    """Another team for a line.

    Raises
    ------
    Stale
    """
    edit = Edit.update(ROUTE, id, {"team": team}, seen)
    return _record(connection, "route.change", edit, actor, now)


def remove(connection: Connection, id: str, *, actor: str, seen: int, now: float) -> Change:
    """Take a line away; cases that it routed stay where they are.

    Raises
    ------
    Stale
    """
    return _record(connection, "route.remove", Edit.delete(ROUTE, id, seen), actor, now)


def _record(connection: Connection, kind: str, edit: Edit, actor: str, now: float) -> Change:
    return journal.record(connection, scope=SCOPE, at=now, actor=actor, kind=kind, edits=[edit])
