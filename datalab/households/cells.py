"""What agents of the municipality see: counts of homes, of eleven at least, once a month.

Only homes that agreed are counted. All tables of an edition are protected together
(:mod:`datalab.methods.protection`): whoever solves linear programs over everything that is shown
cannot bound a hidden count within ±5. An edition is made once a month and kept, so that no two of
one month can be subtracted; and a new one is shown only where it tells no more together with those
before it (:mod:`datalab.households.months`). Otherwise the month shows the edition before.

The counts of ambassadors are tables of the same edition, protected with all others, so that an
agent and an ambassador who lay theirs side by side learn no more. Homes that came without an
invitation code are in no count: nobody can invent them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from datalab.households.consent import DOMAINS, WORDING
from datalab.households.household import DWELLINGS, QUARTERS
from datalab.households.months import Cell, counts_of, gives_away
from datalab.households.store import Store
from datalab.households.tables import AMBASSADOR, CONSENT, EDITION, HOUSEHOLD, INVITATION, PLEDGE
from datalab.methods.attack import Relation, total
from datalab.methods.points import DAYS
from datalab.methods.protection import protect

FEWEST = 11
DISTANCE = 5
ALL = "all"
# How far a home went, as in the funnel of the university's protocol; each home is at one of them.
STAGES = ("joined", "sharing", "active")
OTHERS = "others"  # homes of ambassadors with fewer than eleven, and of those whose role ended


class Home(NamedTuple):
    """What is counted of a home; ``ambassador`` is whose code it used."""

    quarter: str
    dwelling: str
    domains: frozenset[str]
    stage: str = "joined"
    ambassador: str = OTHERS


@dataclass(frozen=True)
class Edition:
    """``tables`` by name: rows of quarters, columns of dwellings or domains; None is hidden."""

    month: str
    tables: dict[str, dict[str, dict[str, int | None]]]

    @property
    def homes(self) -> int | None:
        return self.tables["dwelling"][ALL][ALL]

    @property
    def shown(self) -> dict[str, dict[str, dict[str, int | None]]]:
        """The tables of agents: without those of ambassadors."""
        return {name: rows for name, rows in self.tables.items() if name != "ambassador"}

    @property
    def funnel(self) -> dict[str, int | None]:
        """How many came at least that far, by stage; None where it is hidden."""
        counts = self.tables.get("stage", {}).get(ALL, {})
        parts = [counts.get(stage) for stage in STAGES]
        return {
            stage: self.homes
            if not number
            else None
            if None in parts[number:]
            else sum(part or 0 for part in parts[number:])
            for number, stage in enumerate(STAGES)
        }

    def of(self, ambassador: str) -> tuple[int | None, int | None]:
        """Homes of an ambassador's codes, and how many of them are active."""
        row = self.tables.get("ambassador", {}).get(ambassador, {})
        return row.get(ALL), row.get("yes")


def counted(connection: Connection, now: float) -> list[Home]:
    """Each home that came with a code and agreed to be counted."""
    given: dict[str, set[tuple[str, str]]] = {}
    asked = select(CONSENT).where(CONSENT.c.withdrawn_at.is_(None))
    for row in connection.execute(asked):
        if row.wording == WORDING[row.use]:
            given.setdefault(row.household_id, set()).add((row.domain, row.use))
    bound = {
        row.household_id
        for row in connection.execute(select(PLEDGE).where(PLEDGE.c.pledged_at <= now))
        if now - row.pledged_at < DAYS[row.commitment] * 86_400
    }
    homes = select(
        HOUSEHOLD.c.id, HOUSEHOLD.c.quarter, HOUSEHOLD.c.dwelling, INVITATION.c.ambassador_id
    ).join(INVITATION, INVITATION.c.household_id == HOUSEHOLD.c.id)
    found: list[Home] = []
    for row in connection.execute(homes.order_by(HOUSEHOLD.c.id)):
        agreed = given.get(row.id, set())
        domains = frozenset(domain for domain, use in agreed if use == "cells")
        if not domains:
            continue
        shares = any(use in ("readings", "curve") for _, use in agreed)
        stage = "joined" if not shares else "active" if row.id in bound else "sharing"
        whose = row.ambassador_id or OTHERS
        found.append(Home(row.quarter, row.dwelling, domains, stage, whose))
    # Who gave twelve codes and reads twelve homes knows of each: codes that led to no counted home
    # are a small count, too.
    made = {row.id: row.made for row in connection.execute(select(AMBASSADOR))}
    came = Counter(home.ambassador for home in found)
    told = {whose for whose, many in came.items() if made.get(whose, 0) - many >= FEWEST}
    return [home if home.ambassador in told else home._replace(ambassador=OTHERS) for home in found]


