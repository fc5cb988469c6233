"""What agents of the municipality see: counts of homes, of eleven at least, once a month.

Only homes that agreed are counted. All tables of an edition are protected together
(:mod:`datalab.methods.protection`): whoever solves linear programs over everything that is shown
cannot bound a hidden count within ±5. An edition is made once a month and kept, so that no two of
one month can be subtracted. Editions of different months count different homes; who is new in a
month stays hidden as long as fewer than eleven are: then the month shows the edition before.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from datalab.households.consent import DOMAINS
from datalab.households.household import DWELLINGS, QUARTERS
from datalab.households.tables import CONSENT, EDITION, HOUSEHOLD
from datalab.methods.attack import total
from datalab.methods.protection import protect

FEWEST = 11
DISTANCE = 5
ALL = "all"
Key = tuple[str, str, str]  # table, row, column


@dataclass(frozen=True)
class Edition:
    """``tables`` by name: rows of quarters, columns of dwellings or domains; None is hidden."""

    month: str
    tables: dict[str, dict[str, dict[str, int | None]]]

    @property
    def homes(self) -> int | None:
        return self.tables["dwelling"][ALL][ALL]


def counted(connection: Connection) -> list[tuple[str, str, frozenset[str]]]:
    """Quarter, dwelling and domains of each home that agreed to be counted."""
    agreed: dict[str, set[str]] = {}
    asked = select(CONSENT.c.household_id, CONSENT.c.domain).where(
        CONSENT.c.use == "cells", CONSENT.c.withdrawn_at.is_(None)
    )
    for row in connection.execute(asked):
        agreed.setdefault(row.household_id, set()).add(row.domain)
    homes = select(HOUSEHOLD.c.id, HOUSEHOLD.c.quarter, HOUSEHOLD.c.dwelling)
    return [
        (row.quarter, row.dwelling, frozenset(agreed[row.id]))
        for row in connection.execute(homes)
        if row.id in agreed
    ]


def protected(homes: list[tuple[str, str, frozenset[str]]]) -> dict[str, Any] | None:
    """The tables with what has to be hidden; None below :data:`FEWEST` homes, or where hiding
    cannot help."""
    if len(homes) < FEWEST:
        return None
    values: Counter[Key] = Counter()
    for quarter, dwelling, domains in homes:
        for row in (quarter, ALL):
            values["dwelling", row, ALL] += 1
            values["dwelling", row, dwelling] += 1
            for domain in DOMAINS:
                values[domain, row, "yes" if domain in domains else "no"] += 1
    relations = []
    rows = (*QUARTERS, ALL)
    columns = {"dwelling": DWELLINGS, **dict.fromkeys(DOMAINS, ("yes", "no"))}
    for table, names in columns.items():
        for row in rows:  # homes of a row are the same in every table
            parts = [(table, row, name) for name in names]
            relations.append(total(("dwelling", row, ALL), parts))
        relations += [
            total((table, ALL, name), [(table, row, name) for row in QUARTERS]) for name in names
        ]
    relations.append(total(("dwelling", ALL, ALL), [("dwelling", row, ALL) for row in QUARTERS]))
    keys = {key for relation in relations for key in relation}
    made = protect(
        {key: float(values[key]) for key in keys}, relations, threshold=FEWEST, distance=DISTANCE
    )
    if made.exposed:
        return None
    document: dict[str, Any] = {}
    for (table, row, name), count in sorted(made.published.items()):
        shown = None if count is None else round(count)
        document.setdefault(table, {}).setdefault(row, {})[name] = shown
    return document


def edition(connection: Connection, month: str, now: float) -> Edition | None:
    """That of ``month`` (2026-11), made at the first look; None where there are too few homes.

    ``month`` says when it was counted: an earlier one where too little changed since.
    """
    asked = select(EDITION.c.month, EDITION.c.document).order_by(EDITION.c.month.desc())
    last = connection.execute(asked.where(EDITION.c.month <= month).limit(1)).first()
    if last is not None and last.month == month:
        return Edition(str(last.document["counted"]), last.document["tables"])
    homes = counted(connection)
    tables = protected(homes)
    if tables is None:
        return None
    document: dict[str, Any] = {"counted": month, "tables": tables}
    if last is not None and _too_near(last.document["tables"], tables):
        document = last.document
    try:
        with connection.begin_nested():
            connection.execute(insert(EDITION).values(month=month, document=document, made_at=now))
    except IntegrityError:
        return edition(connection, month, now)  # somebody else looked at the same moment
    return Edition(str(document["counted"]), document["tables"])


def _too_near(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether some shown count changed by fewer than :data:`FEWEST` homes: their difference would
    tell of few. What is hidden in either edition gives no difference."""
    for table, rows in after.items():
        for row, columns in rows.items():
            for name, count in columns.items():
                earlier = before.get(table, {}).get(row, {}).get(name)
                if None not in (count, earlier) and 0 < abs(count - earlier) < FEWEST:
                    return True
    return False
