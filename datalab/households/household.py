"""A household: joins without an address, is opened by its own private link, may have a team."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update

from datalab.errors import HouseholdRefused, UnknownHousehold
from datalab.households import ledger
from datalab.households.tables import HOUSEHOLD, TEAM
from datalab.households.vault import Vault, digest, new_id, new_secret
from datalab.i18n import Phrase
from datalab.methods.points import TEAM as SIZE

QUARTERS = ("centre", "north", "south", "east", "west")  # of the town; no street is asked for
DWELLINGS = ("house", "flat")
LETTERS = "BCDFGHJKMNPQRTVWXZ"
LONGEST = 60


@dataclass(frozen=True)
class Household:
    id: str
    name: str
    quarter: str
    dwelling: str
    team: str | None
    joined_at: float


@dataclass(frozen=True)
class Team:
    """``homes`` is how many; which ones a team knows at its own table, not from here."""

    id: str
    code: str
    name: str
    homes: int
    points: int | None  # None below three homes: one could subtract one's own


def join(
    connection: Connection, vault: Vault, name: str, quarter: str, dwelling: str, now: float
) -> tuple[str, str]:
    """A new household and the secret of its private link: ``(id, secret)``. No address is asked.

    Raises
    ------
    HouseholdRefused
    """
    name = _name(name)
    if quarter not in QUARTERS:
        raise HouseholdRefused(field="quarter", reason=Phrase("choose a part of the town"))
    if dwelling not in DWELLINGS:
        raise HouseholdRefused(field="dwelling", reason=Phrase("choose a house or a flat"))
    made, secret = new_id(), new_secret()
    connection.execute(
        insert(HOUSEHOLD).values(
            id=made,
            digest=digest(secret),
            cipher=vault.sealed({"name": name}),
            quarter=quarter,
            dwelling=dwelling,
            joined_at=now,
        )
    )
    ledger.open_account(connection, household=made)
    return made, secret


def opened(connection: Connection, vault: Vault, secret: str) -> Household:
    """The household whose private link this is.

    Raises
    ------
    UnknownHousehold
    """
    found = connection.execute(
        select(HOUSEHOLD).where(HOUSEHOLD.c.digest == digest(secret[:200]))
    ).first()
    if found is None:
        raise UnknownHousehold()
    name = (vault.opened(found.cipher) or {}).get("name", "")
    return Household(found.id, name, found.quarter, found.dwelling, found.team_id, found.joined_at)


def make_team(connection: Connection, household: str, name: str, now: float) -> str:
    """A team that neighbours enter by its code; the code."""
    made, code = new_id(), "".join(secrets.choice(LETTERS) for _ in range(6))
    connection.execute(insert(TEAM).values(id=made, code=code, name=_name(name), created_at=now))
    connection.execute(update(HOUSEHOLD).where(HOUSEHOLD.c.id == household).values(team_id=made))
    return code


def enter_team(connection: Connection, household: str, code: str) -> None:
    """Enter a team by its code, leaving any other.

    Raises
    ------
    HouseholdRefused
        where there is no such team, or it is full.
    """
    clean = "".join(letter for letter in code[:20].upper() if letter.isalnum())
    # Locked while we count: two who come at once do not both take the last place.
    asked = select(TEAM.c.id).where(TEAM.c.code == clean).with_for_update()
    team = connection.execute(asked).scalar()
    if team is None:
        raise HouseholdRefused(field="code", reason=Phrase("no team has this code"))
    count = select(func.count()).select_from(HOUSEHOLD)
    here = HOUSEHOLD.c.team_id == team
    if connection.execute(count.where(here, HOUSEHOLD.c.id != household)).scalar_one() >= SIZE[1]:
        raise HouseholdRefused(field="code", reason=Phrase("this team has ten homes already"))
    connection.execute(update(HOUSEHOLD).where(HOUSEHOLD.c.id == household).values(team_id=team))


def leave_team(connection: Connection, household: str) -> None:
    connection.execute(update(HOUSEHOLD).where(HOUSEHOLD.c.id == household).values(team_id=None))


def team_of(connection: Connection, household: str) -> Team | None:
    from datalab.households.tables import PLEDGE

    asked = select(TEAM).join(HOUSEHOLD, HOUSEHOLD.c.team_id == TEAM.c.id)
    found = connection.execute(asked.where(HOUSEHOLD.c.id == household)).first()
    if found is None:
        return None
    homes = select(HOUSEHOLD.c.id).where(HOUSEHOLD.c.team_id == found.id)
    many = connection.execute(select(func.count()).select_from(homes.subquery())).scalar_one()
    earned = select(func.coalesce(func.sum(PLEDGE.c.points), 0))
    points = connection.execute(earned.where(PLEDGE.c.household_id.in_(homes))).scalar_one()
    return Team(found.id, found.code, found.name, many, int(points) if many >= 3 else None)


def _name(name: str) -> str:
    clean = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if not clean or len(clean) > LONGEST:
        reason = Phrase("a name has 1 to {longest} characters", longest=LONGEST)
        raise HouseholdRefused(field="name", reason=reason)
    return clean