def relations(counts: Iterable[Cell]) -> list[Relation[Cell]]:
    """All that adds up in the tables of an edition that has these cells."""
    rows = (*QUARTERS, ALL)
    keys = set(counts)
    columns: dict[str, tuple[str, ...]] = {
        "dwelling": DWELLINGS,
        **dict.fromkeys(DOMAINS, ("yes", "no")),
    }
    if ("stage", ALL, "active") in keys:  # not in editions of before there were ambassadors
        columns["stage"] = STAGES
    found: list[Relation[Cell]] = []
    for table, names in columns.items():
        found += [  # homes of a row are the same in every table
            total(("dwelling", row, ALL), [(table, row, name) for name in names]) for row in rows
        ]
        found += [
            total((table, ALL, name), [(table, row, name) for row in QUARTERS]) for name in names
        ]
    whose = sorted({row for table, row, _ in keys if table == "ambassador"})
    if whose:
        found += [
            total(("ambassador", row, ALL), [("ambassador", row, name) for name in ("yes", "no")])
            for row in whose
        ]
        found += [
            total(whole, [("ambassador", row, name) for row in whose])
            for whole, name in ((("dwelling", ALL, ALL), ALL), (("stage", ALL, "active"), "yes"))
        ]
    return [*found, total(("dwelling", ALL, ALL), [("dwelling", row, ALL) for row in QUARTERS])]


def protected(homes: Sequence[Home], hidden: Collection[Cell] = ()) -> dict[str, Any] | None:
    """The tables with what has to be hidden, and ``hidden`` besides; None below :data:`FEWEST`
    homes, or where hiding cannot help."""
    if len(homes) < FEWEST:
        return None
    by = Counter(home.ambassador for home in homes)
    values: Counter[Cell] = Counter()
    for home in homes:
        for row in (home.quarter, ALL):
            values["dwelling", row, ALL] += 1
            values["dwelling", row, home.dwelling] += 1
            values["stage", row, home.stage] += 1
            for domain in DOMAINS:
                values[domain, row, "yes" if domain in home.domains else "no"] += 1
        whose = home.ambassador if by[home.ambassador] >= FEWEST else OTHERS
        values["ambassador", whose, ALL] += 1
        values["ambassador", whose, "yes" if home.stage == "active" else "no"] += 1
    lines = relations((*values, ("stage", ALL, "active")))
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
        homes = counted(connection, now)
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
    known: dict[str, dict[str, Any]], homes: Sequence[Home], month: str
) -> dict[str, Any] | None:
    """The document of ``month`` after the ``known`` ones by when they were counted, oldest first.

    What was hidden last is hidden again where the freest choice would give it away.
    """
    earlier = [counts_of(one["tables"]) for one in known.values()]
    last = {cell for cell, count in earlier[-1].items() if count is None} if earlier else set()
    for hidden in ((), last) if last else ((),):
        tables = protected(homes, hidden)
        if tables is not None and not gives_away(
            earlier, counts_of(tables), relations, fewest=FEWEST, distance=DISTANCE
        ):
            return {"counted": month, "tables": tables}
    return list(known.values())[-1] if known else None
