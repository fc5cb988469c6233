"""Diagnoses of the communes as the portal gives them: made of the open lake, once per state of it.

The linked tables of all communes take a few seconds of linear programs. They depend on the
snapshots alone, so they are made once for each and kept while no other state was asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from datalab.errors import DatalabError, UnknownCommune
from datalab.i18n import Language, translate
from datalab.methods.diagnosis import Diagnosis, diagnose
from datalab.methods.territory import INDICATORS, IRIS, Territory, territory
from datalab.participation.documents.block import Document
from datalab.portal import figures
from datalab.portal.card import license_of
from datalab.portal.diagnosis_document import Source, tell
from datalab.portal.diagnosis_evidence import Evidence
from datalab.portal.library import Shelf
from datalab.portal.rows import open_table

REFERENCE, HISTORY, PUBLISHED = "territory-reference", "population-history", "published-figures"
COMMUNES = "communes"
NEEDED = (COMMUNES, INDICATORS, IRIS, REFERENCE)
READ = (*NEEDED, HISTORY, PUBLISHED)
# Published figures of other levels, at the year of the indicator.
FACTS = {"bfc-poverty-2021": ("region", "poverty_rate")}
# Told beside the table, not in it: of another year, or another source.
ASIDE = ("france-median-standard-2021", "cote-dor-poverty-2020", "bfc-poverty-2020")
MOST = 100_000  # rows of one of them

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Basis:
    """What every diagnosis of one state of the lake is made of."""

    known: Territory
    rows: Mapping[str, Rows]
    facts: Mapping[tuple[str, str], float]
    snapshots: Mapping[str, int]
    at: float  # when the newest of its data was published


@dataclass
class Diagnoses:
    """Keeps the basis of the last state of the lake."""

    kept: dict[tuple[tuple[str, int], ...], Basis] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def basis(self, shelf: Shelf) -> Basis | None:
        """None where the lake does not hold what a diagnosis needs."""
        snapshots = _snapshots(shelf)
        if snapshots is None:
            return None
        key = tuple(sorted(snapshots.items()))
        with self.lock:
            if key not in self.kept:
                self.kept.clear()
                made = _made(shelf, snapshots)
                if made is None:
                    return None
                self.kept[key] = made
            return self.kept[key]


def diagnosis_of(basis: Basis, insee: str) -> Diagnosis:
    """
    Raises
    ------
    UnknownCommune
    """
    if insee not in basis.known.names:
        raise UnknownCommune(insee=insee[:20])
    return diagnose(
        basis.known,
        insee,
        indicators=basis.rows[INDICATORS],
        reference=basis.rows[REFERENCE],
        history=basis.rows.get(HISTORY, []),
        facts=basis.facts,
    )


def document_of(
    basis: Basis,
    shelf: Shelf,
    insee: str,
    language: Language,
    address: str = "",
    evidence: Mapping[str, Evidence] | None = None,
) -> tuple[Diagnosis, Document]:
    """The diagnosis of a commune and its document; ``evidence`` stands behind its findings.

    Raises
    ------
    UnknownCommune
    """
    made = diagnosis_of(basis, insee)
    sources = sources_of(basis, shelf, language)
    aside = aside_of(basis, language)
    return made, tell(made, sources, language, basis.at, address, evidence, aside)


def aside_of(basis: Basis, language: Language) -> list[str]:
    """Figures of income that larger territories have, but not of this year and source."""
    there = {row.get("figure"): row for row in basis.rows.get(PUBLISHED, [])}
    return [
        translate(
            "Not in the table, since of another year or another source: {what}, {date}: {value} "
            "{unit} ({source}).",
            language,
            what=row[f"indicator_{language}"], date=row["date"], source=row["source"],
            value=figures.number(row["value"].normalize(), language),
            unit=figures.unit(str(row["unit"]), language),
        )
        for row in (there[one] for one in ASIDE if one in there)
    ]  # fmt: skip


def sources_of(basis: Basis, shelf: Shelf, language: Language) -> list[Source]:
    found = []
    for id, snapshot in basis.snapshots.items():
        holding = shelf.holdings[id]
        dataset = holding.dataset
        found.append(
            Source(
                id,
                dataset.title.in_(language),
                dataset.publisher,
                license_of(dataset).title,
                snapshot,
                str((holding.good or {}).get("finished_at") or ""),
            )
        )
    return found


def _snapshots(shelf: Shelf) -> dict[str, int] | None:
    found = {}
    for id in READ:
        holding = shelf.holdings.get(id)
        number = holding.snapshot if holding is not None and holding.good is not None else None
        if number is not None:
            found[id] = int(number)
    return found if all(id in found for id in NEEDED) else None


def _made(shelf: Shelf, snapshots: Mapping[str, int]) -> Basis | None:
    try:
        rows = {id: _rows(shelf, id, snapshot) for id, snapshot in snapshots.items()}
        names = {str(row["insee_code"]): str(row["name"]) for row in rows[COMMUNES]}
        known = territory(rows[INDICATORS], rows[IRIS], names)
    except (DatalabError, KeyError, ValueError):
        # Another catalog may have datasets of these names that are of something else.
        return None
    facts = {
        FACTS[row["figure"]]: float(row["value"])
        for row in rows.get(PUBLISHED, [])
        if row.get("figure") in FACTS and row.get("value") is not None
    }
    published = [_seconds(shelf, id) for id in snapshots]
    return Basis(known, rows, facts, dict(snapshots), max(published, default=0.0))


def _rows(shelf: Shelf, id: str, snapshot: int) -> Rows:
    opened = open_table(shelf, shelf.get(id), "fr", snapshot)
    with shelf.reading() as cursor:
        answer = cursor.execute(f"SELECT * FROM {opened.sql} LIMIT {MOST}")  # noqa: S608
        names = [str(column[0]) for column in answer.description or []]
        kept = [place for place, name in enumerate(names) if name in opened.columns]
        return [{names[n]: row[n] for n in kept} for row in answer.fetchall()]


def _seconds(shelf: Shelf, id: str) -> float:
    said = (shelf.holdings[id].good or {}).get("finished_at")
    return datetime.fromisoformat(str(said)).timestamp() if said else 0.0
