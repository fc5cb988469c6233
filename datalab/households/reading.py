"""Readings: what a meter shows on a day, or what a Linky used in a day; sealed, with consent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise

from sqlalchemy import Connection, delete, insert, select

from datalab.errors import HouseholdRefused
from datalab.households import consent
from datalab.households.linky import Curve
from datalab.households.tables import HOUSEHOLD, READING
from datalab.households.vault import Vault, new_id
from datalab.i18n import Phrase

MOST_SHOWN = 10_000_000  # what a meter can show, in its unit


def note(
    connection: Connection,
    vault: Vault,
    household: str,
    domain: str,
    day: date,
    shown: float,
    *,
    today: date,
    now: float,
) -> None:
    """Keep what the meter shows on a day (kWh, kWh PCS or m³).

    Raises
    ------
    NoConsent
    HouseholdRefused
        for a day to come, or a meter that would run backwards.
    """
    consent.require(connection, household, domain, "readings")
    if not 0 <= shown <= MOST_SHOWN:
        raise HouseholdRefused(field="shown", reason=Phrase("a meter shows a number of 0 or more"))
    if day > today or day.year < 2010:
        raise HouseholdRefused(field="day", reason=Phrase("this day is no day of the past years"))
    known = indexes(connection, vault, household, domain)
    before = max((d for d in known if d < day), default=None)
    after = min((d for d in known if d > day), default=None)
    if (before and known[before] > shown) or (after and known[after] < shown):
        reason = Phrase("the meter would run backwards: look at the figures again")
        raise HouseholdRefused(field="shown", reason=reason)
    _merge(connection, vault, household, domain, "index", {day: shown}, now)


def take_curve(
    connection: Connection, vault: Vault, household: str, curve: Curve, now: float
) -> int:
    """Keep the days of a Linky's file; how many. What a day was before is replaced.

    Raises
    ------
    NoConsent
    """
    consent.require(connection, household, "electricity", "curve")
    _merge(connection, vault, household, "electricity", "daily", curve.days, now)
    return len(curve.days)


def indexes(connection: Connection, vault: Vault, household: str, domain: str) -> dict[date, float]:
    """What the meter showed, by day."""
    return _kept(connection, vault, household, domain, "index")


def days(connection: Connection, vault: Vault, household: str, domain: str) -> dict[date, float]:
    """What was used (kWh), by day."""
    return _kept(connection, vault, household, domain, "daily")


def used(indexes: Mapping[date, float]) -> list[tuple[date, date, float]]:
    """From one reading to the next: first day, day of the next reading, what was used."""
    order = sorted(indexes)
    return [(a, b, round(indexes[b] - indexes[a], 3)) for a, b in pairwise(order)]


def whole_months(daily: Mapping[date, float]) -> dict[date, float]:
    """kWh of each month all of whose days are known, by its first day."""
    sums: dict[date, list[float]] = defaultdict(list)
    for day, value in daily.items():
        sums[day.replace(day=1)].append(value)
    return {
        first: round(sum(values), 3)
        for first, values in sorted(sums.items())
        if len(values) == ((first + timedelta(days=32)).replace(day=1) - first).days
    }


def _kept(
    connection: Connection, vault: Vault, household: str, domain: str, kind: str
) -> dict[date, float]:
    asked = select(READING.c.cipher).where(
        READING.c.household_id == household, READING.c.domain == domain, READING.c.kind == kind
    )
    found: dict[date, float] = {}
    for cipher in connection.execute(asked).scalars():
        document = vault.opened(cipher) or {}
        found |= {date.fromisoformat(day): float(value) for day, value in document.items()}
    return dict(sorted(found.items()))


def _merge(
    connection: Connection,
    vault: Vault,
    household: str,
    domain: str,
    kind: str,
    values: Mapping[date, float],
    now: float,
) -> None:
    months: dict[str, dict[str, float]] = defaultdict(dict)
    for day, value in values.items():
        months[f"{day:%Y-%m}"][day.isoformat()] = value
    held = select(HOUSEHOLD.c.id).where(HOUSEHOLD.c.id == household).with_for_update()
    connection.execute(held)  # of two files at once the second is merged into the first
    for month, document in months.items():
        here = (
            (READING.c.household_id == household)
            & (READING.c.domain == domain)
            & (READING.c.kind == kind)
            & (READING.c.month == month)
        )
        earlier = connection.execute(select(READING.c.cipher).where(here)).scalar()
        merged = (vault.opened(earlier) or {} if earlier else {}) | document
        connection.execute(delete(READING).where(here))
        connection.execute(
            insert(READING).values(
                id=new_id(),
                household_id=household,
                domain=domain,
                kind=kind,
                month=month,
                cipher=vault.sealed(merged),
                changed_at=now,
            )
        )
