"""Consent: one domain and one use at a time, withdrawn by one click as it was given by one.

To withdraw deletes at once what it allowed to keep. A load curve tells when somebody is at home:
it has a consent of its own, apart from that for readings.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from datalab.errors import HouseholdRefused, NoConsent
from datalab.households.tables import CONSENT, PLEDGE, READING, TIP
from datalab.households.vault import new_id
from datalab.i18n import Phrase

DOMAINS = ("electricity", "gas", "water", "transport", "waste", "local")
METERED = ("electricity", "gas", "water")
# follow: see one's own actions counted; readings: keep what the meter says; curve: keep what a
# Linky recorded every half hour, as days; cells: be counted in what agents see.
USES = ("follow", "readings", "curve", "cells")
# Of the sentences that were agreed to: another wording asks again. Since ambassadors see counts of
# the homes that came by their codes, that of ``cells`` names them.
WORDING = {"follow": "2026-11", "readings": "2026-11", "curve": "2026-11", "cells": "2026-11-22"}


@dataclass(frozen=True)
class Given:
    domain: str
    use: str
    wording: str
    given_at: float
    withdrawn_at: float | None


def possible(domain: str, use: str) -> bool:
    if domain not in DOMAINS or use not in USES:
        return False
    if use == "curve":
        return domain == "electricity"
    return use != "readings" or domain in METERED


def give(connection: Connection, household: str, domain: str, use: str, now: float) -> None:
    """Agree to one use of one domain; to agree twice changes nothing.

    Raises
    ------
    HouseholdRefused
        for a use that this domain does not have.
    """
    if not possible(domain, use):
        raise HouseholdRefused(field="use", reason=Phrase("this domain has no such use"))
    older = _open(household, domain, use) & (CONSENT.c.wording != WORDING[use])
    connection.execute(update(CONSENT).where(older).values(withdrawn_at=now))
    try:
        with connection.begin_nested():
            connection.execute(
                insert(CONSENT).values(
                    id=new_id(),
                    household_id=household,
                    domain=domain,
                    use=use,
                    wording=WORDING[use],
                    given_at=now,
                )
            )
    except IntegrityError:
        pass  # it stands already


def withdraw(connection: Connection, household: str, domain: str, use: str, now: float) -> int:
    """Take a consent back and delete what it allowed; how many rows of readings or tips went."""
    standing = _open(household, domain, use)
    connection.execute(update(CONSENT).where(standing).values(withdrawn_at=now))
    of = (READING.c.household_id == household) & (READING.c.domain == domain)
    if use == "readings":
        return connection.execute(delete(READING).where(of & (READING.c.kind == "index"))).rowcount
    if use == "curve":
        return connection.execute(delete(READING).where(of & (READING.c.kind == "daily"))).rowcount
    if use == "follow":
        done = (PLEDGE.c.household_id == household) & (PLEDGE.c.domain == domain)
        connection.execute(delete(PLEDGE).where(done))
        tips = (TIP.c.household_id == household) & (TIP.c.domain == domain)
        return connection.execute(delete(TIP).where(tips & (TIP.c.state != "accepted"))).rowcount
    return 0


def standing(connection: Connection, household: str) -> set[tuple[str, str]]:
    """Domain and use of every consent that stands today."""
    asked = select(CONSENT.c.domain, CONSENT.c.use, CONSENT.c.wording).where(
        CONSENT.c.household_id == household, CONSENT.c.withdrawn_at.is_(None)
    )
    return {
        (row.domain, row.use)
        for row in connection.execute(asked)
        if row.wording == WORDING.get(row.use)
    }


def require(connection: Connection, household: str, domain: str, use: str) -> None:
    """Raises
    ------
    NoConsent
    """
    if (domain, use) not in standing(connection, household):
        raise NoConsent(domain=domain)


def withdrew(connection: Connection, household: str, domain: str, since: float) -> bool:
    """Whether following this domain was taken back after ``since``: what was done there before
    is forgotten, and could count twice."""
    asked = select(CONSENT.c.id).where(
        CONSENT.c.household_id == household,
        CONSENT.c.domain == domain,
        CONSENT.c.use == "follow",
        CONSENT.c.withdrawn_at > since,
    )
    return connection.execute(asked).first() is not None


def history(connection: Connection, household: str) -> list[Given]:
    asked = select(CONSENT).where(CONSENT.c.household_id == household).order_by(CONSENT.c.given_at)
    return [
        Given(row.domain, row.use, row.wording, row.given_at, row.withdrawn_at)
        for row in connection.execute(asked)
    ]


def _open(household: str, domain: str, use: str) -> ColumnElement[bool]:
    return (
        (CONSENT.c.household_id == household)
        & (CONSENT.c.domain == domain)
        & (CONSENT.c.use == use)
        & CONSENT.c.withdrawn_at.is_(None)
    )
