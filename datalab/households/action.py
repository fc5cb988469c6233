"""Actions: what a home can do, by domain, with points by complexity and commitment."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from datalab.errors import AlreadyDone, HouseholdRefused
from datalab.households import consent, ledger
from datalab.households.tables import PLEDGE
from datalab.households.vault import new_id
from datalab.i18n import Phrase
from datalab.methods.points import COMMITMENT, DAYS, may_repeat, points


@dataclass(frozen=True)
class Action:
    id: str
    domain: str
    complexity: int
    title: Phrase


CATALOGUE = (
    Action("standby", "electricity", 1, Phrase("Switch off devices on standby at night")),
    Action("fridge", "electricity", 2, Phrase("Defrost the fridge and set it to 4 °C")),
    Action("led", "electricity", 4, Phrase("Replace the last bulbs by LEDs")),
    Action("nineteen", "gas", 2, Phrase("Heat living rooms to 19 °C and bedrooms to 17 °C")),
    Action("boiler", "gas", 3, Phrase("Have the boiler serviced and its curve set")),
    Action("attic", "gas", 5, Phrase("Insulate the attic")),
    Action("shower", "water", 1, Phrase("Shower in five minutes")),
    Action("rain", "water", 4, Phrase("Collect rain for the garden")),
    Action("bike", "transport", 2, Phrase("Go by bicycle or on foot below three kilometres")),
    Action("carpool", "transport", 3, Phrase("Share the car to work")),
    Action("compost", "waste", 3, Phrase("Compost peelings")),
    Action("sort", "waste", 1, Phrase("Sort packaging by the leaflet")),
    Action("market", "local", 1, Phrase("Buy at the market or from a producer")),
    Action("basket", "local", 3, Phrase("Take a weekly basket from a producer")),
)
LONGEST = max(DAYS.values()) * 86_400.0  # seconds that somebody can bind themselves for
BY_ID = {one.id: one for one in CATALOGUE}


@dataclass(frozen=True)
class Pledge:
    action: str
    commitment: str
    points: int
    pledged_at: float


def pledge(connection: Connection, household: str, action: str, commitment: str, now: float) -> int:
    """Bind oneself to an action; the points it gave.

    Raises
    ------
    HouseholdRefused
        for an unknown action or commitment.
    NoConsent
        where the household does not follow this domain.
    AlreadyDone
        where the time of the last one is not over.
    """
    found = BY_ID.get(action)
    if found is None or commitment not in COMMITMENT:
        raise HouseholdRefused(field="action", reason=Phrase("choose an action of the list"))
    consent.require(connection, household, found.domain, "follow")
    if consent.withdrew(connection, household, found.domain, now - LONGEST):
        reason = Phrase(
            "you took this domain back within the year: what you did is forgotten, and so that "
            "nothing counts twice its actions give points a year after"
        )
        raise HouseholdRefused(field="action", reason=reason)
    account = ledger.account_of(connection, household=household)
    # Takes the account's lock first: of two clicks at once the second sees the first one's pledge.
    ledger.lock(connection, account)
    asked = select(PLEDGE.c.pledged_at, PLEDGE.c.commitment).where(
        PLEDGE.c.household_id == household, PLEDGE.c.action == action
    )
    earlier = connection.execute(asked).all()
    if not all(may_repeat(row.commitment, [row.pledged_at], now) for row in earlier):
        raise AlreadyDone()
    made, earned = new_id(), points(found.complexity, commitment)
    connection.execute(
        insert(PLEDGE).values(
            id=made,
            household_id=household,
            action=action,
            domain=found.domain,
            commitment=commitment,
            points=earned,
            pledged_at=now,
        )
    )
    moved = {ledger.own(connection, ledger.ISSUED): -earned, account: earned}
    ledger.post(connection, f"pledge:{made}", moved, now)
    return earned


def pledges(connection: Connection, household: str) -> list[Pledge]:
    asked = select(PLEDGE).where(PLEDGE.c.household_id == household)
    return [
        Pledge(row.action, row.commitment, row.points, row.pledged_at)
        for row in connection.execute(asked.order_by(PLEDGE.c.pledged_at.desc()))
    ]
