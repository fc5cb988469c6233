"""What agents of the municipality see: counts of homes, of eleven at least, once a month.

Only homes that agreed are counted. All tables of an edition are protected together
(:mod:`datalab.methods.protection`): whoever solves linear programs over everything that is shown
cannot bound a hidden count within ±5. An edition is made once a month and kept, so that no two of
one month can be subtracted; and a new one is shown only where it tells no more together with those
before it (:mod:`datalab.households.months`). Otherwise the month shows the edition before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from datalab.households.consent import DOMAINS
from datalab.households.household import DWELLINGS, QUARTERS
from datalab.households.months import Cell, counts_of, gives_away
from datalab.households.store import Store
from datalab.households.tables import CONSENT, EDITION, HOUSEHOLD
from datalab.methods.attack import Relation, total
from datalab.methods.protection import protect

FEWEST = 11
DISTANCE = 5
ALL = "all"


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


def relations() -> list[Relation[Cell]]:
    """All that adds up in the tables of an edition."""
    rows = (*QUARTERS, ALL)
    columns = {"dwelling": DWELLINGS, **dict.fromkeys(DOMAINS, ("yes", "no"))}
    found: list[Relation[Cell]] = []
    for table, names in columns.items():
        found += [  # homes of a row are the same in every table
            total(("dwelling", row, ALL), [(table, row, name) for name in names]) for row in rows
        ]
        found += [
            total((table, ALL, name), [(table, row, name) for row in QUARTERS]) for name in names
        ]
    return [*found, total(("dwelling", ALL, ALL), [("dwelling", row, ALL) for row in QUARTERS])]


def protected(
    homes: Sequence[tuple[str, str, frozenset[str]]], hidden: Collection[Cell] = ()
) -> dict[str, Any] | None:
    """The tables with what has to be hidden, and ``hidden`` besides; None below :data:`FEWEST`
    homes, or where hiding cannot help."""
    if len(homes) < FEWEST:
        return None
    values: Counter[Cell] = Counter()
    for quarter, dwelling, domains in homes:
        for row in (quarter, ALL):
            values["dwelling", row, ALL] += 1
            values["dwelling", row, dwelling] += 1
            for domain in DOMAINS:
                values[domain, row, "yes" if domain in domains else "no"] += 1
    lines = relations()
    keys = dict.fromkeys(key for line in lines for key in line)
    made = protect(
        {key: float(values[key]) for key in keys},
        lines,
        threshold=FEWEST,
        distance=DISTANCE,
        hidden=hidden,
    )
    if made.exposed:
        return None
    document: dict[str, Any] = {}
    for (table, row, name), count in sorted(made.published.items()):
        shown = None if count is None else round(count)
        document.setdefault(table, {}).setdefault(row, {})[name] = shown
    return document


def edition(store: Store, month: str, now: float) -> Edition | None:
    """That of ``month`` (2026-11), made at the first look; None where there are too few homes.

    ``month`` says when it was counted: an earlier one where showing the newest would tell too much.
    The programs are solved while nobody waits for the database.
    """
    with store.reading() as connection:
        asked = select(EDITION.c.month, EDITION.c.document).where(EDITION.c.month <= month)
        known = connection.execute(asked.order_by(EDITION.c.month)).all()
        homes = counted(connection)
    if known and known[-1].month == month:
        return _edition(known[-1].document)
    document = _next({row.document["counted"]: row.document for row in known}, homes, month)
    if document is None:
        return None
    try:
        with store.writing() as connection:
            connection.execute(insert(EDITION).values(month=month, document=document, made_at=now))
    except IntegrityError:
        return edition(store, month, now)  # somebody else looked at the same moment
    return _edition(document)


def _edition(document: dict[str, Any]) -> Edition:
    return Edition(str(document["counted"]), document["tables"])


def _next(
    known: dict[str, dict[str, Any]], homes: list[tuple[str, str, frozenset[str]]], month: str
) -> dict[str, Any] | None:
    """The document of ``month`` after the ``known`` ones by when they were counted, oldest first.

    What was hidden last is hidden again where the freest choice would give it away.
    """
    earlier = [counts_of(one["tables"]) for one in known.values()]
    last = {cell for cell, count in earlier[-1].items() if count is None} if earlier else set()
    for hidden in ((), last) if last else ((),):
        tables = protected(homes, hidden)
        if tables is not None and not gives_away(
            earlier, counts_of(tables), relations(), fewest=FEWEST, distance=DISTANCE
        ):
            return {"counted": month, "tables": tables}
    return list(known.values())[-1] if known else None
